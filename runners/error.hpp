// The two errors that cross rooms, and the check for broken invariants.
//
// Expected ends (a panic, a failed build) are values, never exceptions. What is left:
//   InfraError   the lab failed: caught in drive/trial_driver only, retried with a bound, exit 4.
//   UsageError   the user's input cannot work: caught in main only, one line, exit 2.
//   KV_CHECK     a broken invariant of ours: aborts, in release builds too.
// No system call here: every room may include this file.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace kverdict {

// The lab failed. The text says what was tried, on what, and what came back.
struct InfraError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Bad input. The text is one line: what, where (file:line, key, revision), what to do.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace kverdict

#define KV_CHECK(cond)                                                                             \
  do {                                                                                             \
    if (!(cond)) {                                                                                 \
      std::fprintf(stderr, "kverdict: broken invariant: %s (%s:%d)\n", #cond, __FILE__, __LINE__); \
      std::abort();                                                                                \
    }                                                                                              \
  } while (0)
