#include "orchestrator/drive/journal_file.hpp"

#include "runners/error.hpp"

namespace kverdict {
namespace {

constexpr std::size_t k_largest_journal = std::size_t{1} << 30;

}  // namespace

JournalFile JournalFile::create(const std::filesystem::path& path, const Clock& clock, SessionOpened opened) {
  if (std::filesystem::exists(path))
    throw UsageError(path.string() + ": there is a session already; resume it, or choose another run.name");
  JournalFile journal(AppendFile::open(path), clock);
  journal.append(std::move(opened));
  sync_directory(path.parent_path());
  return journal;
}

JournalText JournalFile::read(const std::filesystem::path& path) {
  const auto text = read_file_if_there(path, k_largest_journal);
  if (!text) throw UsageError(path.string() + ": no such session; `kverdict list` names them");
  return decode_journal(*text, path.string());
}

JournalFile JournalFile::open(const std::filesystem::path& path, const Clock& clock) {
  const auto text = read(path);
  JournalFile journal(AppendFile::open(path), clock);
  journal.state_ = replay(text.entries);
  if (text.torn_bytes > 0) {
    journal.file_.truncate(text.whole_bytes);
    journal.append(Noted{"the journal's last line was torn (" + std::to_string(text.torn_bytes) +
                         " bytes) and was dropped: what it said is asked again"});
  }
  return journal;
}

void JournalFile::append(Event event) {
  append(std::move(event), journal_time(clock_.wall()));
}

void JournalFile::append(Event event, std::chrono::system_clock::time_point at) {
  const Entry entry{at, std::move(event)};
  file_.append(encode(entry) + "\n", Durability::synced);
  apply(state_, entry);
}

}  // namespace kverdict
