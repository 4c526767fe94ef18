// The rows of the table of keys (keys.hpp).
#include "orchestrator/cli/keys.hpp"

#include <type_traits>

namespace kverdict {
namespace {

template <auto Table, auto Inner>
auto& at(Config& config) {
  return config.*Table.*Inner;
}

template <auto Inner, class Owner>
auto& in(Owner& owner) {
  return owner.*Inner;
}

template <auto Table, auto Inner>
ChoiceMember<Config> choice_at() {
  return {[](const Config& config) { return static_cast<int>(config.*Table.*Inner); },
          [](Config& config, int index) {
            auto& place = config.*Table.*Inner;
            place = static_cast<std::remove_reference_t<decltype(place)>>(index);
          }};
}

template <auto Inner>
ChoiceMember<Nic> nic_choice() {
  return {[](const Nic& nic) { return static_cast<int>(nic.*Inner); },
          [](Nic& nic, int index) {
            auto& place = nic.*Inner;
            place = static_cast<std::remove_reference_t<decltype(place)>>(index);
          }};
}

constexpr std::uint64_t operator""_s(unsigned long long seconds) {
  return seconds * 1000;
}
constexpr std::uint64_t operator""_h(unsigned long long hours) {
  return hours * 3'600'000;
}

constexpr ValueRange k_any{};
const std::vector<std::string_view> k_no_choice;
// In the order of enum Switch.
const std::vector<std::string_view> k_switch{"auto", "on", "off"};

// One row a key, in the order of the reference; help is one line and says why one would change the value.
std::vector<Key<Config>> source_keys() {
  constexpr auto t = &Config::source;
  using S = SourceConfig;
  using enum Weight;
  return {
      {"source.type",
       choice_at<t, &S::type>(),
       question,
       "where candidates come from",
       k_any,
       {"git", "packages"}},
      {"source.packages", &at<t, &S::packages>, question,
       "packaged kernels: names in apt archives (linux-image-cloud-amd64), or URLs", k_any, k_no_choice,
       "package"},
      {"source.files", &at<t, &S::files>, question,
       "packaged kernels: .deb or .rpm files, directories of them, text files that list paths or URLs", k_any,
       k_no_choice, "package-file"},
      {"source.archives", &at<t, &S::archives>, question,
       "apt archives to ask, as lines of sources.list or .sources files; empty: those of this host"},
      {"source.flavour", &at<t, &S::flavour>, question,
       "flavour of the packaged kernel, like cloud-amd64, where the list holds several", k_any, k_no_choice,
       "flavour"},
      {"source.then",
       choice_at<t, &S::then>(),
       comfort,
       "after packages; git: bisect source.repo between the upstream tags of the two neighbours",
       k_any,
       {"nothing", "git"},
       "then"},
      {"source.download_limit",
       &at<t, &S::download_limit>,
       comfort,
       "disk space for fetched packages; the oldest go first",
       {100'000'000, 100'000'000'000'000}},
      {"source.repo", &at<t, &S::repo>, question, "the git repository; it is only read", k_any, k_no_choice,
       "repo"},
      {"source.good", &at<t, &S::good>, question,
       "revisions known to be good; with bisect.find = \"fix\" the old ones, that still fail", k_any,
       k_no_choice, "good", "old"},
      {"source.bad", &at<t, &S::bad>, question,
       "revision known to be bad; with bisect.find = \"fix\" the new one, that does not fail any more", k_any,
       k_no_choice, "bad", "new"},
      {"source.first_parent", &at<t, &S::first_parent>, question,
       "follow only the first parent of a merge: name the merge, not a commit inside", k_any, k_no_choice,
       "first-parent"},
      {"source.paths", &at<t, &S::paths>, question,
       "ask only commits that touch these paths of the repository", k_any, k_no_choice, "path"},
  };
}

std::vector<Key<Config>> build_keys() {
  constexpr auto t = &Config::build;
  using B = BuildConfig;
  using enum Weight;
  return {
      {"build.base",
       &at<t, &B::base>,
       question,
       "kernel configuration to start from",
       k_any,
       {"allnoconfig", "tinyconfig", "defconfig"}},
      {"build.fragments", &at<t, &B::fragments>, question,
       "files of CONFIG_ lines laid over the base, in order", k_any, k_no_choice, "fragment"},
      {"build.make_variables", &at<t, &B::make_variables>, question, "added to every make command line"},
      {"build.arch", &at<t, &B::arch>, question, "architecture of the kernel", k_any, {"x86_64"}},
      {"build.target",
       choice_at<t, &B::target>(),
       question,
       "what is built and booted; auto: vmlinux when it can be booted directly, else bzImage",
       k_any,
       {"auto", "vmlinux", "bzImage"}},
      {"build.fixup", &at<t, &B::fixups>, question, "patches without which some candidates do not build"},
      {"build.jobs",
       &at<t, &B::jobs>,
       comfort,
       "compilers at once; 0 is one per processor",
       {0, 1024},
       k_no_choice,
       "jobs"},
      {"build.limit", &at<t, &B::limit>, comfort, "a build that takes longer is a lab error", {10_s, 48_h}},
      {"build.ccache", choice_at<t, &B::ccache>(), comfort, "compiler cache; auto: when ccache is installed",
       k_any, k_switch},
      {"build.cache_limit",
       &at<t, &B::cache_limit>,
       comfort,
       "disk space for built kernels; the oldest go first",
       {100'000'000, 100'000'000'000'000}},
  };
}

std::vector<Key<Config>> target_keys() {
  constexpr auto t = &Config::target;
  using T = TargetConfig;
  using enum Weight;
  return {
      {"target.runner",
       &at<t, &T::runner>,
       question,
       "kind of machine that boots the kernels",
       k_any,
       {"libvirt"}},
      {"target.uri", &at<t, &T::uri>, comfort,
       "libvirt connection: qemu:///embed needs nothing, or qemu:///session, qemu:///system, "
       "qemu+ssh://HOST/system"},
      {"target.shared_directory", &at<t, &T::shared_directory>, comfort,
       "for a uri of another host: a directory that both see under the same path; run.state and the image "
       "cache (XDG_CACHE_HOME) must lie in it"},
      {"target.slots",
       &at<t, &T::slots>,
       comfort,
       "guests that may be up at once; each wants its memory and its processors",
       {1, 64},
       k_no_choice,
       "slots"},
      {"target.memory", &at<t, &T::memory>, question, "memory of the guest", {64ULL << 20, 1ULL << 40}},
      {"target.cpus", &at<t, &T::cpus>, question, "processors of the guest", {1, 256}},
      {"target.nics", &at<t, &T::nics>, question,
       "network cards of the guest: eth0, eth1, ... in this order"},
      {"target.kvm", choice_at<t, &T::kvm>(), comfort,
       "hardware virtualisation; auto: when a probe guest boots with it", k_any, k_switch},
      {"target.netconsole",
       choice_at<t, &T::netconsole>(),
       comfort,
       "second console over the network; auto: where serial may lose something; on: where the kernel has it",
       k_any,
       {"off", "auto", "on"}},
      {"target.console_faults", &at<t, &T::console_faults>, comfort,
       "for drills: damage what the consoles bring, as serial.drop=0.01 netconsole.lose=0.1"},
      {"target.cmdline", &at<t, &T::cmdline>, question, "added to the kernel command line"},
      {"target.modules", &at<t, &T::modules>, question,
       "kernel modules to load before the workload; what they need is loaded too"},
      {"target.sysctls", &at<t, &T::sysctls>, question, "settings of /proc/sys in the guest, over ours"},
  };
}

std::vector<Key<Config>> judging_keys() {
  constexpr auto v = &Config::verdict;
  using V = HuntPolicy;
  using enum Weight;
  return {
      {"workload", &in<&Config::workloads, Config>, question, "what stresses the guest, one after the other"},
      {"verdict.hunt", &at<v, &V::titles>, opinion,
       "titles of the hunted crash; empty: learnt from the bad end", k_any, k_no_choice, "hunt"},
      {"verdict.other_crash",
       choice_at<v, &V::other_crash>(),
       opinion,
       "what a crash with another title says",
       k_any,
       {"skip", "bad"}},
      {"verdict.hang",
       choice_at<v, &V::hang>(),
       opinion,
       "what a hang says; learnt: bad when the bad end hung, else skip",
       k_any,
       {"learnt", "bad", "skip"}},
      {"verdict.warning",
       choice_at<v, &V::warning>(),
       opinion,
       "does a warning that the guest survives count; hunted: only when it has the hunted title",
       k_any,
       {"hunted", "count", "ignore"}},
      {"verdict.complaint",
       choice_at<v, &V::complaint>(),
       opinion,
       "the same for OOM kills, failed allocations, file system and I/O errors",
       k_any,
       {"hunted", "count", "ignore"}},
  };
}

std::vector<Key<Config>> bisect_keys() {
  constexpr auto b = &Config::bisect;
  using B = BisectConfig;
  using enum Weight;
  return {
      {"bisect.method",
       choice_at<b, &B::method>(),
       comfort,
       "classic: one run settles a candidate, as with git; bayes: every run is evidence, the bug may show "
       "only "
       "sometimes",
       k_any,
       {"classic", "bayes"},
       "method"},
      {"bisect.find",
       choice_at<b, &B::find>(),
       question,
       "what is sought; fix: the commit from which on it fails no more; any-change: from which on it fails "
       "more "
       "often",
       k_any,
       {"regression", "fix", "any-change"},
       "find"},
      {"bisect.ends",
       choice_at<b, &B::ends>(),
       comfort,
       "check: the ends must be seen to be as claimed; trusted: your word is taken",
       k_any,
       {"check", "trusted"}},
      {"bisect.confidence",
       &at<b, &B::confidence>,
       comfort,
       "bayes: how probable the culprit must be before it is named",
       {500'000, 999'999},
       k_no_choice,
       "confidence"},
      {"bisect.soak_shortest",
       &at<b, &B::soak_shortest>,
       comfort,
       "bayes: a run may be under load as shortly as this",
       {0, 24_h}},
      {"bisect.soak_longest",
       &at<b, &B::soak_longest>,
       comfort,
       "bayes: and as long as this; 0: always as long as the workload says",
       {0, 24_h}},
      {"bisect.known_failed",
       &at<b, &B::known_failed>,
       comfort,
       "bayes: runs of the bad end that failed before this session",
       {0, 1'000'000}},
      {"bisect.known_passed",
       &at<b, &B::known_passed>,
       comfort,
       "bayes: runs of the bad end that passed before this session",
       {0, 1'000'000}},
      {"bisect.prior_paths", &at<b, &B::prior_paths>, comfort,
       "bayes: commits that touch these paths are likelier the culprit"},
      {"bisect.prior_weights", &at<b, &B::prior_weights>, comfort,
       "bayes: revisions, and how many times as likely as others they are"},
      {"bisect.end_runs",
       &at<b, &B::end_runs>,
       comfort,
       "trials of each end before anything else is asked",
       {1, 100}},
      {"bisect.skip_limit",
       &at<b, &B::skip_limit>,
       comfort,
       "give up after so many skipped candidates; 0: never",
       {0, 100'000}},
  };
}

std::vector<Key<Config>> running_keys() {
  constexpr auto l = &Config::limits;
  constexpr auto r = &Config::run;
  using L = LimitsConfig;
  using R = RunConfig;
  using enum Weight;
  return {
      {"limits.boot", &at<l, &L::boot>, comfort, "from power-on to the guest's first word", {1_s, 24_h}},
      {"limits.silence",
       &at<l, &L::silence>,
       comfort,
       "no line and no heart beat for so long is a hang",
       {1_s, 24_h}},
      {"limits.linger",
       &at<l, &L::linger>,
       comfort,
       "quiet that ends the report of a crash which did not stop the machine",
       {0, 1_h}},
      {"run.state", &at<r, &R::state>, comfort, "directory of sessions; empty: $XDG_STATE_HOME/kverdict",
       k_any, k_no_choice, "state"},
      {"run.name", &at<r, &R::name>, comfort,
       "name of the session; empty: made from the repository and the time", k_any, k_no_choice, "name"},
      {"run.lab_retries", &at<r, &R::lab_retries>, comfort, "further attempts after a lab error", {0, 100}},
      {"run.follows", &at<r, &R::follows>, comfort,
       "directory of the session that this one goes on from, for the report"},
      {"run.build_ahead", &at<r, &R::build_ahead>, comfort, "build likely candidates while a guest runs"},
      {"run.keep_memory",
       choice_at<r, &R::keep_memory>(),
       comfort,
       "whose guest memory is kept as a core file: nobody's, the culprit's, that of each crash",
       k_any,
       {"never", "culprit", "crash"}},
      {"run.memory_limit",
       &at<r, &R::memory_limit>,
       comfort,
       "the memory of a larger guest is not looked at",
       {0, 1ULL << 50}},
      {"run.vitals", &at<r, &R::vitals>, comfort,
       "the guest tells each second how it fares; its last minute is shown with a failure"},
      {"run.budget",
       &at<r, &R::budget>,
       comfort,
       "stop after so long, with what is known by then; 0: when the question is answered",
       {0, 10'000_h},
       k_no_choice,
       "budget"},
      {"run.until", &at<r, &R::until>, comfort,
       "stop at this local time (\"08:00\"), with what is known by then", k_any, k_no_choice, "until"},
  };
}

std::vector<Key<Config>> make_config_keys() {
  std::vector<Key<Config>> all;
  for (const auto& part :
       {source_keys(), build_keys(), target_keys(), judging_keys(), bisect_keys(), running_keys()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::vector<Key<FixupConfig>> make_fixup_keys() {
  using F = FixupConfig;
  using enum Weight;
  return {
      {"patch", &in<&F::patch, F>, question, "patch file, as git apply takes it"},
      {"from", &in<&F::from, F>, question, "first commit that needs it; empty: all"},
      {"to", &in<&F::to, F>, question, "commit that needs it no more; empty: none"},
  };
}

std::vector<Key<Nic>> make_nic_keys() {
  using enum Weight;
  return {
      {"model",
       nic_choice<&Nic::model>(),
       question,
       "the card",
       k_any,
       {"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"}},
      {"link",
       nic_choice<&Nic::link>(),
       question,
       "user: network of the hypervisor; wire: one end of a cable between two cards of the guest",
       k_any,
       {"user", "wire"}},
  };
}

std::vector<Key<WorkloadSpec>> make_workload_keys() {
  using W = WorkloadSpec;
  using enum Weight;
  return {
      {"kind",
       &in<&W::kind, W>,
       question,
       "what runs; script: a program of your own",
       k_any,
       {"iperf", "churn", "script"}},
      {"name", &in<&W::name, W>, question, "in reports; empty: its kind"},
      {"duration", &in<&W::duration, W>, question, "of the stress itself, set-up not counted", {100, 24_h}},
      {"limit",
       &in<&W::limit, W>,
       question,
       "past it the workload has failed; 0: from duration and machine",
       {0, 48_h}},
      {"parameters", &in<&W::parameters, W>, question, "settings of the kind"},
      {"program", &in<&W::program, W>, question, "script: file that is taken into the guest and run"},
      {"arguments", &in<&W::arguments, W>, question, "script: arguments of the program"},
      {"files", &in<&W::files, W>, question, "script: files taken along, into /kv/files"},
  };
}

}  // namespace

// Constants that need a constructor; made at first use.
template <>
std::span<const Key<Config>> keys<Config>() {
  static const std::vector<Key<Config>> k_table = make_config_keys();
  return k_table;
}
template <>
std::span<const Key<FixupConfig>> keys<FixupConfig>() {
  static const std::vector<Key<FixupConfig>> k_table = make_fixup_keys();
  return k_table;
}
template <>
std::span<const Key<Nic>> keys<Nic>() {
  static const std::vector<Key<Nic>> k_table = make_nic_keys();
  return k_table;
}
template <>
std::span<const Key<WorkloadSpec>> keys<WorkloadSpec>() {
  static const std::vector<Key<WorkloadSpec>> k_table = make_workload_keys();
  return k_table;
}

}  // namespace kverdict
