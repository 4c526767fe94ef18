#include "orchestrator/cli/commands/then_git.hpp"

#include <algorithm>

#include "orchestrator/cli/show.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "orchestrator/sources/package/changelog.hpp"
#include "orchestrator/sources/package/upstream.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "workloads/network.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

// What a guest needs that distributions keep in modules.
std::vector<std::string> built_in_options(const MachineShape& shape) {
  std::vector<std::string> options = {"CONFIG_VIRTIO", "CONFIG_VIRTIO_MENU", "CONFIG_VIRTIO_PCI",
                                      "CONFIG_NETCONSOLE"};
  for (const auto& nic : shape.nics) {
    switch (nic.model) {
      case NicModel::virtio:
        options.insert(options.end(), {"CONFIG_VIRTIO_NET", "CONFIG_NET_FAILOVER", "CONFIG_FAILOVER"});
        break;
      case NicModel::e1000:
        options.emplace_back("CONFIG_E1000");
        break;
      case NicModel::e1000e:
        options.emplace_back("CONFIG_E1000E");
        break;
      case NicModel::rtl8139:
        options.emplace_back("CONFIG_8139CP");
        break;
      case NicModel::vmxnet3:
        options.emplace_back("CONFIG_VMXNET3");
        break;
    }
  }
  std::sort(options.begin(), options.end());
  options.erase(std::unique(options.begin(), options.end()), options.end());
  return options;
}

bool has_revision(const fs::path& repo, const std::string& revision, std::string& why) {
  try {
    GitSource::open(repo).commit_of(revision);
    return true;
  } catch (const UsageError& error) {
    why = error.what();
    return false;
  }
}

}  // namespace

std::variant<NoGitSession, fs::path> plan_git_session(const OpenedSession& session, const Report& report,
                                                      const std::string& distribution_config) {
  if (!report.culprit || report.culprit->parents.empty()) return NoGitSession{"no culprit was found"};
  const auto& bad = report.culprit->id.value;
  const auto& good = report.culprit->parents.front().value;
  const auto bad_tag = upstream_tag(bad), good_tag = upstream_tag(good);
  if (bad_tag.empty() || good_tag.empty())
    return NoGitSession{"no upstream version can be told from " + good + " and " + bad};
  if (bad_tag == good_tag)
    return NoGitSession{good + " and " + bad + " are both made from " + bad_tag +
                        ": the cause is among the distribution's own changes"};
  if (distribution_config.empty()) return NoGitSession{"the package " + bad + " holds no configuration"};
  const auto& repo = session.config.source.repo;
  for (const auto& tag : {good_tag, bad_tag})
    if (std::string why; !has_revision(repo, tag, why))
      return NoGitSession{repo.string() + " has no " + tag + ": " + why};

  const auto config = session.place.directory / ("config-" + bad_tag);
  write_file(config,
             without_modules(distribution_config, built_in_options(machine_shape(session.config.target))));
  LoadedConfig next;
  next.config = session.config;
  next.config.source = SourceConfig{};
  next.config.source.repo = repo;
  next.config.source.good = {good_tag};
  next.config.source.bad = bad_tag;
  next.config.build.base = config;
  next.config.target.modules.clear();  // built in, or not there
  next.config.run.name = session.place.name() + "-git";
  next.config.run.follows = session.place.directory;
  const auto file = session.place.directory / "then-git.toml";
  write_file(file, show_config(next, OutputForm::text));
  return file;
}

void keep_changes(const SessionPlace& place, const Report& report, const std::string& changelog) {
  if (!report.culprit || report.culprit->parents.empty()) return;
  std::string text;
  for (const auto& change : changes_since(changelog, report.culprit->parents.front().value))
    text += change + "\n";
  if (!text.empty()) write_file(place.changes(), text);
}

}  // namespace kverdict
