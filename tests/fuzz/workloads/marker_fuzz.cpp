// A line is a marker or not, whatever its bytes; what was read is written back as the same marker.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "workloads/marker.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto marker = kverdict::parse_marker(bytes)) {
    require(kverdict::looks_like_marker(bytes));
    require(kverdict::parse_marker(kverdict::encode(*marker)) == marker);
  }
  // The checksum keeps random bytes out: also fields that are made of them.
  const auto cut = size / 2;
  kverdict::Marker made{
      "out", {{"step", std::string(bytes.substr(0, cut))}, {"text", std::string(bytes.substr(cut))}}};
  if (const auto again = kverdict::parse_marker(kverdict::encode(made))) require(*again == made);
  return 0;
}
