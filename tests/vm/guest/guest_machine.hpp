// A real kernel in a bare QEMU, with an initramfs of ours: the guest's side alone, without any runner.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runners/boot.hpp"
#include "tests/support/temporary_directory.hpp"
#include "workloads/marker.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

struct GuestLife {
  bool ended = false;              // by itself, in time
  std::vector<std::string> lines;  // the console
  std::vector<Marker> markers;
  std::vector<std::string> torn;  // lines that claim to be markers and are not

  std::vector<Marker> all(const std::string& word) const;
  std::vector<std::string> texts(const std::string& word) const;
  // The first line that holds the text; empty = none.
  std::string line_with(const std::string& text) const;
  std::string tail() const;
};

class GuestMachine {
 public:
  // Why no guest can be booted here; empty = one can.
  static std::string missing();

  explicit GuestMachine(MachineShape shape) : shape_(std::move(shape)) {}
  GuestLife boot(const GuestJob& job, const std::vector<GuestFile>& files);

 private:
  std::vector<std::string> command(const std::filesystem::path& initramfs) const;

  MachineShape shape_;
  TemporaryDirectory folder_;
};

}  // namespace kverdict
