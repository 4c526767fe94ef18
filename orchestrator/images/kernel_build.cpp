#include "orchestrator/images/kernel_build.hpp"

#include <algorithm>

#include "orchestrator/images/configuration.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "orchestrator/images/selective_build.hpp"
#include "runners/error.hpp"
#include "runners/host/child.hpp"
#include "runners/host/files.hpp"
#include "runners/host/race.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_max_kernel = std::uint64_t{2} << 30;
constexpr std::size_t k_max_config = 16 << 20;
constexpr std::size_t k_log_kept = 4 << 20;  // of a failed build, from its end
constexpr std::uint64_t k_disk_full = 8 << 20;
constexpr Millis k_progress_interval{500};
constexpr std::size_t k_max_tries = 8;  // builds that failed on one folder before it counts as unknown

// "  CC      net/core/dev.o": what make says of each thing it makes.
unsigned count_made(std::string_view log) {
  unsigned count = 0;
  for (auto at = log.find("\n  "); at != std::string_view::npos; at = log.find("\n  ", at + 1)) {
    const char kind = at + 3 < log.size() ? log[at + 3] : ' ';
    if (kind >= 'A' && kind <= 'Z') ++count;
  }
  return count;
}

// A stopped compiler may have left half an object that looks new.
void remove_unmade(const fs::path& output, const BuildState& state) {
  std::error_code error;
  for (const auto& object : state.making) fs::remove(output / object, error);
}

bool is_kconfig(const std::string& path) {
  return fs::path(path).filename().string().starts_with("Kconfig");
}

}  // namespace

KernelBuild::KernelBuild(Clock& clock, BlockingPool& pool, const BuildOptions& options, MakePlace place,
                         KernelConfig asked, OnPhase on_phase)
    : clock_(clock),
      pool_(pool),
      options_(options),
      place_(std::move(place)),
      asked_(std::move(asked)),
      on_phase_(std::move(on_phase)),
      log_(place_.output / ".kverdict-log") {}

Task<void> KernelBuild::watch_log(BuildPhase phase) {
  for (;;) {
    const auto next = clock_.now() + k_progress_interval;
    co_await clock_.until(next);
    std::error_code error;
    if (fs::is_regular_file(log_, error)) on_phase_(phase, count_made(read_tail(log_, k_log_kept)));
  }
}

Task<KernelBuild::MakeEnd> KernelBuild::run_logged(Command command, BuildPhase phase) {
  const auto left = std::chrono::duration_cast<Millis>(deadline_ - clock_.now());
  command.output = log_;
  command.limit = std::max(left, Millis{1});
  const auto name = command.argv.front();
  on_phase_(phase, 0);
  auto child = run_child(clock_, std::move(command));
  auto watcher = watch_log(phase);
  auto both = race(std::move(child), std::move(watcher));
  const auto ended = co_await std::move(both);
  const auto& end = std::get<0>(ended);
  MakeEnd result;
  result.ok = end.ok();
  result.log = read_tail(log_, k_log_kept);
  if (end.how == ChildEnd::How::timed_out)
    throw InfraError("the build took longer than build.limit (" +
                     std::to_string(options_.limit.count() / 1000) +
                     " s); it was at: " + log_tail(result.log, 1, 200));
  if (end.how == ChildEnd::How::signalled)
    throw InfraError(name + " was killed by signal " + std::to_string(end.code) + " during the build");
  co_return result;
}

Task<KernelBuild::MakeEnd> KernelBuild::make(MakeScope scope, std::vector<std::string> targets,
                                             BuildPhase phase) {
  auto command = make_command(place_, options_, scope, std::move(targets));
  auto running = run_logged(std::move(command), phase);
  co_return co_await std::move(running);
}

// A ready-made configuration with the options laid over it, completed by the tree's own rules.
Task<KernelBuild::MakeEnd> KernelBuild::lay_over_base() {
  KernelConfig config;
  if (options_.base.has_parent_path()) {
    config = parse_config(read_file(options_.base, k_max_config), options_.base.string());
  } else {
    std::vector<std::string> targets = {options_.base.string()};
    auto making = make(MakeScope::everything, std::move(targets), BuildPhase::configure);
    auto made = co_await std::move(making);
    if (!made.ok) co_return made;
    config = read_result();
  }
  for (const auto& [option, value] : asked_) config[option] = value;
  write_file(place_.output / ".config", format_config(config));
  std::vector<std::string> targets = {"olddefconfig"};
  auto completing = make(MakeScope::everything, std::move(targets), BuildPhase::configure);
  co_return co_await std::move(completing);
}

Task<KernelBuild::MakeEnd> KernelBuild::configure() {
  if (options_.base != "allnoconfig") {
    auto laying = lay_over_base();
    co_return co_await std::move(laying);
  }
  // One pass gives the same as olddefconfig: allnoconfig takes the options before it decides the rest.
  const auto fragment = place_.output / ".kverdict-fragment";
  write_file(fragment, format_config(asked_));
  std::vector<std::string> targets = {"allnoconfig"};
  auto command = make_command(place_, options_, MakeScope::everything, std::move(targets));
  command.env["KCONFIG_ALLCONFIG"] = fragment.string();
  auto running = run_logged(std::move(command), BuildPhase::configure);
  co_return co_await std::move(running);
}

KernelConfig KernelBuild::read_result() const {
  const auto file = place_.output / ".config";
  return parse_config(read_file(file, k_max_config), file.string());
}

void KernelBuild::read_goal() {
  config_ = read_result();
  is_vmlinux_ = options_.goal == BuildGoal::vmlinux ||
                (options_.goal == BuildGoal::automatic && is_on(config_, "CONFIG_PVH"));
  has_modules_ = std::ranges::any_of(config_, [](const auto& item) { return item.second == "m"; });
}

Task<KernelBuild::MakeEnd> KernelBuild::install_modules() {
  const auto folder = place_.output / ".kverdict-modules";
  std::error_code error;
  fs::remove_all(folder, error);
  std::vector<std::string> targets = {"INSTALL_MOD_PATH=" + folder.string(), "INSTALL_MOD_STRIP=1",
                                      "modules_install"};
  auto installing = make(MakeScope::everything, std::move(targets), BuildPhase::store);
  co_return co_await std::move(installing);
}

Task<KernelBuild::MakeEnd> KernelBuild::build_whole(bool new_mentions) {
  std::vector<std::string> targets = {goal()};
  if (has_modules_) targets.push_back("modules");
  auto making = make(MakeScope::everything, std::move(targets), BuildPhase::compile);
  auto made = co_await std::move(making);
  objects_made_ = count_made(made.log);
  if (!made.ok) co_return made;
  if (new_mentions || !has_mentioned_files(place_.output)) {
    auto work = [this] { record_mentioned_files(place_.tree, place_.output); };
    auto listing = blocking(pool_, std::move(work));
    co_await std::move(listing);
  }
  if (!has_modules_) co_return made;
  auto installing = install_modules();
  co_return co_await std::move(installing);
}

// Only what changed. A log that is not ok says nothing of the candidate: the whole tree will. While it runs
// the folder's state says what may be half made, so that a build that is stopped costs the next one little.
Task<KernelBuild::MakeEnd> KernelBuild::build_touched(BuildOrder order, BuildState next) {
  MakeEnd made;
  SourceChange change{std::move(order.changed), std::move(order.headers), order.state->making};
  auto work = [this, what = std::move(change)] {
    return plan_selective_build(place_.tree, place_.output, config_, what);
  };
  auto planning = blocking(pool_, std::move(work));
  const auto planned = co_await std::move(planning);
  if (const auto* whole = std::get_if<WholeTree>(&planned)) {
    how_ = "whole tree: " + whole->reason;
    co_return made;
  }
  const auto& plan = std::get<SelectivePlan>(planned);
  how_ = std::to_string(plan.objects.size()) + " objects";
  made.ok = true;
  if (plan.objects.empty()) co_return made;
  next.making = plan.objects;
  store_build_state(place_.output, next);
  auto compiling = make(MakeScope::objects, plan.objects, BuildPhase::compile);
  made = co_await std::move(compiling);
  if (!made.ok) co_return made;
  auto archive = make_command(place_, options_, MakeScope::link, {});
  archive.argv = {"sh", "-e"};
  archive.directory = place_.output;
  archive.input.emplace();
  for (const auto& command : plan.archive_commands) *archive.input += command + "\n";
  auto archiving = run_logged(std::move(archive), BuildPhase::link);
  made = co_await std::move(archiving);
  if (!made.ok) co_return made;
  std::vector<std::string> targets = {goal()};
  auto linking = make(MakeScope::link, std::move(targets), BuildPhase::link);
  co_return co_await std::move(linking);
}

Task<KernelBuild::MakeEnd> KernelBuild::build(BuildOrder order, BuildState next) {
  const bool known = order.state && order.state->whole && order.state->config_key == order.config_key;
  const bool new_mentions = !order.state || std::ranges::any_of(order.changed, may_mention_files);
  how_ = known ? "whole tree: an older Makefile" : "whole tree: nothing to build on";
  if (known && place_.direct) {
    auto touching = build_touched(std::move(order), std::move(next));
    auto made = co_await std::move(touching);
    if (made.ok) co_return made;
    begin_build(place_.output);
    if (!made.log.empty()) how_ = "whole tree: the changed objects alone could not be made";
  }
  auto whole = build_whole(new_mentions);
  co_return co_await std::move(whole);
}

MakeFailure KernelBuild::failure(const MakeEnd& end) const {
  MakeFailure failed;
  failed.blame = blame(end.log);
  failed.log_tail = log_tail(end.log);
  if (free_space(place_.output) < k_disk_full)
    throw InfraError("the build failed: no space left on the file system of " + place_.output.string());
  if (failed.blame.who == BuildBlame::Who::lab)
    throw InfraError("the build failed for a reason of this machine: " + failed.blame.line);
  return failed;
}

Task<MakeResult> KernelBuild::run(BuildOrder order) {
  deadline_ = clock_.now() + options_.limit;
  objects_made_ = 0;
  begin_build(place_.output);
  if (order.state) remove_unmade(place_.output, *order.state);
  BuildState next;
  next.whole = order.state && order.state->whole;
  if (order.state) {
    next.candidates = order.state->candidates;
    next.pending = order.state->pending;
  }
  next.candidates.push_back(order.candidate);
  next.whole = next.whole && next.candidates.size() <= k_max_tries;
  next.pending.insert(order.patched.begin(), order.patched.end());
  const bool configured = order.state && order.state->config_key == order.config_key &&
                          std::ranges::none_of(order.changed, touches_configuration);
  MakeEnd made;
  made.ok = true;
  if (!configured) {
    const auto before = read_file_if_there(place_.output / ".config", k_max_config);
    auto configuring = configure();
    made = co_await std::move(configuring);
    // The same configuration from other Kconfig files: they reach nothing else.
    if (made.ok && before && before == read_file_if_there(place_.output / ".config", k_max_config))
      std::erase_if(order.changed, is_kconfig);
  }
  if (made.ok) {
    next.config_key = order.config_key;
    read_goal();
    if (configured)
      next.warnings = order.state->warnings;
    else
      next.warnings = lost_options(asked_, config_);
    auto building = build(order, next);
    made = co_await std::move(building);
  }
  if (!made.ok) {
    auto failed = failure(made);  // throws for the lab: then the folder keeps no state
    store_build_state(place_.output, next);
    co_return MakeResult(std::move(failed));
  }
  auto collecting = collect();
  auto stored = co_await std::move(collecting);
  stored.warnings = next.warnings;
  next.whole = true;
  next.candidates = {order.candidate};
  next.pending = order.patched;  // taken off after the build: they differ from then on
  store_build_state(place_.output, next);
  co_return MakeResult(std::move(stored));
}

// What the guest boots, and by what it is recognised.
Task<StoredImage> KernelBuild::collect() {
  const auto vmlinux = place_.output / "vmlinux";
  StoredImage stored;
  stored.config = place_.output / ".config";
  stored.system_map = place_.output / "System.map";
  if (!fs::exists(stored.system_map)) stored.system_map.clear();
  const auto bytes = read_bounded_file(vmlinux, k_max_kernel);
  stored.code_digest = code_digest(bytes, vmlinux.string());
  stored.image.kernel = is_vmlinux_ ? vmlinux : place_.output / "arch/x86/boot/bzImage";
  const auto facts =
      is_vmlinux_ ? read_kernel(bytes, vmlinux.string()) : read_kernel_file(stored.image.kernel);
  stored.image.format = facts.format;
  stored.image.release = facts.release;
  stored.image.build_id = elf_build_id(bytes, vmlinux.string());
  if (has_modules_) stored.image.modules = place_.output / ".kverdict-modules";
  if (!is_vmlinux_ || !has_debug_sections(bytes, vmlinux.string())) co_return stored;
  stored.image.kernel = place_.output / ".kverdict-vmlinux" / "vmlinux";
  make_dirs(stored.image.kernel.parent_path());
  Command strip;
  strip.argv = {"objcopy", "--strip-debug", vmlinux.string(), stored.image.kernel.string()};
  auto stripping = run_logged(std::move(strip), BuildPhase::store);
  const auto stripped = co_await std::move(stripping);
  if (!stripped.ok) throw InfraError("objcopy failed: " + log_tail(stripped.log, 3));
  co_return stored;
}

}  // namespace kverdict
