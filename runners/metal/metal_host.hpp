// One host with its hooks: the actions that a boot is made of. Every one is bounded and believes only what is
// read back. InfraError names the host.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "runners/metal/boot_story.hpp"
#include "runners/metal/hook.hpp"
#include "runners/metal/host_spec.hpp"

namespace kverdict {

class MetalHost {
 public:
  // `directory`: where hooks work and leave what they say.
  MetalHost(Clock& clock, HostSpec spec, std::filesystem::path directory);

  // Asks the power hook once what it can do; others are asked by their results.
  Task<void> learn();
  bool can(const std::string& verb) const { return abilities_.contains(verb); }
  // What must be typed on the console so that the kernel sees a BREAK; empty = cannot.
  const std::string& break_keys() const { return break_keys_; }

  Task<PowerState> power();
  Task<void> switch_power(PowerState wanted);  // only told, not verified
  Task<void> off();                            // verified
  Task<void> on();                             // verified
  Task<bool> off_once();                       // one attempt; true when it is off
  Task<bool> nmi();                            // false: this host has none
  Task<void> choose_network();
  Task<void> deploy(Environment files);
  Task<void> collect(std::string why);  // never fails: what it could not get it says in hooks.log
  // The remarks of a healthy host, one a line; InfraError for a sick one.
  Task<std::string> health();
  Task<void> repair();  // after a failure; never fails

  // For destructors. True when the hook says that it is off.
  bool off_blocking() const noexcept;

  HookPlace console_place() const;
  const HostSpec& spec() const { return spec_; }

 private:
  Task<void> drive(PowerState wanted);

  Clock& clock_;
  HostSpec spec_;
  Hook power_hook_;
  Hook deploy_hook_;
  std::filesystem::path directory_;
  std::set<std::string> abilities_;
  std::string break_keys_;
};

// "on" or "off", whatever stands around it; unknown when neither or both do.
PowerState parse_power(std::string_view said);
// "\r~B", "\x1b", "\\" as a hook writes them; a capability line "break=...".
std::string unescape_keys(std::string_view text);

}  // namespace kverdict
