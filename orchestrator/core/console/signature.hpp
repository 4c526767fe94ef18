// Is it the hunted bug? A signature is a set of names; a crash is the same when one of its names is among
// them, by similarity and not by spelling. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/oops.hpp"

namespace kverdict {

// What must be hunted: titles and alternative titles, in comparable() form. Empty = nothing is known yet.
struct Signature {
  std::set<std::string> titles;
  bool empty() const { return titles.empty(); }
  bool operator==(const Signature&) const = default;
};

struct Match {
  enum class Answer {
    unclear,  // torn report, or nothing to compare with: some crash
    same,
    different,
  };
  Answer answer = Answer::unclear;
  std::string why;  // one line for people
  bool operator==(const Match&) const = default;
};

const char* to_string(Match::Answer answer);

// The form in which names are compared: blanks squeezed, compiler suffixes of functions (.isra.0, .cold,
// .part.3, .constprop.0, .llvm.123, .lto_priv.0) and syscall prefixes (__x64_sys_, __do_sys_, SyS_, ...) off.
std::string comparable(std::string_view title);

// A signature given by hand, from titles as people write them.
Signature signature_of(const std::vector<std::string>& titles);
// Learnt from what the bad end showed, run by run: names of first crashes that are whole. Torn ones teach
// nothing.
void learn(Signature& signature, const Oops& oops);
void learn(Signature& signature, std::string_view title, const std::vector<std::string>& alternatives = {});

Match match(const Signature& signature, const Oops& oops);
// For outcomes without an oops: "hang", "boot failed", "workload failed: NAME".
Match match(const Signature& signature, std::string_view title,
            const std::vector<std::string>& alternatives = {});
// The best answer over a trial's oopses: same if any is, else unclear if any is, else different.
Match match(const Signature& signature, const std::vector<Oops>& oopses);

}  // namespace kverdict
