// The guest's voice: marker lines, each one printk record, so that no kernel message can tear them and every
// console gets them. The format is described in workloads/marker.hpp, which reads them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace kvguest {

struct Field {
  const char* key;
  std::string value;
};

// Opens /dev/kmsg, or /dev/console when there is none.
void open_voice();
void say(std::string_view word, std::initializer_list<Field> fields);
void note(std::string text);

// One marker line without line end; long values are cut so that the line fits a printk record.
std::string marker_line(std::string_view word, std::initializer_list<Field> fields);

}  // namespace kvguest
