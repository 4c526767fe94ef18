// What a host is told over HTTP when its firmware asks for something to boot: scripts for iPXE, and which
// requests there are. Pure.
//
//   /boot/NAME              the host's boot script; NAME is its name or MAC address
//   /again/TOKEN            the same, asked by the script itself after a transfer failed
//   /file/TOKEN/kernel      the files of the boot with that token
//   /file/TOKEN/initramfs
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kverdict {

struct BootRequest {
  enum class What { script, again, kernel, initramfs };
  What what = What::script;
  std::string name;  // of a host, or the token
  bool operator==(const BootRequest&) const = default;
};
// None for anything else; a query is cut off.
std::optional<BootRequest> parse_boot_request(std::string_view target);

// Where the host reaches us: what it says itself in its request, because only that is true through address
// translation and with several networks. None when it cannot be the name or address of a host with a port.
std::optional<std::string> valid_authority(std::string_view host_field);
// "10.0.2.2:8069" -> "10.0.2.2"
std::string host_part(std::string_view authority);

// `cmdline` may hold ${...} of iPXE, and @server@ for the host part of the authority.
std::string boot_script(const std::string& authority, const std::string& token, const std::string& cmdline);
// For a host that was reset though nobody asked for it: it waits, with its screen as it is, to be switched
// off.
std::string hold_script();
// For a host that boots while no boot of ours is under way: its next boot device.
std::string idle_script();

// Can the text stand on iPXE's line? UsageError names what cannot.
void check_cmdline(const std::string& cmdline);

}  // namespace kverdict
