#include "netconsole.hpp"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "netlink.hpp"
#include "say.hpp"
#include "setup.hpp"
#include "sys.hpp"

namespace kvguest {
namespace {

constexpr const char* k_configfs = "/sys/kernel/config";

std::string word_of(const std::string& cmdline, std::string_view key) {
  std::string value;
  for (auto word : split(cmdline, ' '))
    if (word.substr(0, key.size()) == key) value = word.substr(key.size());
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

std::string card_with(std::string_view mac) {
  for (const auto& name : list_folder("/sys/class/net"))
    if (!mac.empty() && read_file("/sys/class/net/" + name + "/address", 32).starts_with(mac)) return name;
  return "";
}

std::string module_among(const Words& modules) {
  for (const auto& module : modules)
    if (is_netconsole(module)) return module;
  return "";
}

// A target that the kernel did not make itself; says only what comes from now on.
bool make_target(const NetconsoleTarget& target, const std::string& card) {
  const std::string place = std::string(k_configfs) + "/netconsole";
  mkdir(k_configfs, 0755);
  if (!exists(place)) mount("configfs", k_configfs, "configfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
  const auto mine = place + "/kverdict/";
  if (!exists(place) || (mkdir(mine.c_str(), 0755) != 0 && errno != EEXIST)) return false;
  if (target.extended) write_file(mine + "extended", "1");
  return write_file(mine + "dev_name", card) && write_file(mine + "local_ip", target.local) &&
         write_file(mine + "remote_ip", target.host) && write_file(mine + "remote_port", target.port) &&
         write_file(mine + "enabled", "1");
}

}  // namespace

bool is_netconsole(const std::string& module) {
  return module.find("netconsole") != std::string::npos;
}

NetconsoleTarget read_netconsole_word(std::string_view value) {
  NetconsoleTarget target;
  target.extended = !value.empty() && value.front() == '+';
  if (target.extended) value.remove_prefix(1);
  const auto halves = split(value, ',');
  if (halves.size() != 2) return {};
  const auto at = halves[0].find('@'), slash = halves[0].find('/');
  const auto port_end = halves[1].find('@'), host_end = halves[1].find('/');
  constexpr auto none = std::string_view::npos;
  if (at == none || slash == none || port_end == none || at > slash || port_end > host_end) return {};
  target.local = halves[0].substr(at + 1, slash - at - 1);
  target.port = halves[1].substr(0, port_end);
  target.host = halves[1].substr(port_end + 1, host_end == none ? none : host_end - port_end - 1);
  return target;
}

void start_netconsole(const Orders& orders) {
  const auto cmdline = read_file("/proc/cmdline", 64 << 10);
  const auto target = read_netconsole_word(word_of(cmdline, "netconsole="));
  if (target.port.empty() || read_file("/proc/consoles", 64 << 10).find("netcon") != std::string::npos)
    return;
  const auto card = card_with(word_of(cmdline, "kverdict.netcard="));
  if (card.empty()) return note("netconsole: its card is not there");
  Netlink::open().set_up(card);
  const auto module = module_among(orders.modules);
  if (!module.empty())
    load_module(module + " netconsole=" + (target.extended ? "+" : "") + "@" + target.local + "/" + card +
                "," + target.port + "@" + target.host + "/");
  else if (!make_target(target, card))
    note("this kernel has no netconsole, or none that can be set up late");
}

}  // namespace kvguest
