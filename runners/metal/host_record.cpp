#include "runners/metal/host_record.hpp"

#include <charconv>
#include <utility>

#include "runners/host/files.hpp"

namespace kverdict {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_text_limit = 4096;

std::optional<std::string> text_of(const fs::path& path) {
  auto text = read_file_if_there(path, k_text_limit);
  while (text && !text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

void keep(const fs::path& path, const std::string& text) {
  write_file(path, text.substr(0, k_text_limit - 1) + "\n", Durability::synced);
}

void drop(const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

}  // namespace

HostRecord::HostRecord(fs::path directory) : directory_(std::move(directory)) {
  make_dirs(directory_);
}

std::optional<std::string> HostRecord::out_of_use() const {
  if (auto why = text_of(directory_ / "drained")) return "drained: " + *why;
  if (auto why = text_of(directory_ / "reserved")) return "locked: " + *why;
  return std::nullopt;
}

std::variant<std::string, HostLease> HostRecord::take() const {
  if (auto why = out_of_use()) return *why;
  return take_anyway();
}

std::variant<std::string, HostLease> HostRecord::take_anyway() const {
  auto lock = FileLock::acquire(directory_ / "lock");
  if (auto* holder = std::get_if<LockHolder>(&lock)) return "in use by " + holder->text;
  return std::make_shared<FileLock>(std::get<FileLock>(std::move(lock)));
}

void HostRecord::drain(const std::string& reason) const {
  keep(directory_ / "drained", reason);
}

void HostRecord::reserve(const std::string& reason) const {
  keep(directory_ / "reserved", reason);
}

void HostRecord::release() const {
  for (const char* name : {"drained", "reserved", "failures"}) drop(directory_ / name);
}

unsigned HostRecord::failures() const {
  const auto text = text_of(directory_ / "failures");
  unsigned count = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

bool HostRecord::failed(const std::string& reason, unsigned limit) const {
  const unsigned count = failures() + 1;
  keep(directory_ / "failures", std::to_string(count) + " in a row, last: " + reason);
  if (count < limit) return false;
  drain("failed " + std::to_string(count) + " times in a row, last: " + reason);
  return true;
}

void HostRecord::succeeded() const {
  drop(directory_ / "failures");
}

void HostRecord::mark_powered(const std::string& by) const {
  keep(directory_ / "powered", by);
}

void HostRecord::mark_off() const {
  drop(directory_ / "powered");
}

std::optional<std::string> HostRecord::powered_by() const {
  return text_of(directory_ / "powered");
}

}  // namespace kverdict
