#include <cstddef>
#include <cstdint>

#include "tests/fuzz/console/invariants.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kverdict::fuzz::check_lines({reinterpret_cast<const char*>(data), size});
  return 0;
}
