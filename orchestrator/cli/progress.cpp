#include "orchestrator/cli/progress.hpp"

#include <algorithm>

namespace kverdict {
namespace {

Paint paint_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::nothing:
      return Paint::dim;
    case Verdict::good:
      return Paint::good;
    case Verdict::bad:
      return Paint::bad;
    case Verdict::skip:
      return Paint::skip;
  }
  return Paint::plain;
}

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::nothing:
      return "no verdict";
    case Verdict::good:
      return "good";
    case Verdict::bad:
      return "bad";
    case Verdict::skip:
      return "skip";
  }
  return "";
}

std::string two_digits(Millis::rep number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string counted(std::uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string what_is_left(std::uint64_t candidates, std::uint32_t trials, const std::optional<Millis>& left) {
  std::string text = counted(candidates, "candidate") + " left";
  if (trials > 0) text += ", about " + counted(trials, "trial");
  if (left) text += ", ETA " + brief(*left);
  return text;
}

std::string activity_time(const ProgressView& view) {
  std::string text = brief(view.activity_elapsed);
  if (view.activity_expected) text += " of ~" + brief(*view.activity_expected);
  if (!view.detail.empty()) text += ", " + view.detail;
  return text;
}

// The middle one: a build after a merge that touched a header does not spoil all estimates.
std::optional<Millis> median(std::vector<Millis> times) {
  if (times.empty()) return std::nullopt;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace

const char* to_string(Activity activity) {
  switch (activity) {
    case Activity::preparing:
      return "preparing";
    case Activity::building:
      return "building";
    case Activity::booting:
      return "booting";
    case Activity::stressing:
      return "stressing";
    case Activity::judging:
      return "judging";
    case Activity::finishing:
      return "finishing";
  }
  return "";
}

std::string brief(Millis duration) {
  const auto seconds = std::max<Millis::rep>(0, (duration.count() + 500) / 1000);
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min " + two_digits(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + two_digits(seconds / 60 % 60) + " min";
}

// The subject gives way first: it is cut, then left out.
std::string render_progress(const ProgressView& view, const Terminal& terminal) {
  const std::uint32_t total = view.trial + (view.trials_left > 0 ? view.trials_left - 1 : 0);
  std::string head =
      view.trial == 0 ? "" : "[" + std::to_string(view.trial) + "/~" + std::to_string(total) + "] ";
  head += to_string(view.activity);
  if (!view.candidate.empty()) head += " " + printable(view.candidate);
  if (view.beside > 0) head += " (+" + std::to_string(view.beside) + ")";
  std::string tail = " " + activity_time(view);
  if (view.candidates_left > 0) tail += " | " + what_is_left(view.candidates_left, 0, view.left);
  const std::size_t used = columns(head) + columns(tail) + 3;
  const std::size_t room = terminal.width > used ? terminal.width - used : 0;
  std::string middle;
  if (room >= 10 && !view.subject.empty()) middle = " (" + shortened(printable(view.subject), room - 1) + ")";
  return shortened(head + middle + tail, terminal.width);
}

std::string render_step(const StepView& view, const Terminal& terminal) {
  std::string text = "trial " + std::to_string(view.trial) + ": " + printable(view.candidate) + " ";
  if (!view.purpose.empty()) text += "(" + printable(view.purpose) + ") ";
  text += painted(word_of(view.verdict), paint_of(view.verdict), terminal.colors);
  if (!view.reason.empty()) text += ": " + printable(view.reason);
  text += "; build " + brief(view.build) + ", run " + brief(view.run);
  if (view.candidates_left > 0)
    text += "; " + what_is_left(view.candidates_left, view.trials_left, view.left);
  return text;
}

void Pace::add_build(Millis took) {
  builds_.push_back(took);
}
void Pace::add_run(Millis took) {
  runs_.push_back(took);
}

std::optional<Millis> Pace::expected_build() const {
  if (builds_.size() < 2) return std::nullopt;
  return median({builds_.begin() + 1, builds_.end()});
}

std::optional<Millis> Pace::expected_run() const {
  return median(runs_);
}

std::optional<Millis> Pace::expected(std::uint32_t trials) const {
  const auto run = expected_run();
  if (!run || builds_.size() == 1) return std::nullopt;  // no step of the search was built yet
  const Millis trial = *run + expected_build().value_or(Millis{0});
  return trial * trials;
}

ProgressLine::ProgressLine(std::FILE* out, Terminal terminal) : out_(out), terminal_(terminal) {}

ProgressLine::~ProgressLine() {
  clear();
}

void ProgressLine::show(const ProgressView& view) {
  if (terminal_.redraw == Redraw::never) return;
  // A full last column would make some terminals wrap.
  Terminal narrower = terminal_;
  --narrower.width;
  const std::string line = render_progress(view, narrower);
  if (line == shown_) return;
  std::fprintf(out_, "\r%s\x1b[K", line.c_str());
  std::fflush(out_);
  shown_ = line;
}

void ProgressLine::step(const StepView& view) {
  write_line(render_step(view, terminal_));
}
void ProgressLine::say(const std::string& text) {
  write_line(printable(text));
}

void ProgressLine::write_line(const std::string& line) {
  clear();
  std::fprintf(out_, "%s\n", line.c_str());
  std::fflush(out_);
}

void ProgressLine::clear() {
  if (shown_.empty()) return;
  std::fputs("\r\x1b[K", out_);
  std::fflush(out_);
  shown_.clear();
}

}  // namespace kverdict
