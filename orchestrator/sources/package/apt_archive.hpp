// Archives of Debian packages, read by apt's own library: it fetches the indexes, checks their signatures and
// tells what they offer with its checksums. Nothing of the host's apt is changed: state and cache lie in a
// directory of ours, and no rights are needed. One call at a time in a process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/sources/package/package_list.hpp"

namespace kverdict {

struct AptSettings {
  // Lines as in sources.list ("deb [signed-by=KEYRING] URI SUITE COMPONENT..."), or absolute paths of .list
  // and .sources files. Empty = the host's own.
  std::vector<std::string> archives;
  std::filesystem::path directory;  // ours, made when missing
};

struct AptOffer {
  std::vector<OfferedFile> files;
  std::vector<std::string> warnings;  // an archive could not be asked, its old index was used
};

// Kernels that the archives offer under these names. A name may be a kernel's package, a metapackage
// ("linux-image-cloud-amd64": every kernel of its flavour, of its series when it names one), or hold * and ?.
// Throws UsageError: an archive that is not signed or wrongly signed, a line that apt does not understand, a
// name that no archive has; InfraError: no archive can be reached.
AptOffer offered_by_apt(const AptSettings& settings, const std::vector<std::string>& names);

// The program that fetches one file (apt's), resuming what is there in part, as an argument vector; its
// environment is the host's. `sha256` and `size` are checked by it when known.
std::vector<std::string> fetch_command(const PackageFile& file, const std::filesystem::path& destination,
                                       std::uint64_t most_bytes);

}  // namespace kverdict
