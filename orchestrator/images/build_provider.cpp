#include "orchestrator/images/build_provider.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "orchestrator/images/configuration.hpp"
#include "orchestrator/images/digest.hpp"
#include "orchestrator/images/fixups.hpp"
#include "orchestrator/images/header_change.hpp"
#include "orchestrator/images/image_cache.hpp"
#include "orchestrator/images/kernel_build.hpp"
#include "orchestrator/images/toolchain.hpp"
#include "orchestrator/sources/git_source.hpp"
#include "orchestrator/sources/worktree.hpp"
#include "runners/error.hpp"
#include "runners/host/file_lock.hpp"
#include "runners/host/files.hpp"
#include "runners/host/log.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_recipe = "build 1";  // changes when the same sources give another kernel
constexpr std::size_t k_max_config = 16 << 20;
constexpr std::size_t k_max_header = 1 << 20;
constexpr std::size_t k_max_headers = 200;  // more changed headers are not looked into
constexpr std::uint64_t k_space_first = 512 << 20;
constexpr std::uint64_t k_space_step = 128 << 20;

bool is_word(const fs::path& base) {
  return !base.has_parent_path();
}

void check_base(const fs::path& base) {
  const auto word = base.string();
  if (is_word(base)) {
    if (word == "allnoconfig" || word == "tinyconfig" || word.ends_with("defconfig")) return;
    throw UsageError("build.base '" + word +
                     "' is neither allnoconfig, tinyconfig, a defconfig, nor a path to a file");
  }
  if (!fs::is_regular_file(base)) throw UsageError("build.base: no such file: " + word);
  parse_config(read_file(base, k_max_config), word);
}

KernelConfig read_asked(const BuildOptions& options) {
  KernelConfig asked;
  for (const auto& fragment : options.fragments) {
    if (!fs::is_regular_file(fragment))
      throw UsageError("build.fragments: no such file: " + fragment.string());
    for (auto& [option, value] : parse_config(read_file(fragment, k_max_config), fragment.string()))
      asked.insert_or_assign(option, value);
  }
  for (auto& [option, value] : fixed_options()) asked.insert_or_assign(option, value);
  return asked;
}

void require_space(const fs::path& directory, std::uint64_t wanted) {
  const auto free = free_space(directory);
  if (free >= wanted) return;
  throw InfraError("only " + std::to_string(free >> 20) + " MiB free on the file system of " +
                   directory.string() + "; a build needs " + std::to_string(wanted >> 20) + " MiB");
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

}  // namespace

class BuildProvider::Builder {
 public:
  Builder(Clock& clock, BlockingPool& pool, BuildOptions options, OnProgress on_progress);
  Task<ImageResult> image_for(CandidateId id);

 private:
  struct Made {
    MakeResult result;
    bool fresh = false;
  };
  Task<void> prepare();
  std::vector<fs::path> fixups_of(const CandidateId& id) const;
  std::string key_of(const std::string& tree, const std::vector<fs::path>& fixups) const;
  void open_sources();
  Task<std::optional<StoredImage>> look_up(std::string key);
  Task<MakeResult> build(CandidateId id, std::vector<fs::path> fixups);
  Task<MakeResult> build_here(BuildOrder order, bool fresh);
  BuildOrder order_for(const CandidateId& id, const std::set<std::string>& patched, bool& fresh);
  HeaderNames reach_of_headers(const BuildOrder& order);
  void wipe_output();
  MakePlace place() const;
  fs::path count_file() const { return options_.cache / "objects" / config_key_; }
  unsigned expected_objects() const;
  unsigned guessed_objects() const;
  void report(BuildPhase phase, unsigned done);

  Clock& clock_;
  BlockingPool& pool_;
  BuildOptions options_;
  OnProgress on_progress_;
  KernelConfig asked_;
  std::optional<FileLock> lock_;
  std::optional<ImageCache> cache_;
  std::optional<GitSource> source_;
  std::optional<GitWorktree> worktree_;
  std::string config_key_;
  bool ccache_ = false;
  BuildProgress progress_;
  bool guess_expected_ = false;  // nothing was counted yet: guess once the configuration is there
};

BuildProvider::Builder::Builder(Clock& clock, BlockingPool& pool, BuildOptions options,
                                OnProgress on_progress)
    : clock_(clock), pool_(pool), options_(std::move(options)), on_progress_(std::move(on_progress)) {
  check_base(options_.base);
  asked_ = read_asked(options_);
  for (const auto& fixup : options_.fixups)
    if (!fs::is_regular_file(fixup.patch))
      throw UsageError("build.fixup: no such file: " + fixup.patch.string());
  for (auto* path : {&options_.worktree, &options_.output, &options_.cache})
    *path = fs::absolute(*path).lexically_normal();
}

void BuildProvider::Builder::report(BuildPhase phase, unsigned done) {
  if (guess_expected_ && phase == BuildPhase::compile) {
    progress_.expected = guessed_objects();
    guess_expected_ = false;
  }
  progress_.phase = phase;
  progress_.done = done;
  if (on_progress_) on_progress_(progress_);
}

void BuildProvider::Builder::open_sources() {
  make_dirs(options_.output);
  make_dirs(options_.cache);
  options_.output = fs::canonical(options_.output);
  auto got = FileLock::acquire(options_.output.string() + ".lock");
  if (const auto* holder = std::get_if<LockHolder>(&got))
    throw UsageError("the build folder " + options_.output.string() + " is in use by " + holder->text);
  lock_.emplace(std::move(std::get<FileLock>(got)));
  cache_.emplace(options_.cache / "images", options_.cache_limit);
  source_.emplace(GitSource::open(options_.clone));
}

// What is done once, before the first candidate.
Task<void> BuildProvider::Builder::prepare() {
  if (source_) co_return;
  require_build_tools();
  if (options_.ccache == CompilerCache::on && !has_program("ccache"))
    throw UsageError("build.ccache is on, but ccache is not installed; install with: apt-get install ccache");
  MakePlace plain;
  auto compiler = words(compiler_of(plain, options_));
  auto asking = toolchain_id(clock_, std::move(compiler));
  const auto toolchain = co_await std::move(asking);
  ccache_ = options_.ccache != CompilerCache::off && has_program("ccache");
  Digest digest;
  digest.field(k_recipe);
  digest.field(toolchain);
  digest.field(options_.arch);
  digest.field(is_word(options_.base) ? options_.base.string() : read_file(options_.base, k_max_config));
  digest.field(format_config(asked_));
  for (const auto& [name, value] : options_.make_variables) {
    digest.field(name);
    digest.field(value);
  }
  digest.number(static_cast<unsigned>(options_.goal));
  config_key_ = std::move(digest).hex();
  auto work = [this] { open_sources(); };
  auto opening = blocking(pool_, std::move(work));
  co_await std::move(opening);
}

std::vector<fs::path> BuildProvider::Builder::fixups_of(const CandidateId& id) const {
  std::vector<fs::path> patches;
  for (const auto& fixup : options_.fixups)
    if (!fixup.covers || fixup.covers(id)) patches.push_back(fixup.patch);
  return patches;
}

std::string BuildProvider::Builder::key_of(const std::string& tree,
                                           const std::vector<fs::path>& fixups) const {
  Digest digest;
  digest.field(config_key_);
  digest.field(tree);
  for (const auto& patch : fixups) digest.field(digest_of_file(patch));
  return std::move(digest).hex();
}

MakePlace BuildProvider::Builder::place() const {
  MakePlace where;
  where.tree = fs::canonical(worktree_->directory());
  where.output = options_.output;
  where.ccache = ccache_;
  where.direct =
      understands_direct_make(read_file_if_there(where.tree / "Makefile", k_max_config).value_or(""));
  return where;
}

unsigned BuildProvider::Builder::expected_objects() const {
  const auto text = read_file_if_there(count_file(), 32).value_or("");
  unsigned count = 0;
  for (const char c : text)
    if (c >= '0' && c <= '9' && count < 100'000'000) count = count * 10 + static_cast<unsigned>(c - '0');
  return count;
}

// For the very first build, where nothing was counted yet: 2.75 objects for each option that is built in, as
// in a small 6.1 kernel; the larger the configuration, the less it is off.
unsigned BuildProvider::Builder::guessed_objects() const {
  const auto config = read_file_if_there(options_.output / ".config", k_max_config).value_or("");
  unsigned options = 0;
  for (auto at = config.find("=y\n"); at != std::string::npos; at = config.find("=y\n", at + 1)) ++options;
  return options * 11 / 4;
}

// Moved away first: an output folder is whole or not there.
void BuildProvider::Builder::wipe_output() {
  const fs::path old = options_.output.string() + ".old";
  std::error_code error;
  fs::remove_all(old, error);
  fs::rename(options_.output, old, error);
  if (error) throw InfraError("cannot move " + options_.output.string() + " away: " + error.message());
  fs::remove_all(old, error);
  make_dirs(options_.output);
}

// Which objects can notice that these headers changed? Those that a patch alters keep no secret.
HeaderNames BuildProvider::Builder::reach_of_headers(const BuildOrder& order) {
  HeaderNames known;
  for (const auto& path : order.changed) {
    if (!path.ends_with(".h") || order.patched.contains(path) || order.state->pending.contains(path))
      continue;
    if (known.size() >= k_max_headers) break;
    const auto now = source_->file_at(order.candidate, path, k_max_header);
    std::optional<std::set<std::string>> names;
    if (now) names.emplace();
    for (const auto& from : order.state->candidates) {
      const auto before = names ? source_->file_at(from, path, k_max_header) : std::nullopt;
      const auto more = before ? names_of_header_change(*before, *now) : std::nullopt;
      if (more)
        names->insert(more->begin(), more->end());
      else
        names.reset();
    }
    if (names) known.emplace(path, std::move(*names));
  }
  return known;
}

// What is known of the output folder, and what changed since.
BuildOrder BuildProvider::Builder::order_for(const CandidateId& id, const std::set<std::string>& patched,
                                             bool& fresh) {
  BuildOrder order;
  order.candidate = id;
  order.config_key = config_key_;
  order.patched = patched;
  order.state = load_build_state(options_.output);
  fresh = !order.state && fs::is_empty(options_.output);
  if (!order.state) {
    if (!fresh) remove_unfinished_files(options_.output);
    return order;
  }
  try {
    for (const auto& from : order.state->candidates)
      for (auto& path : source_->changed_paths(from, id)) order.changed.insert(std::move(path));
    order.headers = reach_of_headers(order);
  } catch (const UsageError&) {  // the earlier candidate is gone from the clone: nothing is known
    order.state.reset();
    return order;
  }
  order.changed.insert(order.state->pending.begin(), order.state->pending.end());
  order.changed.insert(patched.begin(), patched.end());
  return order;
}

Task<MakeResult> BuildProvider::Builder::build_here(BuildOrder order, bool fresh) {
  progress_.expected = fresh ? expected_objects() : 0;
  guess_expected_ = fresh && progress_.expected == 0;
  auto on_phase = [this](BuildPhase phase, unsigned done) { report(phase, done); };
  const auto candidate = order.candidate;
  KernelBuild kernel(clock_, pool_, options_, place(), asked_, std::move(on_phase));
  auto running = kernel.run(std::move(order));
  auto result = co_await std::move(running);
  log_info("built " + candidate.value.substr(0, 12) + ": " + kernel.how());
  const bool counted = fresh && std::holds_alternative<StoredImage>(result);
  if (counted) {
    make_dirs(count_file().parent_path());
    write_file(count_file(), std::to_string(kernel.objects_made()) + "\n");
  }
  co_return result;
}

Task<MakeResult> BuildProvider::Builder::build(CandidateId id, std::vector<fs::path> fixups) {
  bool fresh = false;
  auto work = [this, id, fixups, &fresh] {
    if (!worktree_) worktree_.emplace(options_.clone, options_.worktree);
    worktree_->checkout(id);
    const auto patched = apply_fixups(*worktree_, fixups, options_.output.parent_path());
    auto order = order_for(id, patched, fresh);
    require_space(options_.output, fresh ? k_space_first : k_space_step);
    return order;
  };
  report(BuildPhase::checkout, 0);
  auto preparing = blocking(pool_, std::move(work));
  auto order = co_await std::move(preparing);
  const bool interrupted = !fresh && (!order.state || !order.state->making.empty());
  BuildOrder again;
  again.candidate = id;
  again.config_key = config_key_;
  again.patched = order.patched;
  auto building = build_here(std::move(order), fresh);
  auto result = co_await std::move(building);
  const auto* failed = std::get_if<MakeFailure>(&result);
  const bool suspicious =
      failed && !fresh && (interrupted || failed->blame.who == BuildBlame::Who::leftovers);
  if (suspicious) {  // never a skip because of what an earlier build left behind
    auto clean = [this] { wipe_output(); };
    auto wiping = blocking(pool_, std::move(clean));
    co_await std::move(wiping);
    auto rebuilding = build_here(std::move(again), true);
    result = co_await std::move(rebuilding);
  }
  auto undo = [this] { worktree_->undo_patch(); };
  auto undoing = blocking(pool_, std::move(undo));
  if (!fixups.empty()) co_await std::move(undoing);
  co_return result;
}

Task<std::optional<StoredImage>> BuildProvider::Builder::look_up(std::string key) {
  auto work = [this, key] { return cache_->find(key); };
  auto finding = blocking(pool_, std::move(work));
  co_return co_await std::move(finding);
}

Task<ImageResult> BuildProvider::Builder::image_for(CandidateId id) {
  const auto started = clock_.now();
  const auto took = [&] { return std::chrono::duration_cast<Millis>(clock_.now() - started); };
  progress_ = {};
  progress_.candidate = id;
  auto preparing = prepare();
  co_await std::move(preparing);
  const auto fixups = fixups_of(id);
  const auto key = key_of(source_->tree_of(id), fixups);
  auto looking = look_up(key);
  auto found = co_await std::move(looking);
  BuiltImage built;
  built.from_cache = found.has_value();
  if (!found) {
    auto building = build(id, fixups);
    auto result = co_await std::move(building);
    if (const auto* failed = std::get_if<MakeFailure>(&result)) {
      BuildFailure failure;
      failure.detail = failed->blame.line;
      failure.log_tail = failed->log_tail;
      failure.took = took();
      co_return ImageResult(std::move(failure));
    }
    report(BuildPhase::store, 0);
    auto work = [this, key, made = std::get<StoredImage>(result)] { return cache_->add(key, made); };
    auto storing = blocking(pool_, std::move(work));
    found = co_await std::move(storing);
  }
  built.image = found->image;
  built.code_digest = found->code_digest;
  built.warnings = found->warnings;
  built.took = took();
  co_return ImageResult(std::move(built));
}

BuildProvider::BuildProvider(Clock& clock, BlockingPool& pool, BuildOptions options, OnProgress on_progress)
    : builder_(std::make_unique<Builder>(clock, pool, std::move(options), std::move(on_progress))) {}

BuildProvider::~BuildProvider() = default;

Task<ImageResult> BuildProvider::image_for(CandidateId id) {
  return builder_->image_for(std::move(id));
}

}  // namespace kverdict
