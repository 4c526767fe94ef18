#include "orchestrator/core/trial/channels.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace kverdict {
namespace {

constexpr std::size_t k_most_words = 1 << 16;       // remembered; a channel is not later than so many words
constexpr std::size_t k_most_left_out = 1'000'000;  // vitals of eleven days
constexpr std::string_view k_vital = "vital";

std::size_t index_of(ConsoleSource source) {
  return static_cast<std::size_t>(source);
}

}  // namespace

bool Channels::Once::is_new(std::size_t channel, std::size_t word) {
  auto [known, fresh] = copies_.try_emplace(word);
  if (fresh) oldest_.push_back(word);
  auto& copies = known->second;
  const bool news = ++copies.of[channel] > copies.most;
  copies.most = std::max(copies.most, copies.of[channel]);
  if (oldest_.size() > k_most_words) {
    copies_.erase(oldest_.front());
    oldest_.pop_front();
  }
  return news;
}

void Channels::feed(const ConsoleChunk& chunk, std::chrono::milliseconds host_time, const Listening& to) {
  channels_[index_of(chunk.source)].reader.feed(
      chunk.bytes, [&](const Line& line) { take(line, chunk.source, host_time, to); });
}

void Channels::finish(std::chrono::milliseconds host_time, const Listening& to) {
  for (const auto source : {ConsoleSource::serial, ConsoleSource::netconsole, ConsoleSource::memory}) {
    auto& channel = channels_[index_of(source)];
    channel.reader.finish([&](const Line& line) { take(line, source, host_time, to); });
    channel.scanner.finish();
  }
}

void Channels::take(const Line& line, ConsoleSource source, std::chrono::milliseconds host_time,
                    const Listening& to) {
  const auto marker = parse_marker(line.text);
  if (marker && marker->word == k_vital) {
    // A line a second would drown the log: what counts of them is kept elsewhere.
    if (line.sequence && lines_.left_out.size() < k_most_left_out) lines_.left_out.push_back(*line.sequence);
    return to.marker(*marker);
  }
  // A torn one is no more worth keeping.
  if (!marker && looks_like_marker(line.text) && line.text.find(" vital ") != std::string_view::npos) return;
  auto& lines = lines_of(source);
  const auto number = lines.append(line, source, host_time);
  if (source != ConsoleSource::memory) channels_[index_of(source)].scanner.feed(line, number);
  if (marker && once_.is_new(index_of(source), std::hash<std::string_view>()(line.text))) to.marker(*marker);
  if (!marker) to.line(line, source);
}

Transcript& Channels::lines_of(ConsoleSource source) {
  switch (source) {
    case ConsoleSource::serial:
      return lines_.serial;
    case ConsoleSource::netconsole:
      return lines_.netconsole;
    case ConsoleSource::memory:
      return lines_.memory;
  }
  return lines_.serial;
}

bool Channels::panicked() const {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const Channel& c) { return c.scanner.panicked(); });
}

bool Channels::is_report_open() const {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](const Channel& c) { return c.scanner.open_since().has_value(); });
}

std::uint64_t Channels::reports_begun() const {
  std::uint64_t most = 0;
  for (const auto& channel : channels_) most = std::max(most, channel.scanner.begun());
  return most;
}

std::vector<Oops> Channels::open_reports() const {
  std::vector<Oops> open;
  for (const auto& channel : channels_)
    if (auto oops = channel.scanner.peek()) open.push_back(std::move(*oops));
  return open;
}

std::vector<Oops> Channels::take_reports() {
  std::vector<Oops> all;
  for (auto& channel : channels_)
    for (auto& oops : channel.scanner.take()) all.push_back(std::move(oops));
  return all;
}

std::uint64_t Channels::lines_seen() const {
  return lines_.serial.lines_seen() + lines_.netconsole.lines_seen();
}

bool Channels::is_alone() const {
  return lines_.netconsole.lines_seen() + lines_.memory.lines_seen() == 0;
}

Fusion Channels::fuse() {
  return kverdict::fuse(std::move(lines_));
}

}  // namespace kverdict
