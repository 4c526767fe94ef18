#include "orchestrator/sources/package/package_file.hpp"

#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "orchestrator/sources/package/payload.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

std::string first_bytes(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw UsageError(path.string() + ": " + (fs::exists(path, error) ? "is no file" : "does not exist"));
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UsageError(path.string() + ": cannot be read: " + std::strerror(errno));
  std::string bytes(8, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

std::string field_of(std::string_view control, std::string_view name) {
  while (!control.empty()) {
    const auto line = control.substr(0, control.find('\n'));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      const auto value = line.substr(name.size() + 1);
      const auto begin = value.find_first_not_of(' ');
      return begin == std::string_view::npos
                 ? ""
                 : std::string(value.substr(begin, value.find_last_not_of(" \r") - begin + 1));
    }
    control.remove_prefix(std::min(control.size(), line.size() + 1));
  }
  return {};
}

PackageFacts read_deb(const fs::path& path) {
  const auto control = read_control(path);
  PackageFacts facts;
  facts.file.name = field_of(control, "Package");
  facts.file.version = field_of(control, "Version");
  facts.file.architecture = field_of(control, "Architecture");
  if (facts.file.name.empty() || facts.file.version.empty())
    throw UsageError(path.string() + ": is no Debian package: its control file names no package or version");
  return facts;
}

// ---- rpm

struct FreeTransaction {
  void operator()(rpmts transaction) const { rpmtsFree(transaction); }
};
struct CloseFile {
  void operator()(FD_t file) const { Fclose(file); }
};
struct FreeHeader {
  void operator()(Header header) const { headerFree(header); }
};
using RpmHeader = std::unique_ptr<headerToken_s, FreeHeader>;

int stay_silent(rpmlogRec, rpmlogCallbackData) {
  return 0;
}

RpmHeader read_header(const fs::path& path) {
  rpmlogSetCallback(stay_silent, nullptr);
  const std::unique_ptr<rpmts_s, FreeTransaction> transaction(rpmtsCreate());
  rpmtsSetVSFlags(transaction.get(), RPMVSF_MASK_NOSIGNATURES);
  const std::unique_ptr<std::remove_pointer_t<FD_t>, CloseFile> file(Fopen(path.c_str(), "r.ufdio"));
  Header header = nullptr;
  const auto state = file && Ferror(file.get()) == 0
                         ? rpmReadPackageFile(transaction.get(), file.get(), path.c_str(), &header)
                         : RPMRC_NOTFOUND;
  RpmHeader found(header);
  if (!found || (state != RPMRC_OK && state != RPMRC_NOKEY && state != RPMRC_NOTTRUSTED))
    throw UsageError(path.string() + ": damaged or truncated package; fetch it again");
  return found;
}

std::string text_of(Header header, rpmTag tag) {
  const std::unique_ptr<char, decltype(&std::free)> text(headerGetAsString(header, tag), &std::free);
  return text ? text.get() : "";
}

struct FreeData {
  void operator()(rpmtd data) const {
    rpmtdFreeData(data);
    rpmtdFree(data);
  }
};

// The version of what a package provides under a name; empty = does not provide it.
std::string provided(Header header, std::string_view name) {
  const std::unique_ptr<rpmtd_s, FreeData> names(rpmtdNew()), versions(rpmtdNew());
  if (headerGet(header, RPMTAG_PROVIDENAME, names.get(), HEADERGET_MINMEM) == 0) return {};
  headerGet(header, RPMTAG_PROVIDEVERSION, versions.get(), HEADERGET_MINMEM);
  while (const char* item = rpmtdNextString(names.get())) {
    const char* version = rpmtdNextString(versions.get());
    if (item == name) return version == nullptr ? "" : version;
  }
  return {};
}

PackageFacts read_rpm(const fs::path& path) {
  const auto header = read_header(path);
  PackageFacts facts;
  facts.kind = PackageKind::rpm;
  facts.file.name = text_of(header.get(), RPMTAG_NAME);
  facts.file.version = text_of(header.get(), RPMTAG_EVR);
  facts.file.architecture = text_of(header.get(), RPMTAG_ARCH);
  const bool source = headerIsEntry(header.get(), RPMTAG_SOURCERPM) == 0;
  if (source) facts.file.architecture = "source";
  facts.release = provided(header.get(), "kernel-uname-r");
  return facts;
}

}  // namespace

PackageFacts read_package_file(const fs::path& path) {
  const auto head = first_bytes(path);
  PackageFacts facts;
  if (head == "!<arch>\n") {
    facts = read_deb(path);
  } else if (head.starts_with("\xed\xab\xee\xdb"sv)) {
    facts = read_rpm(path);
  } else {
    throw UsageError(path.string() + ": neither a deb nor an rpm package" +
                     (head.empty() ? " (the file is empty)" : ""));
  }
  facts.file.where = path.string();
  std::error_code error;
  facts.file.size = fs::file_size(path, error);
  return facts;
}

}  // namespace kverdict
