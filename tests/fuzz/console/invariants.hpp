// What must hold for any bytes whatever; shared by the fuzz targets and the unit tests' random damage.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/scanner.hpp"
#include "orchestrator/core/console/title.hpp"
#include "orchestrator/core/console/trace.hpp"

namespace kverdict::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

// A line without its views.
struct Seen {
  std::string text, raw, caller;
  std::uint64_t begin = 0, end = 0;
  std::int64_t time = -1;
  int level = -1;
  bool operator==(const Seen&) const = default;
};

inline std::vector<Seen> lines_of(std::string_view bytes, std::size_t chunk) {
  std::vector<Seen> seen;
  LineReader reader;
  const LineReader::Sink sink = [&](const Line& line) {
    seen.push_back({std::string(line.text), std::string(line.raw), std::string(line.caller), line.begin,
                    line.end, line.printk_time ? line.printk_time->count() : -1, line.level});
  };
  for (std::size_t at = 0; at < bytes.size(); at += chunk) reader.feed(bytes.substr(at, chunk), sink);
  reader.finish(sink);
  return seen;
}

// Lines are ordered, bounded, free of controls, and do not depend on the chunks.
inline void check_lines(std::string_view bytes) {
  const auto whole = lines_of(bytes, std::max<std::size_t>(bytes.size(), 1));
  std::uint64_t last = 0;
  for (const auto& line : whole) {
    require(line.begin >= last && line.begin <= line.end && line.end <= bytes.size());
    require(line.text.size() <= k_longest_line && line.text.find('\0') == std::string::npos);
    require(line.text.find('\x1b') == std::string::npos && line.text.find('\n') == std::string::npos);
    last = line.begin;
  }
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{13}}) require(lines_of(bytes, chunk) == whole);
}

// Oopses are ordered, inside of the bytes, and named by the convention.
inline void check_oopses(std::string_view bytes) {
  std::uint64_t last = 0;
  for (const auto& oops : find_oopses(bytes)) {
    require(oops.first_line >= last && oops.first_line <= oops.last_line);
    require(oops.begin <= oops.end && oops.end <= bytes.size());
    require(!oops.title.empty() && oops.title.size() <= k_longest_title);
    require(std::all_of(oops.title.begin(), oops.title.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    require(!oops.kind.empty() && !oops.type.empty());
    require(oops.corrupted == !oops.why.empty());
    last = oops.first_line;
  }
}

// A step's names lie inside of its text.
inline void check_frame(std::string_view text) {
  const auto step = read_step(text);
  for (const auto part : {step.function, step.caller_function, step.module})
    if (!part.empty())
      require(part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
  if (step.kind == BodyStep::Kind::frame) require(!step.function.empty());
}

}  // namespace kverdict::fuzz
