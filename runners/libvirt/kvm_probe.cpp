#include "runners/libvirt/kvm_probe.hpp"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runners/host/child.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_limit{5000};
constexpr std::size_t k_small_file = 4096;

// A BIOS that goes where kernels go: real mode, page tables (2 MiB one to one), paging, long mode; there it
// says 0x10 to port 0xf4, which ends QEMU with 0x10 * 2 + 1. Hypervisors that only pretend fail on the way.
constexpr std::size_t k_rom_size = 64 * 1024;
constexpr int k_success = 0x21;
constexpr std::array<std::uint8_t, 136> k_rom_code = {
    0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0xbf, 0x00, 0x10, 0xb9, 0x00, 0x30, 0xfc, 0xf3, 0xaa, 0x66,
    0xc7, 0x06, 0x00, 0x10, 0x03, 0x20, 0x00, 0x00, 0x66, 0xc7, 0x06, 0x00, 0x20, 0x03, 0x30, 0x00, 0x00,
    0x66, 0xc7, 0x06, 0x00, 0x30, 0x83, 0x00, 0x00, 0x00, 0x2e, 0x66, 0x0f, 0x01, 0x16, 0x80, 0x00, 0x66,
    0xb8, 0x20, 0x00, 0x00, 0x00, 0x0f, 0x22, 0xe0, 0x66, 0xb8, 0x00, 0x10, 0x00, 0x00, 0x0f, 0x22, 0xd8,
    0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x0f, 0x32, 0x66, 0x0d, 0x00, 0x01, 0x00, 0x00, 0x0f, 0x30, 0x0f,
    0x20, 0xc0, 0x66, 0x0d, 0x01, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0, 0x66, 0xea, 0x68, 0x00, 0x0f, 0x00,
    0x08, 0x00, 0xb0, 0x10, 0xe6, 0xf4, 0xf4, 0xeb, 0xfd, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9a, 0x20, 0x00, 0x0f, 0x00, 0x70, 0x00, 0x0f, 0x00, 0xf4, 0xf4,
};
constexpr std::array<std::uint8_t, 5> k_reset_jump = {0xea, 0x00, 0x00, 0x00, 0xf0};  // to its begin
constexpr std::uint8_t k_halt = 0xf4;

std::string rom() {
  std::string image(k_rom_size, static_cast<char>(k_halt));
  std::copy(k_rom_code.begin(), k_rom_code.end(), image.begin());
  std::copy(k_reset_jump.begin(), k_reset_jump.end(), image.end() - 16);
  return image;
}

Command probe_command(const std::string& emulator, const fs::path& image) {
  Command command;
  command.argv = {emulator,
                  "-machine",
                  "pc,accel=kvm",
                  "-cpu",
                  "host",
                  "-m",
                  "16",
                  "-nodefaults",
                  "-no-user-config",
                  "-display",
                  "none",
                  "-no-reboot",
                  "-bios",
                  image.string(),
                  "-device",
                  "isa-debug-exit,iobase=0xf4,iosize=0x01"};
  command.limit = k_limit;
  return command;
}

// What the answer depends on: this boot of the host and this emulator.
std::string circumstances(const std::string& emulator) {
  std::string boot =
      read_file_if_there("/proc/sys/kernel/random/boot_id", k_small_file).value_or("unknown\n");
  std::error_code ignored;
  auto changed = fs::last_write_time(emulator, ignored).time_since_epoch().count();
  return boot + emulator + " " + std::to_string(changed) + "\n";
}

}  // namespace

Task<bool> guests_run_with_kvm(Clock& clock, std::string emulator, fs::path state_directory) {
  if (::access("/dev/kvm", R_OK | W_OK) != 0) co_return false;
  constexpr std::string_view k_yes = "yes\n";
  constexpr std::string_view k_no = "no\n";
  fs::path answer_file = state_directory / "kvm-probe";
  std::string asked = circumstances(emulator);
  auto known = read_file_if_there(answer_file, k_small_file);
  if (known && *known == asked + std::string(k_yes)) co_return true;
  if (known && *known == asked + std::string(k_no)) co_return false;

  fs::path image = state_directory / ("kvm-probe-" + std::to_string(::getpid()) + ".rom");
  write_file(image, rom());
  auto probing = run_child(clock, probe_command(emulator, image));
  ChildEnd end = co_await std::move(probing);
  fs::remove(image);
  bool works = end.how == ChildEnd::How::exited && end.code == k_success;
  log_info(works ? "guests run with KVM" : "guests do not run with KVM: " + end.output);
  write_file(answer_file, asked + std::string(works ? k_yes : k_no));
  co_return works;
}

}  // namespace kverdict
