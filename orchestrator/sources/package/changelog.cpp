#include "orchestrator/sources/package/changelog.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "orchestrator/sources/package/version_order.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_most_changes = 100'000;
constexpr std::size_t k_longest_change = 1'000;

// "linux (6.1.190-1) bookworm-security; urgency=high" -> "6.1.190-1"; empty when the line begins no stanza.
std::string stanza_version(std::string_view line) {
  if (line.empty() || line.front() == ' ' || line.front() == '\t') return {};
  const auto open = line.find(" (");
  const auto close = line.find(')', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return {};
  return std::string(line.substr(open + 2, close - open - 2));
}

std::string_view trimmed(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

// Who changed, where to read more, what was signed: no changes.
bool is_item(std::string_view text) {
  return !text.starts_with("[ ") && !text.starts_with("https://") && !text.starts_with("-- ") &&
         !text.starts_with("New upstream") && !text.starts_with("Sign kernel from");
}

void add_line(std::vector<std::string>& changes, std::string_view line, bool& open) {
  const auto text = trimmed(line);
  const bool begins = text.starts_with("* ") || text.starts_with("- ");
  if (text.empty() || !is_item(begins ? text.substr(2) : text)) {
    open = false;
  } else if (begins) {
    changes.emplace_back(text.substr(2));
    open = true;
  } else if (open && changes.back().size() + text.size() < k_longest_change) {
    changes.back() += " " + std::string(text);
  }
}

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      if (word.size() >= 3) words.insert(word);
      word.clear();
    }
  }
  return words;
}

}  // namespace

std::vector<std::string> changes_since(std::string_view changelog, const std::string& older) {
  std::vector<std::string> changes;
  bool open = false;
  while (!changelog.empty() && changes.size() < k_most_changes) {
    const auto line = changelog.substr(0, changelog.find('\n'));
    const auto version = stanza_version(line);
    if (!version.empty() && compare_versions(PackageKind::deb, version, older) <= 0) break;
    if (version.empty()) add_line(changes, line, open);
    changelog.remove_prefix(std::min(changelog.size(), line.size() + 1));
  }
  return changes;
}

std::vector<std::string> likely_changes(const std::vector<std::string>& changes, std::string_view clue,
                                        std::size_t most) {
  std::map<std::string, std::size_t> seen;  // in how many changes a word of the clue stands
  for (const auto& word : words_of(clue)) seen[word] = 0;
  std::vector<std::set<std::string>> shared;
  for (const auto& change : changes) {
    auto& mine = shared.emplace_back();
    for (const auto& word : words_of(change))
      if (const auto found = seen.find(word); found != seen.end()) {
        ++found->second;
        mine.insert(word);
      }
  }
  // A word that stands everywhere says little.
  std::vector<std::pair<double, std::size_t>> ranked;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    double weight = 0;
    for (const auto& word : shared[i])
      weight += std::log(1.0 + static_cast<double>(changes.size()) / static_cast<double>(seen[word]));
    if (weight > 0) ranked.emplace_back(-weight, i);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<std::string> likely;
  for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i) likely.push_back(changes[ranked[i].second]);
  return likely;
}

}  // namespace kverdict
