#include "say.hpp"

#include <errno.h>
#include <fcntl.h>

#include "sys.hpp"

namespace kvguest {
namespace {

constexpr std::size_t k_line_limit = 900;  // a printk record takes 976 bytes in old kernels
constexpr std::string_view k_digits = "0123456789abcdef";

int g_voice = -1;
bool g_is_kmsg = false;

// CRC-16/CCITT-FALSE.
unsigned crc16(std::string_view text) {
  unsigned crc = 0xffff;
  for (char c : text) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}

void append_encoded(std::string& out, std::string_view text) {
  for (char c : text) {
    if (out.size() > k_line_limit) return;
    auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += k_digits[byte >> 4];
      out += k_digits[byte & 15];
    }
  }
}

void write_all(std::string_view text) {
  // A full kernel log accepts always; a console that is stuck must not stop us for ever: bounded.
  for (int attempt = 0; attempt < 100 && !text.empty(); ++attempt) {
    ssize_t done = write(g_voice, text.data(), text.size());
    if (done > 0) text.remove_prefix(static_cast<std::size_t>(done));
    if (done < 0 && errno != EINTR && errno != EAGAIN) return;
  }
}

}  // namespace

std::string marker_line(std::string_view word, std::initializer_list<Field> fields) {
  std::string body(word);
  for (const auto& field : fields) {
    body += ' ';
    body += field.key;
    body += '=';
    append_encoded(body, field.value);
  }
  unsigned crc = crc16(body);
  std::string line = "@kv ";
  for (int shift = 12; shift >= 0; shift -= 4) line += k_digits[(crc >> shift) & 15];
  return line + ' ' + body;
}

void open_voice() {
  g_voice = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
  g_is_kmsg = g_voice >= 0;
  if (!g_is_kmsg) g_voice = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);
}

void say(std::string_view word, std::initializer_list<Field> fields) {
  auto line = marker_line(word, fields);
  // Level "alert": shown whatever the console level is. Without its line feed the record would stay open for
  // more text, and reach the console only with the next one. A terminal may hold half a line: start a new
  // one.
  write_all(g_is_kmsg ? "<1>" + line + "\n" : "\r\n" + line + "\r\n");
}

void note(std::string text) {
  say("note", {{"text", std::move(text)}});
}

}  // namespace kvguest
