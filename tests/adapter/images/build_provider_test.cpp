#include "orchestrator/images/build_provider.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstdlib>

#include "fake_kernel.hpp"
#include "orchestrator/images/kernel_file.hpp"
#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/real_time.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using test::FakeKernel;
using testing::HasSubstr;

class BuildProviderTest : public testing::Test {
 protected:
  ~BuildProviderTest() override { pool_.join(); }

  BuildProvider& provider(const BuildOptions& options) {
    provider_.reset();
    auto count = [this](const BuildProgress& progress) { last_ = progress; };
    provider_ = std::make_unique<BuildProvider>(time_.clock(), pool_, options, std::move(count));
    return *provider_;
  }
  ImageResult ask(const CandidateId& id) {
    if (!provider_) provider(kernel_.options());
    return time_.run(provider_->image_for(id));
  }
  BuiltImage built(const CandidateId& id) {
    auto result = ask(id);
    const auto* failed = std::get_if<BuildFailure>(&result);
    if (failed) throw std::runtime_error(failed->detail + "\n" + failed->log_tail);
    return std::get<BuiltImage>(result);
  }
  BuildFailure failed(const CandidateId& id) { return std::get<BuildFailure>(ask(id)); }
  template <class Error>
  std::string thrown(const CandidateId& id) {
    try {
      ask(id);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing thrown";
  }
  unsigned times_prepared() {
    const auto text = read_file_if_there(kernel_.root() / "out/prepare.count", 1 << 20).value_or("");
    return static_cast<unsigned>(std::count(text.begin(), text.end(), '\n'));
  }
  // The same candidate, built from nothing elsewhere.
  std::string built_from_scratch(const CandidateId& id, BuildOptions options) {
    const auto name = "scratch" + id.value.substr(0, 8);
    for (auto* path : {&options.worktree, &options.output, &options.cache})
      *path = kernel_.root() / name / path->filename();
    BuildProvider other(time_.clock(), pool_, options);
    const auto result = std::get<BuiltImage>(time_.run(other.image_for(id)));
    return bytes(result);
  }
  static std::string bytes(const BuiltImage& image) { return read_file(image.image.kernel, 64 << 20); }

  FakeKernel kernel_;
  RealTime time_;
  BlockingPool pool_{2};
  BuildProgress last_;
  std::unique_ptr<BuildProvider> provider_;
};

TEST_F(BuildProviderTest, BuildsABootableKernelThatProvesItsIdentity) {
  const auto first = built(kernel_.first());
  EXPECT_EQ(first.image.format, KernelFormat::pvh_elf);
  EXPECT_EQ(first.image.release, "6.1.0-kverdict");
  EXPECT_EQ(first.image.build_id.size(), 40U);
  EXPECT_FALSE(first.from_cache);
  EXPECT_EQ(read_kernel_file(first.image.kernel).build_id, first.image.build_id);
  EXPECT_EQ(last_.phase, BuildPhase::store);
}

TEST_F(BuildProviderTest, AskedAgainDoesNotBuildAgainAlsoInAnotherSession) {
  const auto first = built(kernel_.first());
  const auto prepared = times_prepared();
  EXPECT_TRUE(built(kernel_.first()).from_cache);
  const auto same_tree = kernel_.commit({});
  provider(kernel_.options());
  const auto again = built(same_tree);
  EXPECT_TRUE(again.from_cache);
  EXPECT_EQ(again.image, first.image);
  EXPECT_EQ(times_prepared(), prepared);
}

TEST_F(BuildProviderTest, AStepMakesOnlyWhatChangedAndGivesTheBytesOfAFullBuild) {
  built(kernel_.first());
  const auto source = kernel_.commit({{"drivers/b.c", "int b(int x) { return x * 7; }\n"}});
  const auto header = kernel_.commit({{"include/shared.h", "#define SHARED 2\n"}});
  for (const auto& id : {source, header, kernel_.first(), header}) {
    const auto before = times_prepared();
    const auto step = built(id);
    EXPECT_EQ(times_prepared(), before) << "make walked over the tree";
    EXPECT_EQ(bytes(step), built_from_scratch(id, kernel_.options()));
  }
}

TEST_F(BuildProviderTest, AHeadersNewHelperRemakesOneObjectAndGivesTheBytesOfAFullBuild) {
  const std::string header = "#define SHARED 2\n";
  const std::string helper = "static inline int twice(int x) { return 2 * x; }\n";
  const auto plain =
      kernel_.commit({{"include/shared.h", header},
                      {"drivers/a.c", "#include <shared.h>\nint a(int x) { return x + SHARED; }\n"},
                      {"drivers/b.c", "#include <shared.h>\nint b(int x) { return x - SHARED; }\n"}});
  const auto helped = kernel_.commit({{"include/shared.h", header + helper}});
  const auto broken = kernel_.commit({{"include/shared.h", header + "static inline int twice(no x) { }\n"}});
  built(plain);
  const auto made = [&](const char* object) { return fs::last_write_time(kernel_.root() / "out" / object); };
  const auto a = made("drivers/a.o"), b = made("drivers/b.o");
  const auto before = times_prepared();
  EXPECT_EQ(bytes(built(helped)), built_from_scratch(helped, kernel_.options()));
  EXPECT_EQ(times_prepared(), before) << "make walked over the tree";
  EXPECT_NE(made("drivers/a.o") == a, made("drivers/b.o") == b)
      << "one of the two is made, to try the header";
  EXPECT_THAT(failed(broken).detail, HasSubstr("shared.h"));
  EXPECT_EQ(bytes(built(plain)), built_from_scratch(plain, kernel_.options()));
}

TEST_F(BuildProviderTest, AMakefileChangeBuildsTheWholeTree) {
  built(kernel_.first());
  auto makefile = read_file(kernel_.root() / "clone/Makefile", 1 << 20);
  makefile.replace(makefile.find("-O1"), 3, "-O2");
  const auto changed = kernel_.commit({{"Makefile", makefile}});
  const auto before = times_prepared();
  const auto step = built(changed);
  EXPECT_GT(times_prepared(), before);
}

TEST_F(BuildProviderTest, TextForPeopleIsNoReasonToMakeAnything) {
  const auto first = built(kernel_.first());
  const auto text = kernel_.commit({{"Documentation/a.rst", "words\n"}});
  const auto before = times_prepared();
  const auto step = built(text);
  EXPECT_FALSE(step.from_cache);
  EXPECT_EQ(step.code_digest, first.code_digest);
  EXPECT_EQ(times_prepared(), before);
}

TEST_F(BuildProviderTest, ABuildFailureIsAFactWithTheFirstErrorAndTheLogsTail) {
  built(kernel_.first());
  const auto broken = kernel_.commit({{"drivers/b.c", "int b(int x) { return y; }\n"}});
  const auto fixed = kernel_.commit({{"drivers/b.c", "int b(int x) { return x; }\n"}});
  const auto failure = failed(broken);
  EXPECT_THAT(failure.detail, HasSubstr("b.c:1:"));
  EXPECT_THAT(failure.detail, HasSubstr("undeclared"));
  EXPECT_THAT(failure.log_tail, HasSubstr("Error 1"));
  EXPECT_EQ(bytes(built(fixed)), built_from_scratch(fixed, kernel_.options()));
  EXPECT_EQ(bytes(built(kernel_.first())), built_from_scratch(kernel_.first(), kernel_.options()));
}

TEST_F(BuildProviderTest, OptionsThatTheKernelDoesNotTakeAreWarnedOf) {
  auto options = kernel_.options();
  write_file(kernel_.root() / "fragment", "CONFIG_PVH=y\nCONFIG_LOST=y\n");
  provider(options);
  EXPECT_THAT(built(kernel_.first()).warnings,
              testing::ElementsAre("CONFIG_LOST=y was asked for, but it is not set"));
  EXPECT_THAT(built(kernel_.first()).warnings, testing::SizeIs(1)) << "also from the cache";
}

TEST_F(BuildProviderTest, ABaseFileIsCompletedByOlddefconfig) {
  auto options = kernel_.options();
  write_file(kernel_.root() / "base", "CONFIG_BASE=y\nCONFIG_LOCALVERSION=\"-mine\"\n");
  options.base = kernel_.root() / "base";
  provider(options);
  built(kernel_.first());
  const auto config = read_file(kernel_.root() / "out/.config", 1 << 20);
  EXPECT_THAT(config, HasSubstr("CONFIG_BASE=y\n"));
  EXPECT_THAT(config, HasSubstr("CONFIG_A=y\n"));
  EXPECT_THAT(config, HasSubstr("CONFIG_LOCALVERSION=\"\"\n"));
}

TEST_F(BuildProviderTest, TheConfigurationIsMadeAgainOnlyWhenKconfigChanged) {
  built(kernel_.first());
  const auto config = kernel_.root() / "out/.config";
  const auto made = fs::last_write_time(config);
  built(kernel_.commit({{"drivers/a.c", "int a(int x) { return x; }\n"}}));
  EXPECT_EQ(fs::last_write_time(config), made);
  built(kernel_.commit({{"Kconfig", "config B\n"}}));
  EXPECT_GT(fs::last_write_time(config), made);
}

std::string fixup_patch() {
  return "--- a/drivers/b.c\n+++ b/drivers/b.c\n@@ -1 +1 @@\n-int b(int x) { return y; }\n+int b(int x) { "
         "return x; }\n";
}

TEST_F(BuildProviderTest, FixupsAreAppliedInsideTheirRangeAndTakenOffAfter) {
  const auto broken = kernel_.commit({{"drivers/b.c", "int b(int x) { return y; }\n"}});
  const auto fixed = kernel_.commit({{"drivers/b.c", "int b(int x) { return x; }\n"}});
  auto options = kernel_.options();
  BuildFixup fixup;
  fixup.patch = kernel_.root() / "fix.patch";
  write_file(fixup.patch, fixup_patch());
  fixup.covers = [&](const CandidateId& id) { return id != kernel_.first(); };
  options.fixups = {fixup};
  provider(options);
  const auto helped = built(broken);
  EXPECT_EQ(read_file(kernel_.root() / "worktree/tree/drivers/b.c", 1000), "int b(int x) { return y; }\n");
  const auto itself = built(fixed);  // the change is in already: left out
  EXPECT_EQ(bytes(helped), bytes(itself));
  EXPECT_EQ(bytes(built(kernel_.first())), built_from_scratch(kernel_.first(), kernel_.options()));
}

TEST_F(BuildProviderTest, AFixupThatDoesNotApplyInItsRangeIsAClearError) {
  auto options = kernel_.options();
  BuildFixup fixup;
  fixup.patch = kernel_.root() / "fix.patch";
  write_file(fixup.patch, fixup_patch());
  options.fixups = {fixup};
  provider(options);
  EXPECT_THAT(thrown<UsageError>(kernel_.first()), HasSubstr("fix.patch does not apply"));
}

TEST_F(BuildProviderTest, ATimeOutIsTheLabsFault) {
  write_file(kernel_.block(), "");
  auto options = kernel_.options();
  options.limit = Millis{700};
  provider(options);
  EXPECT_THAT(thrown<InfraError>(kernel_.first()), HasSubstr("build.limit"));
}

TEST_F(BuildProviderTest, ACancelledBuildIsNoPartOfTheNext) {
  auto options = kernel_.options();
  provider(options);
  built(kernel_.first());
  const auto next = kernel_.commit({{"include/shared.h", "#define SHARED 3\n"}});
  write_file(kernel_.block(), "");
  boost::asio::cancellation_signal stop;
  bool started = false, ended = false;
  auto on_progress = [&](const BuildProgress& progress) {
    if (started || progress.phase != BuildPhase::compile) return;
    started = true;
    boost::asio::post(time_.context(), [&] { stop.emit(boost::asio::cancellation_type::all); });
  };
  provider_ = nullptr;
  provider_ = std::make_unique<BuildProvider>(time_.clock(), pool_, options, on_progress);
  auto task = provider_->image_for(next);
  auto finish = [&](std::exception_ptr error, std::optional<ImageResult>) { ended = error != nullptr; };
  boost::asio::co_spawn(time_.context(), race_detail::boxed<ImageResult>(std::move(task)),
                        boost::asio::bind_cancellation_slot(stop.slot(), finish));
  time_.context().restart();
  time_.context().run();
  EXPECT_TRUE(started);
  EXPECT_TRUE(ended);
  fs::remove(kernel_.block());
  const auto before = times_prepared();
  EXPECT_EQ(bytes(built(next)), built_from_scratch(next, kernel_.options()));
  EXPECT_EQ(times_prepared(), before) << "make walked over the tree";
}

// Leaves the folder as kill -9 in the middle of a build does: an object half written over an old record.
TEST_F(BuildProviderTest, AHalfWrittenObjectOfAKilledBuildIsMadeAgain) {
  built(kernel_.first());
  const auto next = kernel_.commit({{"drivers/b.c", "int b(int x) { return x - 1; }\n"}});
  provider_.reset();
  const auto out = kernel_.root() / "out";
  fs::remove(out / ".kverdict-state.json");
  write_file(out / ".kverdict-began", "");
  write_file(out / "drivers/a.o", "half");
  EXPECT_EQ(bytes(built(next)), built_from_scratch(next, kernel_.options()));
}

TEST_F(BuildProviderTest, AFailureThatOldFilesMayExplainIsTriedFromScratch) {
  built(kernel_.first());
  const auto next = kernel_.commit({{"drivers/b.c", "int b(int x) { return x - 1; }\n"}});
  // As if the clock had lied: a damaged archive that make takes for current.
  write_file(kernel_.root() / "out/init/main.o", "damaged");
  EXPECT_EQ(bytes(built(next)), built_from_scratch(next, kernel_.options()));
}

TEST_F(BuildProviderTest, AKilledCompilerIsTheLabsFault) {
  write_file(kernel_.root() / "cc1", "#!/bin/sh\nkill -9 $$\n", Durability::plain, 0755);
  auto options = kernel_.options();
  options.make_variables["CC"] = "gcc -B" + kernel_.root().string() + "/";
  provider(options);
  EXPECT_THAT(thrown<InfraError>(kernel_.first()), HasSubstr("Killed"));
}

TEST_F(BuildProviderTest, AFullDiskIsTheLabsFault) {
  auto makefile = read_file(kernel_.root() / "clone/Makefile", 1 << 20);
  const std::string link = "\t@nm -n vmlinux > System.map\n";
  makefile.replace(makefile.find(link), link.size(), "\t@cat vmlinux > /dev/full\n");
  EXPECT_THAT(thrown<InfraError>(kernel_.commit({{"Makefile", makefile}})),
              HasSubstr("No space left on device"));
}

class EmptyPath {
 public:
  explicit EmptyPath(const fs::path& path) : old_(std::getenv("PATH")) { ::setenv("PATH", path.c_str(), 1); }
  ~EmptyPath() { ::setenv("PATH", old_.c_str(), 1); }

 private:
  std::string old_;
};

TEST_F(BuildProviderTest, MissingToolsAreNamedAllAtOnceWithTheirPackages) {
  provider(kernel_.options());
  make_dirs(kernel_.root() / "bin");
  const EmptyPath path(kernel_.root() / "bin");
  const auto text = thrown<UsageError>(kernel_.first());
  for (const char* word : {"make", "gcc", "flex", "bison", "bc", "apt-get install", "binutils"})
    EXPECT_THAT(text, HasSubstr(word));
}

TEST_F(BuildProviderTest, OptionsThatCannotWorkAreRefusedAtOnce) {
  auto bad = kernel_.options();
  bad.base = "allnoconfg";
  EXPECT_THROW(provider(bad), UsageError);
  bad = kernel_.options();
  bad.fragments = {kernel_.root() / "none"};
  EXPECT_THROW(provider(bad), UsageError);
  bad = kernel_.options();
  bad.fixups.emplace_back();
  bad.fixups.front().patch = kernel_.root() / "none.patch";
  EXPECT_THROW(provider(bad), UsageError);
}

TEST_F(BuildProviderTest, ABuildFolderHasOneUser) {
  built(kernel_.first());
  BuildProvider second(time_.clock(), pool_, kernel_.options());
  EXPECT_THROW(time_.run(second.image_for(kernel_.first())), UsageError);
}

TEST_F(BuildProviderTest, AnUnknownCandidateIsAUsageError) {
  CandidateId unknown;
  unknown.value = std::string(40, 'a');
  EXPECT_THROW(ask(unknown), UsageError);
}

}  // namespace
}  // namespace kverdict
