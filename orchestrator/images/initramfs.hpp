// The file system the guest starts with, written in process and without privilege: our init, device nodes,
// programs with their libraries, modules. The part that stays the same from trial to trial is written once
// and named by what it is made of; each trial appends a small archive with its job.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "workloads/job.hpp"
#include "workloads/workload.hpp"

namespace kverdict {

// Where init finds its job.
inline constexpr const char* k_job_path = "/kv/job";

struct InitramfsSpec {
  std::filesystem::path init;    // static program of ours, becomes /init
  std::vector<GuestFile> files;  // programs among them bring their libraries along
};

// The archive of everything but the job, as bytes. Throws UsageError naming the file that is missing or
// cannot be taken.
std::string pack_base(const InitramfsSpec& spec);

// The archive in `directory` (made when missing), from an earlier call when nothing it is made of changed
// since (device, inode, size and change times of every file). Old archives are removed.
// Throws UsageError as pack_base, InfraError when the directory cannot be written.
std::filesystem::path base_initramfs(const InitramfsSpec& spec, const std::filesystem::path& directory);

// Writes the initramfs of one boot: the base, then the job.
void write_initramfs(const std::filesystem::path& base, const GuestJob& job,
                     const std::filesystem::path& out);

}  // namespace kverdict
