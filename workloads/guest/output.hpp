// What a step prints, forwarded as markers within a budget: a flood must not fill the console, but the last
// lines, which say why a program ended, always come through.
#pragma once

#include <deque>
#include <string>
#include <string_view>

namespace kvguest {

class Output {
 public:
  explicit Output(std::string step) : step_(std::move(step)) {}

  void take(std::string_view bytes);  // as read from the pipe
  void close();                       // the last, unfinished line; what the budget held back

 private:
  void line(std::string_view text);
  bool metric(std::string_view text);  // false: an ordinary line
  void show(std::string_view text);

  std::string step_;
  std::string partial_;
  std::deque<std::string> held_back_;
  std::size_t shown_lines_ = 0, shown_bytes_ = 0, left_out_ = 0, metrics_ = 0;
};

}  // namespace kvguest
