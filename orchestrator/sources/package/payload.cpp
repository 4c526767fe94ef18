#include "orchestrator/sources/package/payload.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_block = 1 << 18;
constexpr std::uint64_t k_largest_control = 1 << 20;

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

// A package being read: the name is for the messages.
struct Reading {
  const fs::path& package;
  PayloadLimits limits;

  [[noreturn]] void refuse(const std::string& what) const {
    throw UsageError(package.string() + ": " + what);
  }
  [[noreturn]] void damaged(archive* reader) const {
    const char* said = archive_error_string(reader);
    refuse(std::string("damaged or truncated package") +
           (said == nullptr ? "" : " (" + std::string(said) + ")") + "; fetch it again");
  }
};

Archive new_archive() {
  Archive reader(archive_read_new());
  KV_CHECK(reader);
  archive_read_support_filter_all(reader.get());
  return reader;
}

// Moves to the next entry; false at the end.
bool advance(const Reading& reading, archive* reader, archive_entry** entry) {
  const int state = archive_read_next_header(reader, entry);
  if (state == ARCHIVE_EOF) return false;
  if (state < ARCHIVE_WARN) reading.damaged(reader);
  return true;
}

// The inner archive of a deb reads from the member that the outer one stands at.
struct Member {
  archive* outer = nullptr;
  std::vector<char> block = std::vector<char>(k_block);
};

la_ssize_t read_member(archive* inner, void* data, const void** bytes) {
  auto& member = *static_cast<Member*>(data);
  const auto got = archive_read_data(member.outer, member.block.data(), member.block.size());
  if (got < 0) archive_set_error(inner, EIO, "%s", "the package ends too early");
  *bytes = member.block.data();
  return got;
}

// "./usr/lib/x" -> "usr/lib/x".
std::string inside_path(const Reading& reading, const char* raw) {
  if (raw == nullptr) reading.refuse("holds a file without a readable name");
  const std::string_view text = raw;
  std::string path;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('/', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    if (part == "..")
      reading.refuse("holds the path '" + std::string(text.substr(0, 200)) + "', which leaves the package");
    if (!part.empty() && part != ".") path += (path.empty() ? "" : "/") + std::string(part);
    begin = end + 1;
  }
  return path;
}

class Entry final : public PayloadFile {
 public:
  Entry(const Reading& reading, archive* reader, std::string path, std::uint64_t size)
      : reading_(reading), reader_(reader), path_(std::move(path)), size_(size) {}

  const std::string& path() const override { return path_; }
  std::uint64_t size() const override { return size_; }

  void read(const Sink& sink) override {
    std::vector<char> block(k_block);
    std::uint64_t done = 0;
    while (done < size_) {
      const auto got = archive_read_data(reader_, block.data(), block.size());
      if (got <= 0) reading_.damaged(reader_);
      sink({block.data(), static_cast<std::size_t>(got)});
      done += static_cast<std::uint64_t>(got);
    }
  }

 private:
  const Reading& reading_;
  archive* reader_;
  std::string path_;
  std::uint64_t size_;
};

void walk_entries(const Reading& reading, archive* reader, const std::function<void(PayloadFile&)>& visit) {
  archive_entry* entry = nullptr;
  std::uint64_t files = 0, bytes = 0;
  while (advance(reading, reader, &entry)) {
    auto path = inside_path(reading, archive_entry_pathname(entry));
    const auto size = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    if (++files > reading.limits.files)
      reading.refuse("holds more than " + std::to_string(reading.limits.files) + " files");
    if (size > reading.limits.one_file)
      reading.refuse("holds a file of " + std::to_string(size) + " bytes ('" + path +
                     "'); no kernel is so large");
    bytes += size;
    if (bytes > reading.limits.in_all)
      reading.refuse("unpacks to more than " + std::to_string(reading.limits.in_all) +
                     " bytes; no kernel is so large");
    const bool plain = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
    Entry file(reading, reader, std::move(path), size);
    if (plain) visit(file);
  }
}

void open_file(const Reading& reading, archive* reader) {
  if (archive_read_open_filename(reader, reading.package.c_str(), k_block) != ARCHIVE_OK)
    reading.damaged(reader);
}

// Calls `use` with the tar archive in the first member whose name begins so.
void with_member(const Reading& reading, std::string_view prefix, const std::function<void(archive*)>& use) {
  Archive outer(archive_read_new());
  KV_CHECK(outer);
  archive_read_support_format_ar(outer.get());
  open_file(reading, outer.get());
  archive_entry* entry = nullptr;
  while (advance(reading, outer.get(), &entry)) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || !std::string_view(name).starts_with(prefix)) continue;
    auto inner = new_archive();
    archive_read_support_format_tar(inner.get());
    Member member;
    member.outer = outer.get();
    if (archive_read_open(inner.get(), &member, nullptr, read_member, nullptr) != ARCHIVE_OK)
      reading.damaged(inner.get());
    return use(inner.get());
  }
  reading.refuse("is no Debian package: it has no " + std::string(prefix));
}

}  // namespace

void walk_payload(PackageKind kind, const fs::path& package, const PayloadLimits& limits,
                  const std::function<void(PayloadFile&)>& visit) {
  const Reading reading{package, limits};
  if (kind == PackageKind::deb)
    return with_member(reading, "data.tar", [&](archive* inner) { walk_entries(reading, inner, visit); });
  auto reader = new_archive();
  archive_read_support_format_cpio(reader.get());
  open_file(reading, reader.get());
  walk_entries(reading, reader.get(), visit);
}

std::string read_control(const fs::path& deb) {
  const Reading reading{deb, {10'000, 64 << 20, 256 << 20}};
  std::string text;
  with_member(reading, "control.tar", [&](archive* inner) {
    walk_entries(reading, inner, [&](PayloadFile& file) {
      if (file.path() != "control") return;
      if (file.size() > k_largest_control) reading.refuse("its control file is larger than 1 MiB");
      file.read([&](std::string_view bytes) { text += bytes; });
    });
  });
  if (text.empty()) reading.refuse("is no Debian package: it has no control file");
  return text;
}

}  // namespace kverdict
