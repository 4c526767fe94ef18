// Lines of the input are datagrams of one machine.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "runners/netconsole/assembly.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kverdict;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  NetAssembly assembly;
  std::string lines;
  std::size_t sent = 0;
  while (!rest.empty()) {
    const auto datagram = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), datagram.size() + 1));
    if (const auto frame = parse_frame(datagram)) {
      const auto* end = datagram.data() + datagram.size();
      if (frame->body.data() < datagram.data() || frame->body.data() + frame->body.size() != end)
        std::abort();
      if (frame->fragment && frame->fragment->offset + frame->body.size() > frame->fragment->total)
        std::abort();
    }
    assembly.take(datagram, lines);
    ++sent;
  }
  const auto counts = assembly.counts();
  if (counts.datagrams != sent || counts.records + counts.plain + counts.too_large > sent) std::abort();
  return 0;
}
