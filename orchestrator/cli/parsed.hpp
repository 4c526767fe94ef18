// What `parse` says of one log, from whatever machine it came. Pure; memory is bounded however long it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/core/console/scanner.hpp"

namespace kverdict {

// first: the crash that names the log; when there is none, what the kernel did to stay alive (OOM kill,
// failed allocation). Error messages that it shrugs off (file systems, I/O, corrected hardware) are for
// `all`.
enum class ParseExtent { first, all };

class LogParse {
 public:
  explicit LogParse(ParseExtent extent) : extent_(extent) {}

  void feed(std::string_view bytes);
  void finish();  // the log ends here
  // Nothing that is still to come can change what was asked for.
  bool decided() const { return extent_ == ParseExtent::first && chosen_.has_value() && !waiting(); }
  // What can be said for sure since the last call, in the log's order.
  std::vector<Oops> take();

 private:
  void look();
  bool waiting() const;

  ParseExtent extent_;
  LineReader reader_;
  OopsScanner scanner_;
  std::uint64_t lines_ = 0;
  bool finished_ = false;
  std::optional<Oops> chosen_;     // first: what names the log, so far
  std::optional<Oops> complaint_;  // first: what names it when nothing else does
  std::vector<Oops> found_;        // all
};

// "dir/x-null.log" -> "x-null"; "-" stays.
std::string log_id(std::string_view path);

// One line of JSON: id title alt kind type corrupted start end; the id alone = no crash.
std::string parsed_json(std::string_view id, const Oops& oops);
std::string no_crash_json(std::string_view id);
// A few lines for people, the title first.
std::string parsed_text(std::string_view path, const Oops& oops);

}  // namespace kverdict
