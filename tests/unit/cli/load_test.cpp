#include "orchestrator/cli/load.hpp"

#include <gmock/gmock.h>

#include "orchestrator/cli/show.hpp"
#include "runners/error.hpp"
#include "tests/unit/cli/loading.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(Loading, HigherLayersWinAndEachValueKnowsItsOrigin) {
  const auto jobs = [](int count) { return "schema = 1\n[build]\njobs = " + std::to_string(count) + "\n"; };
  const auto expect = [&](unsigned count, const Origin& origin) {
    const LoadedConfig loaded = read_config(inputs_);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.config.build.jobs, count);
    EXPECT_EQ(loaded.origin("build.jobs"), origin);
  };
  expect(0, {Layer::builtin, ""});
  const fs::path system = put("etc/kverdict/config.toml", jobs(1));
  expect(1, {Layer::system, system.string() + ":3"});
  const fs::path user = put("home/.config/kverdict/config.toml", jobs(2));
  expect(2, {Layer::user, user.string() + ":3"});
  inputs_.environment["XDG_CONFIG_HOME"] = (folder() / "xdg").string();
  const fs::path xdg = put("xdg/kverdict/config.toml", jobs(3));
  expect(3, {Layer::user, xdg.string() + ":3"});
  put("kverdict.toml", jobs(4));
  expect(4, {Layer::project, "kverdict.toml:3"});
  put("other.toml", jobs(5));
  inputs_.environment["KVERDICT_CONFIG"] = "other.toml";
  expect(5, {Layer::project, "other.toml:3"});
  inputs_.environment["KVERDICT_CONFIG"] = "gone.toml";
  inputs_.file = "other.toml";
  expect(5, {Layer::project, "other.toml:3"});
  inputs_.environment["KVERDICT_BUILD_JOBS"] = "6";
  expect(6, {Layer::environment, "KVERDICT_BUILD_JOBS"});
  inputs_.flags = {{"--jobs", "build.jobs", {"7"}}};
  expect(7, {Layer::flag, "--jobs"});
}

TEST_F(Loading, AListReplacesTheOneBelowIt) {
  put("home/.config/kverdict/config.toml", "schema = 1\n[build]\nfragments = [\"a\", \"b\"]\n");
  put("kverdict.toml", "schema = 1\n[build]\nfragments = [\"c\"]\n");
  EXPECT_THAT(read_config(inputs_).config.build.fragments, ElementsAre(folder() / "c"));
}

TEST_F(Loading, PathsStartAtTheFileThatNamesThem) {
  inputs_.file = "deep/session.toml";
  put("deep/session.toml", "schema = 1\n[source]\nrepo = \"../linux/\"\n[build]\nfragments = [\"f\"]\n");
  inputs_.environment["KVERDICT_RUN_STATE"] = "state";
  const Config config = read_config(inputs_).config;
  EXPECT_EQ(config.source.repo, folder() / "linux");
  EXPECT_THAT(config.build.fragments, ElementsAre(folder() / "deep/f"));
  EXPECT_EQ(config.run.state, folder() / "state");
}

TEST_F(Loading, VariablesTakeListsTablesAndTruths) {
  inputs_.environment["KVERDICT_SOURCE_GOOD"] = "v6.0,v5.19";
  inputs_.environment["KVERDICT_VERDICT_HUNT"] = R"(["KASAN: a, b"])";
  inputs_.environment["KVERDICT_BUILD_MAKE_VARIABLES"] = "CC=gcc-11,V=1";
  inputs_.environment["KVERDICT_TARGET_NICS"] = R"([{model = "e1000e"}])";
  inputs_.environment["KVERDICT_WORKLOAD"] = R"([{kind = "churn", duration = "1s"}])";
  inputs_.environment["KVERDICT_SOURCE_FIRST_PARENT"] = "yes";
  inputs_.environment["KVERDICT_UNRELATED"] = "x";
  ASSERT_THAT(problems(), IsEmpty());
  const Config config = read_config(inputs_).config;
  EXPECT_THAT(config.source.good, ElementsAre("v6.0", "v5.19"));
  EXPECT_THAT(config.verdict.titles, ElementsAre("KASAN: a, b"));
  EXPECT_EQ(config.build.make_variables, (std::map<std::string, std::string>{{"CC", "gcc-11"}, {"V", "1"}}));
  EXPECT_THAT(config.target.nics, ElementsAre(Nic{NicModel::e1000e, NicLink::user}));
  EXPECT_EQ(config.workloads.at(0).duration, std::chrono::seconds(1));
  EXPECT_TRUE(config.source.first_parent);
}

TEST_F(Loading, BadValuesOfVariablesAndFlagsNameThem) {
  inputs_.environment["KVERDICT_BUILD_JOBS"] = "many";
  inputs_.environment["KVERDICT_BULD_JOBS"] = "no table of ours begins so";
  inputs_.environment["KVERDICT_BUILD_JOBBS"] = "3";
  inputs_.environment["KVERDICT_TARGET_NICS"] = "[{model";
  inputs_.flags = {{"--run.lab-retries", "run.lab_retries", {"-1"}}, {"--hunt", "verdict.hunt", {"a\nb"}}};
  const auto found = problems();
  ASSERT_EQ(found.size(), 5u);
  EXPECT_EQ(found[0], "KVERDICT_BUILD_JOBS: build.jobs: is 'many'; give a whole number");
  EXPECT_THAT(found[1], HasSubstr("KVERDICT_TARGET_NICS: target.nics:1: not valid TOML: "));
  EXPECT_EQ(found[2], "KVERDICT_BUILD_JOBBS: is no variable of ours; did you mean 'KVERDICT_BUILD_JOBS'?");
  EXPECT_EQ(found[3], "--run.lab-retries: run.lab_retries: is '-1'; give a whole number");
  EXPECT_EQ(found[4], "--hunt: verdict.hunt: holds a control character or line break; remove it");
}

struct Bad {
  std::string lines;  // after "schema = 1"
  std::string problem;
};

class BadFile : public Loading, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadFile, IsRefusedInOneLineThatNamesTheCure) {
  put("kverdict.toml", "schema = 1\n" + GetParam().lines);
  EXPECT_THAT(problems(), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFile,
    ::testing::Values(
        Bad{"[build]\njosb = 4", "kverdict.toml:3: build.josb: is no key of ours; did you mean 'jobs'?"},
        Bad{"[biuld]\njobs = 4", "kverdict.toml:2: biuld: is no table of ours; did you mean 'build'?"},
        Bad{"jobs = 4", "kverdict.toml:2: jobs: is no key of ours; did you mean 'build.jobs'?"},
        Bad{"[run]\njobs = 4", "kverdict.toml:3: run.jobs: is no key of ours; did you mean 'build.jobs'?"},
        Bad{"[build]\nzzzzzz = 4", "kverdict.toml:3: build.zzzzzz: is no key of ours"},
        Bad{"build = 4", "kverdict.toml:2: build: is 4, must be a table; write [build]"},
        Bad{"[build]\njobs = \"4\"", "kverdict.toml:3: build.jobs: is '4'; give a whole number"},
        Bad{"[build]\njobs = 2000", "kverdict.toml:3: build.jobs: is 2000, out of range; give 0 to 1024"},
        Bad{"[build]\njobs = -1", "kverdict.toml:3: build.jobs: is -1, out of range; give 0 to 1024"},
        Bad{"[build]\nlimit = 45",
            "kverdict.toml:3: build.limit: is 45; give a duration with its unit, like \"90s\" or \"45min\""},
        Bad{"[build]\nlimit = \"45 minutes\"",
            "kverdict.toml:3: build.limit: is '45 minutes'; give a duration with its unit, like \"90s\" or "
            "\"45min\""},
        Bad{"[build]\nlimit = \"1s\"", "kverdict.toml:3: build.limit: is '1s', out of range; give 10s to 2d"},
        Bad{"[bisect]\nconfidence = \"sure\"",
            "kverdict.toml:3: bisect.confidence: is 'sure'; give a fraction, like 0.99 or \"99%\""},
        Bad{"[bisect]\nconfidence = 0.2",
            "kverdict.toml:3: bisect.confidence: is 0.2, out of range; give 0.5 to 0.999999"},
        Bad{"[bisect]\nconfidence = \"101%\"",
            "kverdict.toml:3: bisect.confidence: is '101%'; give a fraction, like 0.99 or \"99%\""},
        Bad{"[target]\nmemory = \"256\"",
            "kverdict.toml:3: target.memory: is '256'; give a size with its unit, like \"256MiB\" or "
            "\"20GB\""},
        Bad{"[target]\nmemory = \"1MiB\"",
            "kverdict.toml:3: target.memory: is '1MiB', out of range; give 64MiB to 1TiB"},
        Bad{"[build]\nccache = \"atuo\"",
            "kverdict.toml:3: build.ccache: is 'atuo'; give one of 'auto', 'on', 'off'; did you mean "
            "'auto'?"},
        Bad{"[build]\nccache = true",
            "kverdict.toml:3: build.ccache: is true, must be a text; write it in double quotes"},
        Bad{"[source]\ntype = \"svn\"",
            "kverdict.toml:3: source.type: is 'svn'; give one of 'git', 'packages'"},
        Bad{"[source]\nfirst_parent = \"yes\"",
            "kverdict.toml:3: source.first_parent: is 'yes'; give true or false"},
        Bad{"[source]\nbad = 6.10",
            "kverdict.toml:3: source.bad: is 6.1, must be a text; write it in double quotes"},
        Bad{"[source]\ngood = [\n\"a\",\n7]",
            "kverdict.toml:5: source.good: is 7, must be a text; write it in double quotes"},
        Bad{"[source]\nbad = 2020-01-01",
            "kverdict.toml:3: source.bad: is a value of another kind, must be a text; write it in double "
            "quotes"},
        Bad{"[build]\nmake_variables = \"CC=gcc\"",
            "kverdict.toml:3: build.make_variables: is 'CC=gcc'; give a table, like { NAME = \"value\" }"},
        Bad{"[build.make_variables]\nCC = []",
            "kverdict.toml:3: build.make_variables.CC: is a list; give a text or a number"},
        Bad{"[target]\nnics = [{ modle = \"e1000\" }]",
            "kverdict.toml:3: target.nics.modle: is no key of ours; did you mean 'model'?"},
        Bad{"[target]\nnics = [{ model = \"e100\" }]",
            "kverdict.toml:3: target.nics.model: is 'e100'; give one of 'virtio', 'e1000', 'e1000e', "
            "'rtl8139', "
            "'vmxnet3'; did you mean 'e1000'?"},
        Bad{"[target]\nnics = [\"e1000\"]",
            "kverdict.toml:3: target.nics: is 'e1000'; give a table, like { KEY = value }"},
        Bad{"[[workload]]\nkind = \"iperff\"",
            "kverdict.toml:3: workload.kind: is 'iperff'; give one of 'iperf', 'churn', 'script'; did you "
            "mean 'iperf'?"},
        Bad{"[[workload]]\nname = \"x\"",
            "kverdict.toml:2: workload: has no kind; give one of 'iperf', 'churn', 'script'"},
        Bad{"[[workload]]\nkind = \"churn\"\nduration = \"1ms\"",
            "kverdict.toml:4: workload.duration: is '1ms', out of range; give 100ms to 1d"},
        Bad{"[[build.fixup]]\nfrom = \"v1\"",
            "kverdict.toml:2: build.fixup: has no patch; name the file: patch = \"FILE\""}));

TEST_F(Loading, SchemaMustBeThereAndKnown) {
  put("kverdict.toml", "[build]\njobs = 1\n");
  EXPECT_THAT(problems(),
              ElementsAre("kverdict.toml:1: schema: is missing; write 'schema = 1' above the first table"));
  put("kverdict.toml", "\nschema = 2\n");
  EXPECT_THAT(problems(), ElementsAre("kverdict.toml:2: schema: is 2, newer than this version reads; write "
                                      "'schema = 1', or use a newer kverdict"));
  put("kverdict.toml", "schema = \"1\"\n");
  EXPECT_THAT(problems(), ElementsAre("kverdict.toml:1: schema: is '1'; write 'schema = 1'"));
}

TEST_F(Loading, BrokenFilesAreNamed) {
  put("kverdict.toml", "schema = 1\n[build\n");
  ASSERT_EQ(problems().size(), 1u);
  EXPECT_THAT(problems().front(), HasSubstr("kverdict.toml:2: not valid TOML: "));
  EXPECT_EQ(problems().front().find('\n'), std::string::npos);
  inputs_.file = "gone.toml";
  EXPECT_THAT(problems(),
              ElementsAre("gone.toml: cannot be read: No such file or directory; name a readable file"));
  inputs_.file = "large.toml";
  put("large.toml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(problems(), ElementsAre("large.toml: is larger than 1 MiB; this is no configuration"));
}

TEST_F(Loading, AllProblemsAreCollectedAndTheFirstIsThrown) {
  put("kverdict.toml", "schema = 1\n[build]\njobs = -1\nlimit = 3\n[verdict]\nhang = \"x\"\n");
  EXPECT_EQ(problems().size(), 3u);
  try {
    load_config(inputs_, Need::files);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(
        error.what(),
        "kverdict.toml:3: build.jobs: is -1, out of range; give 0 to 1024 (and 2 more; kverdict config check "
        "lists all)");
  }
}

TEST_F(Loading, ARefusedListKeepsTheOldValue) {
  put("home/.config/kverdict/config.toml", "schema = 1\n[source]\ngood = [\"a\"]\n");
  put("kverdict.toml", "schema = 1\n[source]\ngood = [\"b\", 7]\n");
  EXPECT_THAT(read_config(inputs_).config.source.good, ElementsAre("a"));
}

TEST_F(Loading, NestingWithoutEndIsSurvived) {
  put("kverdict.toml",
      "schema = 1\n[source]\ngood = " + std::string(200, '[') + std::string(200, ']') + "\n");
  EXPECT_FALSE(problems().empty());
}

TEST_F(Loading, ASessionNeedsEndsAWorkloadAndARepository) {
  EXPECT_THAT(misfits(Need::files), IsEmpty());
  EXPECT_THAT(
      misfits(Need::trial),
      ElementsAre(
          "workload: is not given; add a [[workload]] table, like kind = \"churn\", to kverdict.toml"));
  inputs_.flags = {{"--repo", "source.repo", {"nowhere"}}, {"--bad", "source.bad", {"v2"}}};
  inputs_.environment["KVERDICT_WORKLOAD"] = R"([{kind = "churn"}])";
  EXPECT_THAT(
      misfits(Need::session),
      ElementsAre("--repo: source.repo: 'DIR/nowhere' is no directory; name a git repository: --repo DIR",
                  "source.good: is not given; name one that works: --good REV"));
}

TEST_F(Loading, ValuesMustFitTogether) {
  put("kverdict.toml", R"(schema = 1
[build]
base = "my.config"
fragments = ["gone.fragment"]
make_variables = { O = "/tmp/x" }
[[build.fixup]]
patch = "gone.patch"
[target]
nics = [{ link = "wire" }]
[[workload]]
kind = "script"
name = "mine"
program = "gone.sh"
[[workload]]
kind = "churn"
parameters = { concurency = 4 }
[[workload]]
kind = "churn"
[run]
name = "../x"
)");
  const auto found = misfits(Need::files);
  ASSERT_EQ(found.size(), 9u);
  EXPECT_EQ(found[0], "kverdict.toml:20: run.name: is '../x'; use letters, digits, '.', '_' and '-' only");
  EXPECT_EQ(found[1],
            "kverdict.toml:9: target.nics: has 1 wire ends, and a wire has two; add or remove a card");
  EXPECT_THAT(found[2], HasSubstr("kverdict.toml:10: workload: workload 'mine'"));
  EXPECT_THAT(found[3], HasSubstr("concurency"));
  EXPECT_THAT(found[4], HasSubstr("two are named 'churn'"));
  EXPECT_EQ(found[5],
            "kverdict.toml:3: build.base: 'DIR/my.config' does not exist; paths are relative to the file "
            "that names them");
  EXPECT_THAT(found[6], HasSubstr("gone.fragment"));
  EXPECT_THAT(found[7], HasSubstr("gone.patch"));
  EXPECT_THAT(found[8], HasSubstr("output directory"));
}

TEST_F(Loading, ShownConfigurationReadsBack) {
  inputs_.environment["KVERDICT_SOURCE_GOOD"] = "v6.0,v\"5";
  inputs_.environment["KVERDICT_TARGET_SYSCTLS"] = "kernel.panic_on_warn=1";
  inputs_.environment["KVERDICT_WORKLOAD"] = R"([{kind = "churn", parameters = {rate = 4}}])";
  const LoadedConfig loaded = read_config(inputs_);
  const std::string shown = show_config(loaded, OutputForm::text);
  EXPECT_THAT(shown, HasSubstr("jobs = 0  # built in\n"));
  EXPECT_THAT(shown, HasSubstr("good = [\"v6.0\", \"v\\\"5\"]  # KVERDICT_SOURCE_GOOD\n"));
  inputs_.environment = {{"HOME", inputs_.environment["HOME"]}};
  put("kverdict.toml", shown);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(read_config(inputs_).config, loaded.config);
}

TEST_F(Loading, CheckPrintsEveryProblemAsTextAndJson) {
  put("kverdict.toml", "schema = 1\n[build]\njobs = -1\nfragments = [\"gone\"]\n");
  const auto found = all_problems(inputs_, Need::files);
  EXPECT_EQ(found.size(), 2u);
  EXPECT_THAT(show_problems(found, OutputForm::text), HasSubstr("kverdict.toml:3: build.jobs: is -1"));
  EXPECT_THAT(
      show_problems(found, OutputForm::json),
      HasSubstr(R"({"schema":1,"ok":false,"problems":[{"where":"kverdict.toml:3","key":"build.jobs")"));
  EXPECT_EQ(show_problems({}, OutputForm::json), "{\"schema\":1,\"ok\":true,\"problems\":[]}\n");
}

}  // namespace
}  // namespace kverdict
