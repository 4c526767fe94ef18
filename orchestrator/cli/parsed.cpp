#include "orchestrator/cli/parsed.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/core/report/printable.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_shown_frames = 8;

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += between;
    out += word;
  }
  return out;
}

// "insmod[89] on CPU 0, tainted OE, then a panic"
std::string circumstances(const Oops& oops) {
  std::vector<std::string> words;
  auto who = oops.process;
  if (oops.pid >= 0) who += "[" + std::to_string(oops.pid) + "]";
  if (oops.cpu >= 0) who += (who.empty() ? "CPU " : " on CPU ") + std::to_string(oops.cpu);
  if (!who.empty()) words.push_back(std::move(who));
  if (!oops.taint.empty()) words.push_back("tainted " + oops.taint);
  if (oops.panicked) words.emplace_back("then a panic");
  if (oops.complaint) words.emplace_back("no crash by itself");
  return joined(words, ", ");
}

std::string trace_line(const Oops& oops) {
  std::vector<std::string> steps;
  for (const auto& frame : oops.trace) {
    if (steps.size() == k_shown_frames) {
      steps.emplace_back("...");
      break;
    }
    steps.push_back(frame.module.empty() ? frame.function : frame.function + " [" + frame.module + "]");
  }
  return joined(steps, " < ");
}

}  // namespace

void LogParse::feed(std::string_view bytes) {
  reader_.feed(bytes, [&](const Line& line) { scanner_.feed(line, lines_++); });
  look();
}

void LogParse::finish() {
  reader_.finish([&](const Line& line) { scanner_.feed(line, lines_++); });
  scanner_.finish();
  finished_ = true;
  look();
}

void LogParse::look() {
  for (auto& oops : scanner_.take()) {
    if (extent_ == ParseExtent::all) {
      found_.push_back(std::move(oops));
      continue;
    }
    if (oops.complaint && oops.kind != "oom") continue;
    auto& first = oops.complaint ? complaint_ : chosen_;
    if (!first || oops.first_line < first->first_line) first = std::move(oops);
  }
}

// A report that began before the chosen one may still be open.
bool LogParse::waiting() const {
  const auto open = scanner_.open_since();
  return open && *open < chosen_->first_line;
}

std::vector<Oops> LogParse::take() {
  std::vector<Oops> out;
  out.swap(found_);
  auto& first = chosen_ ? chosen_ : complaint_;
  if (extent_ == ParseExtent::first && finished_ && first) out.push_back(*first);
  return out;
}

std::string log_id(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  if (path.size() > 4 && path.ends_with(".log")) path.remove_suffix(4);
  return std::string(path);
}

std::string parsed_json(std::string_view id, const Oops& oops) {
  const nlohmann::ordered_json line = {
      {"id", id},          {"title", oops.title},         {"alt", oops.alternatives}, {"kind", oops.kind},
      {"type", oops.type}, {"corrupted", oops.corrupted}, {"start", oops.begin},      {"end", oops.end}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string no_crash_json(std::string_view id) {
  const nlohmann::ordered_json line = {{"id", id}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string parsed_text(std::string_view path, const Oops& oops) {
  std::string text = printable(path) + ": " + printable(oops.title) + "\n";
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) text += "    " + std::string(what) + printable(value) + "\n";
  };
  add("also: ", joined(oops.alternatives, "; "));
  add("", circumstances(oops));
  add("torn: ", oops.why);
  add("trace: ", trace_line(oops));
  add("", "kind " + oops.kind + ", type " + oops.type + ", bytes " + std::to_string(oops.begin) + " to " +
              std::to_string(oops.end));
  return text;
}

}  // namespace kverdict
