#include "orchestrator/core/console/scanner.hpp"

#include <algorithm>
#include <deque>

#include "orchestrator/core/console/report.hpp"
#include "orchestrator/core/console/rules.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_most_open = 3;         // reports that are collected at once
constexpr std::size_t k_longest_report = 800;  // lines
constexpr std::size_t k_largest_report = 256u << 10;
constexpr std::size_t k_longest_quiet = 400;  // lines of others between two of our own
constexpr std::size_t k_same_breath = 8;      // lines after a header
constexpr auto k_longest_pause = std::chrono::seconds(30);
constexpr std::uint64_t k_stamped_log = 3;  // that many stamped lines make a log with time stamps

bool is_marker(std::string_view text) {
  return text.starts_with("@kv ") || text.find(" @kv ") != std::string_view::npos;
}

bool is_command_line(std::string_view text) {
  return text.starts_with("Command line: ") || text.starts_with("Kernel command line: ") ||
         text.starts_with("Unknown kernel command line");
}

bool is_panic(const Rule& rule) {
  return rule.cue == "Kernel panic";
}

// Marks behind which nothing of a report comes but a panic.
bool is_end(std::string_view text, std::size_t frames) {
  return text.starts_with("---[ end ") || text.starts_with("Rebooting in ") ||
         (frames != 0 && text.starts_with("======"));
}

// What speaks before a kernel does.
bool is_firmware(std::string_view text) {
  return text.starts_with("SeaBIOS") || text.starts_with("iPXE") || text.starts_with("early console in") ||
         text.starts_with("Decompressing Linux") || text.starts_with("BdsDxe") ||
         text.starts_with("Booting from") || text.starts_with("Probing EDD") || text.starts_with("U-Boot");
}

// Headers that only go on with what another header began.
bool is_continuation(const Rule& rule) {
  return is_panic(rule) || rule.cue.starts_with("Oops") || rule.cue == "opcode:" || rule.cue == "error:" ||
         rule.kind == "reboot";
}

}  // namespace

class OopsScanner::State {
 public:
  void feed(const Line& line, std::uint64_t number);
  void finish();

  std::uint64_t begun = 0;
  std::uint64_t boots = 0;
  bool panicked = false;
  std::vector<Oops> done;

  std::optional<std::uint64_t> open_since() const;
  std::optional<Oops> peek() const;
  bool settled() const {
    return std::all_of(open_.begin(), open_.end(), [](const Open& one) { return one.ended; });
  }

 private:
  struct Open {
    Report report;
    std::string caller;
    std::size_t bytes = 0;
    std::size_t quiet = 0;
    bool ended = false;      // its end mark was seen; a panic may still follow
    bool unstamped = false;  // header without stamp in a log that has stamps
    std::optional<std::chrono::microseconds> last_time;
  };

  void take_header(const Line& line, std::uint64_t number, Header header);
  bool absorb(const Line& line, const Rule& rule);
  void collect(const Line& line, std::uint64_t number);
  void mark_intruder(std::uint64_t number);
  void close(std::size_t index);
  void close_if_whole(std::size_t index);
  void drop(std::size_t index, std::optional<Oops> oops);
  void close_all();
  static ReportLine kept(const Line& line, std::uint64_t number, bool own);

  std::deque<Open> open_;
  std::uint64_t stamped_ = 0;
  bool firmware_ = false;  // it has spoken
  bool running_ = false;   // somebody spoke before the firmware did: a kernel ran
};

ReportLine OopsScanner::State::kept(const Line& line, std::uint64_t number, bool own) {
  ReportLine out;
  out.number = number;
  out.begin = line.begin;
  out.end = line.end;
  out.text.assign(line.text.substr(0, 2048));
  out.own = own;
  out.stamped = line.origin == LineOrigin::kernel;
  return out;
}

void OopsScanner::State::feed(const Line& line, std::uint64_t number) {
  if (line.origin == LineOrigin::kernel) ++stamped_;
  firmware_ = firmware_ || is_firmware(line.text);
  running_ = running_ || line.origin == LineOrigin::kernel || (!firmware_ && !line.text.empty());
  if (line.text.starts_with("Linux version ")) {
    close_all();
    ++boots;
    return;
  }
  const auto cue = line.origin == LineOrigin::user ? Cue{} : find_cue(line.text);
  if (cue.found() && !is_marker(line.text) && !is_command_line(line.text)) {
    auto header = header_in(line.text);
    const bool first_boot = !header.rules.empty() && header.rules.front()->kind == "reboot" && !running_;
    if (!header.rules.empty() && !first_boot) return take_header(line, number, std::move(header));
  }
  if (!open_.empty()) collect(line, number);
}

void OopsScanner::State::take_header(const Line& line, std::uint64_t number, Header header) {
  const auto& rule = *header.rules.front();
  if (is_panic(rule)) panicked = true;
  if (absorb(line, rule)) return collect(line, number);
  for (std::size_t i = open_.size(); i-- > 0;) close_if_whole(i);
  collect(line, number);
  if (rule.whole == Wholeness::trace) mark_intruder(number);
  if (open_.size() >= k_most_open) close(0);
  Open one;
  one.report.rules = std::move(header.rules);
  one.report.cue = header.at;
  one.report.panicked = is_panic(rule);
  append(one.report, kept(line, number, true), BodyStep{});
  one.caller.assign(line.caller);
  one.last_time = line.printk_time;
  one.unstamped = line.origin == LineOrigin::unknown && stamped_ >= k_stamped_log;
  open_.push_back(std::move(one));
  ++begun;
}

// A panic, an "Oops:" or a trap goes on with the report that is open; so does what the same task says at
// once.
bool OopsScanner::State::absorb(const Line& line, const Rule& rule) {
  if (open_.empty()) return false;
  if (is_panic(rule))
    for (auto& one : open_) one.report.panicked = true;
  if (is_continuation(rule)) return true;
  const auto& last = open_.back();
  // A symbolized report says its header once for each function that was inlined there.
  const std::string_view said = last.report.lines.back().text;
  if (said.ends_with(" [inline]") && last.report.frames == 0 && &rule == last.report.rules.front())
    return true;
  return !line.caller.empty() && line.caller == last.caller && last.report.lines.size() <= k_same_breath &&
         rule.kind != last.report.rules.front()->kind && last.report.frames == 0;
}

// The line that `number` names begins another report inside of those that are open.
void OopsScanner::State::mark_intruder(std::uint64_t number) {
  for (auto& one : open_) {
    auto& last = one.report.lines.back();
    last.other_header = last.own && last.number == number;
  }
}

void OopsScanner::State::collect(const Line& line, std::uint64_t number) {
  if (open_.empty()) return;
  const auto step = read_step(line.text);
  for (std::size_t i = 0; i < open_.size();) {
    auto& one = open_[i];
    const bool own = one.caller.empty() || line.caller.empty() || line.caller == one.caller;
    one.quiet = own ? 0 : one.quiet + 1;
    const bool late = own && !line.sequence && line.printk_time && one.last_time &&
                      *line.printk_time > *one.last_time + k_longest_pause;
    if (late || one.quiet > k_longest_quiet || one.report.lines.size() >= k_longest_report ||
        one.bytes > k_largest_report) {
      one.report.cut = !late;
      close(i);
      continue;
    }
    if (own && line.printk_time) one.last_time = line.printk_time;
    one.bytes += line.text.size();
    append(one.report, kept(line, number, own), step);
    one.ended = one.ended || (own && is_end(line.text, one.report.frames));
    if (own && line.text.starts_with("---[ end Kernel panic")) {
      close(i);
      continue;
    }
    ++i;
  }
}

void OopsScanner::State::close(std::size_t index) {
  const auto& one = open_[index];
  const bool believed = !one.unstamped || one.report.frames != 0;
  drop(index, believed ? read_report(one.report) : std::nullopt);
}

// What is whole gains nothing from the lines of the next report.
void OopsScanner::State::close_if_whole(std::size_t index) {
  const auto& report = open_[index].report;
  if (report.frames == 0) return;
  auto oops = read_report(report);
  if (oops && !oops->corrupted) drop(index, std::move(oops));
}

void OopsScanner::State::drop(std::size_t index, std::optional<Oops> oops) {
  if (oops) {
    const auto before = [&](const Oops& other) { return other.first_line < oops->first_line; };
    const auto place = std::find_if(done.rbegin(), done.rend(), before).base();
    done.insert(place, std::move(*oops));
  }
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(index));
}

void OopsScanner::State::close_all() {
  while (!open_.empty()) close(0);
}

void OopsScanner::State::finish() {
  close_all();
}

std::optional<std::uint64_t> OopsScanner::State::open_since() const {
  if (open_.empty()) return std::nullopt;
  return open_.front().report.lines.front().number;
}

std::optional<Oops> OopsScanner::State::peek() const {
  if (open_.empty()) return std::nullopt;
  return read_report(open_.front().report);
}

OopsScanner::OopsScanner() : state_(std::make_unique<State>()) {}
OopsScanner::~OopsScanner() = default;
OopsScanner::OopsScanner(OopsScanner&&) noexcept = default;
OopsScanner& OopsScanner::operator=(OopsScanner&&) noexcept = default;

void OopsScanner::feed(const Line& line, std::uint64_t number) {
  state_->feed(line, number);
}
void OopsScanner::finish() {
  state_->finish();
}
std::optional<std::uint64_t> OopsScanner::open_since() const {
  return state_->open_since();
}
bool OopsScanner::settled() const {
  return state_->settled();
}
std::uint64_t OopsScanner::begun() const {
  return state_->begun;
}
std::uint64_t OopsScanner::boots() const {
  return state_->boots;
}
bool OopsScanner::panicked() const {
  return state_->panicked;
}
std::optional<Oops> OopsScanner::peek() const {
  return state_->peek();
}

std::vector<Oops> OopsScanner::take() {
  std::vector<Oops> out;
  out.swap(state_->done);
  return out;
}

std::vector<Oops> find_oopses(std::string_view log, std::size_t limit) {
  LineReader reader;
  OopsScanner scanner;
  std::uint64_t number = 0;
  const LineReader::Sink sink = [&](const Line& line) { scanner.feed(line, number++); };
  reader.feed(log, sink);
  reader.finish(sink);
  scanner.finish();
  auto out = scanner.take();
  if (out.size() > limit) out.resize(limit);
  return out;
}

std::vector<Oops> find_oopses(const Transcript& transcript, std::size_t limit) {
  OopsScanner scanner;
  transcript.each([&](const TranscriptLine& line) { scanner.feed(line.view(), line.number); },
                  [](std::uint64_t) {});
  scanner.finish();
  auto out = scanner.take();
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace kverdict
