// The kernel that tests with real machines boot: KV_TEST_KERNEL, else the one that scripts/check keeps in
// the user's cache.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace kverdict {

// Empty when there is none.
inline std::filesystem::path test_kernel() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const char* named = std::getenv("KV_TEST_KERNEL");
  if (named && *named) return fs::exists(named, ignored) ? fs::absolute(named) : fs::path();
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path base = cache && *cache ? fs::path(cache) : fs::path(home ? home : "/root") / ".cache";
  fs::path kept = base / "kverdict" / "test-kernel" / "vmlinux";
  return fs::exists(kept, ignored) ? kept : fs::path();
}

// CI must boot kernels: there a missing one is a failure, not a skip.
inline bool vm_is_required() {
  const char* required = std::getenv("KV_REQUIRE_VM");
  return required && std::string(required) == "1";
}

}  // namespace kverdict

#define KV_NEED_TEST_KERNEL()                                                                       \
  do {                                                                                              \
    if (!::kverdict::test_kernel().empty()) break;                                                  \
    if (::kverdict::vm_is_required()) FAIL() << "no test kernel: set KV_TEST_KERNEL";               \
    GTEST_SKIP() << "no test kernel: set KV_TEST_KERNEL to a vmlinux with a PVH note or a bzImage"; \
  } while (0)
