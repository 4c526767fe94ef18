// The ground that machines of this process stand on: a slot directory that no other live session has, a
// guard that ends our guests when this process is gone, and, for root, a user namespace.
#pragma once

#include <filesystem>

#include "runners/host/fd.hpp"
#include "runners/host/file_lock.hpp"
#include "runners/libvirt/options.hpp"

namespace kverdict {

class LibvirtGround {
 public:
  LibvirtGround(FileLock lock, std::filesystem::path slot, unsigned swept)
      : lock_(std::move(lock)), slot_(std::move(slot)), swept_(swept) {}
  LibvirtGround(LibvirtGround&&) = default;
  LibvirtGround& operator=(LibvirtGround&&) = delete;
  ~LibvirtGround();

  // The embedded driver's root; of other drivers only the name under which our domains are owned.
  const std::filesystem::path& slot() const { return slot_; }
  // Left-over guests of dead sessions that were ended when the slot was taken.
  unsigned swept() const { return swept_; }
  // From now on a small process waits for our end and kills what we leave.
  void post_guard();

 private:
  FileLock lock_;
  std::filesystem::path slot_;
  unsigned swept_ = 0;
  Fd alive_;  // the guard sees its other end close
};

// First thing in main, while there is one thread: root enters a user namespace here, because the embedded
// driver refuses to run for root without a user named libvirt-qemu. Throws UsageError when it cannot work.
LibvirtGround prepare_process_for_libvirt(const LibvirtOptions& options);

// Where libvirt's embedded driver of this slot keeps a guest's process id.
std::filesystem::path pid_file(const std::filesystem::path& slot, const std::string& domain);
// Kills every QEMU that the embedded driver with this root started; how many. Touches nothing else: a
// process is known by the root in its command line.
unsigned end_guests_of(const std::filesystem::path& root);
// Does the same for every slot beside ours whose session is gone.
unsigned end_guests_of_dead_neighbours(const std::filesystem::path& slot);
// True when the slot's session is gone (or the slot is not there).
bool slot_is_free(const std::filesystem::path& slot);

}  // namespace kverdict
