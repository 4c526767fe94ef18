#include "runners/metal/boot_script.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "runners/error.hpp"

namespace kverdict {

namespace {

constexpr std::size_t k_longest_name = 64;
constexpr std::size_t k_longest_authority = 255;

bool is_name(std::string_view text) {
  auto plain = [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == ':' || c == '.' || c == '_';
  };
  return !text.empty() && text.size() <= k_longest_name && std::all_of(text.begin(), text.end(), plain);
}

// The rest after the prefix, when it starts so.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return text.substr(prefix.size());
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::optional<BootRequest> parse_boot_request(std::string_view target) {
  target = target.substr(0, target.find('?'));
  using What = BootRequest::What;
  BootRequest request;
  if (auto host = after(target, "/boot/")) {
    request = {What::script, std::string(*host)};
  } else if (auto token = after(target, "/again/")) {
    request = {What::again, std::string(*token)};
  } else if (auto file = after(target, "/file/")) {
    const std::size_t slash = file->find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto which = file->substr(slash + 1);
    if (which != "kernel" && which != "initramfs") return std::nullopt;
    request = {which == "kernel" ? What::kernel : What::initramfs, std::string(file->substr(0, slash))};
  } else {
    return std::nullopt;
  }
  for (char& c : request.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!is_name(request.name)) return std::nullopt;
  return request;
}

std::optional<std::string> valid_authority(std::string_view host_field) {
  auto allowed = [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
  };
  if (host_field.empty() || host_field.size() > k_longest_authority) return std::nullopt;
  if (!std::all_of(host_field.begin(), host_field.end(), allowed)) return std::nullopt;
  return std::string(host_field);
}

std::string host_part(std::string_view authority) {
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

// A failed transfer asks again from here, so that a request at the host's own address is always a new start
// of its firmware.
std::string boot_script(const std::string& authority, const std::string& token, const std::string& cmdline) {
  const std::string base = "http://" + authority;
  const std::string files = base + "/file/" + token + "/";
  return "#!ipxe\n"
         "echo kverdict: boot " +
         token + "\n" + "kernel " + files + "kernel initrd=initramfs " +
         replaced(cmdline, "@server@", host_part(authority)) + " || goto failed\n" +
         "initrd --name initramfs " + files + "initramfs || goto failed\n" +
         "boot || goto failed\n"
         ":failed\n"
         "echo kverdict: the transfer failed, asking again\n"
         "sleep 2\n"
         "chain --replace " +
         base + "/again/" + token + " || reboot\n";
}

std::string hold_script() {
  return "#!ipxe\n"
         "echo kverdict: this host was reset unasked; it waits to be switched off\n"
         ":hold\n"
         "sleep 3600\n"
         "goto hold\n";
}

std::string idle_script() {
  return "#!ipxe\n"
         "echo kverdict: nothing to boot here now\n"
         "exit 1\n";
}

void check_cmdline(const std::string& cmdline) {
  for (const char* word : {"||", "&&"})
    if ((" " + cmdline + " ").find(" " + std::string(word) + " ") != std::string::npos)
      throw UsageError("the kernel command line holds '" + std::string(word) +
                       "', which iPXE takes for its own; leave it out");
  auto bad = [](unsigned char c) { return c < 0x20 || c >= 0x7f; };
  if (std::any_of(cmdline.begin(), cmdline.end(), bad))
    throw UsageError("the kernel command line holds a control or non-ASCII character; leave it out");
}

}  // namespace kverdict
