// The hook contract: vendor knowledge lives in executables, one for each kind of hardware, called as
// `HOOK VERB [ARGUMENT]`. scripts/hooks/README.md is the contract's text; this is our side of it.
//
// A hook is never believed further than its exit code, and a failed one is an error of the lab: its words are
// quoted, and no kernel is judged by it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "runners/error.hpp"
#include "runners/host/child.hpp"
#include "runners/host/clock.hpp"

namespace kverdict {

enum class Verb {
  capabilities,
  health,
  power_status,
  power_on,
  power_off,
  power_cycle,
  boot_once,
  deploy,
  console,
  nmi,
  collect,
};
const char* to_string(Verb verb);
// Past it the hook's whole process group is ended, and the call counts as transient. Zero: the console, which
// runs until it is stopped.
Millis time_limit(Verb verb);

// How a call ended. The numbers are the contract's exit codes; all others, signals and time-outs are
// transient.
enum class HookCode { done = 0, transient = 10, permanent = 11, unsupported = 12, busy = 13 };

struct HookAnswer {
  HookCode code = HookCode::transient;
  std::string said;   // on stdout, without the last newline
  std::string words;  // why it failed: the last line of stderr, or how it ended
};
HookAnswer read_answer(const ChildEnd& end, std::string_view errors);

struct HookFailure : InfraError {
  HookFailure(HookCode reason, const std::string& text) : InfraError(text), code(reason) {}
  HookCode code;
};

// Whom a hook is called for, and where it works.
struct HookPlace {
  std::string host;
  std::filesystem::path program;
  std::map<std::string, std::string> settings;  // the host's, as environment
  std::filesystem::path directory;              // exists; hooks.log and what the hook leaves
};

using Environment = std::map<std::string, std::string>;

class Hook {
 public:
  Hook(Clock& clock, HookPlace place) : clock_(clock), place_(std::move(place)) {}

  // Done or unsupported. Transient and busy ends are tried again, three times, later and later; then, and at
  // once for a permanent end, HookFailure with the hook's own words.
  Task<HookAnswer> call(Verb verb, std::string argument = "", Environment environment = {});
  // One attempt, whatever comes of it. InfraError when the hook cannot even be started.
  Task<HookAnswer> once(Verb verb, std::string argument, Environment environment, unsigned attempt);
  // What would be run.
  Command command(Verb verb, const std::string& argument, const Environment& environment,
                  unsigned attempt) const;

  const HookPlace& place() const { return place_; }

 private:
  void keep(Verb verb, const HookAnswer& answer, unsigned attempt, Millis took) const;
  std::string complaint(Verb verb, const HookAnswer& answer, unsigned attempts) const;

  Clock& clock_;
  HookPlace place_;
};

}  // namespace kverdict
