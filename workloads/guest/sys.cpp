#include "sys.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

namespace kvguest {

long uptime_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

long Deadline::left() const {
  long left = at_ - uptime_ms();
  return left > 0 ? left : 0;
}

bool exists(const std::string& path) {
  struct stat ignored {};
  return stat(path.c_str(), &ignored) == 0;
}

std::string read_file(const std::string& path, std::size_t limit) {
  std::string out;
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return out;
  char buffer[4096];
  while (out.size() < limit) {
    ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  if (out.size() > limit) out.resize(limit);
  return out;
}

bool write_file(const std::string& path, std::string_view text) {
  Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return false;
  return write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string error_text(int error) {
  return strerror(error);
}

std::vector<std::string> list_folder(const std::string& path) {
  std::vector<std::string> out;
  DIR* folder = opendir(path.c_str());
  if (!folder) return out;
  while (dirent* entry = readdir(folder))
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  closedir(folder);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace kvguest
