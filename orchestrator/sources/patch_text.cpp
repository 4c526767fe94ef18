#include "orchestrator/sources/patch_text.hpp"

#include <charconv>
#include <optional>
#include <vector>

namespace kverdict::git {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(lines.back().size());
  }
  return lines;
}

struct HunkSize {
  std::size_t before = 1, after = 1;
};

// "12,3" or "12": how many lines.
bool take_span(std::string_view& text, char sign, std::size_t& count) {
  if (text.empty() || text[0] != sign) return false;
  text.remove_prefix(1);
  std::size_t first = 0;
  const auto* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, first);
  if (parsed.ec != std::errc{}) return false;
  if (parsed.ptr != end && *parsed.ptr == ',') parsed = std::from_chars(parsed.ptr + 1, end, count);
  if (parsed.ec != std::errc{} || parsed.ptr == end || *parsed.ptr != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr + 1 - text.data()));
  return true;
}

// "@@ -12,3 +12,4 @@ context"
std::optional<HunkSize> hunk_size(std::string_view line) {
  HunkSize size;
  if (!line.starts_with("@@ ")) return std::nullopt;
  line.remove_prefix(3);
  if (!take_span(line, '-', size.before) || !take_span(line, '+', size.after) || !line.starts_with("@@"))
    return std::nullopt;
  return size;
}

// One side of a plain "--- name<TAB>date" pair.
struct PlainSide {
  std::string name;  // without its first component; empty for /dev/null
  bool dated = false;
  bool epoch = false;  // what `diff -N` says of a file that does not exist
};

PlainSide plain_side(std::string_view line) {
  line = line.substr(4, line.find_first_of("\r\n") - 4);
  const auto tab = line.find('\t');
  const auto name = line.substr(0, tab);
  PlainSide side;
  if (tab != std::string_view::npos) {
    const auto date = line.substr(tab + 1);
    side.dated = true;
    side.epoch = date.starts_with("1970-01-01") || date.starts_with("1969-12-31");
  }
  const auto slash = name.find('/');
  if (name != "/dev/null") side.name = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return side;
}

// A side without lines is a missing file, unless its date says that it was there, empty.
bool is_missing(const PlainSide& side, std::size_t lines) {
  return side.name.empty() || (lines == 0 && (side.epoch || !side.dated));
}

bool is_git_header(std::string_view line) {
  for (const std::string_view key :
       {"diff --git ", "index ", "old mode ", "new mode ", "new file mode ", "deleted file mode ",
        "similarity index ", "dissimilarity index ", "rename from ", "rename to ", "copy from ", "copy to "})
    if (line.starts_with(key)) return true;
  return false;
}

class Normalizer {
 public:
  explicit Normalizer(std::string_view patch) : lines_(lines_of(patch)) {}

  std::string run() {
    while (at_ < lines_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const auto line = lines_[at_];
    if (line.starts_with("diff --git ")) in_git_header_ = true;
    if (in_git_header_ && is_git_header(line)) return keep();
    if (line.starts_with("GIT binary patch")) return keep_binary();
    if (starts_file()) return file_names();
    if (const auto size = hunk_size(line)) return hunk(*size);
    ++at_;
  }

  void keep() { out_ += lines_[at_++]; }

  bool starts_file() const {
    return at_ + 2 < lines_.size() && lines_[at_].starts_with("--- ") &&
           lines_[at_ + 1].starts_with("+++ ") && hunk_size(lines_[at_ + 2]);
  }

  void file_names() {
    if (!in_git_header_) {
      const auto before = plain_side(lines_[at_]);
      const auto after = plain_side(lines_[at_ + 1]);
      const auto size = *hunk_size(lines_[at_ + 2]);
      const auto& name = after.name.empty() ? before.name : after.name;
      const bool appears = is_missing(before, size.before), vanishes = is_missing(after, size.after);
      out_ += "diff --git a/" + name + " b/" + name + "\n";
      if (appears) out_ += "new file mode 100644\n";
      if (vanishes) out_ += "deleted file mode 100644\n";
      out_ += appears ? "--- /dev/null\n" : "--- a/" + name + "\n";
      out_ += vanishes ? "+++ /dev/null\n" : "+++ b/" + name + "\n";
      at_ += 2;
      return;
    }
    keep();
    keep();
    in_git_header_ = false;
  }

  // By its counts: a removed line may look like a header.
  void hunk(HunkSize size) {
    keep();
    while (at_ < lines_.size() && (size.before > 0 || size.after > 0 || lines_[at_].starts_with('\\'))) {
      const char sign = lines_[at_][0];
      if (sign != '+' && sign != '\\' && size.before > 0) --size.before;
      if (sign != '-' && sign != '\\' && size.after > 0) --size.after;
      if (sign == '\n') out_ += ' ';  // mailers drop the space of an empty context line
      keep();
    }
  }

  void keep_binary() {
    in_git_header_ = false;
    while (at_ < lines_.size() && !lines_[at_].starts_with("diff --git ") && !lines_[at_].starts_with("-- "))
      keep();
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  bool in_git_header_ = false;
  std::string out_;
};

}  // namespace

std::string as_git_diff(std::string_view patch) {
  return Normalizer(patch).run();
}

}  // namespace kverdict::git
