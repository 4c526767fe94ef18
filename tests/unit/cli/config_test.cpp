#include "orchestrator/cli/config.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/cli/keys.hpp"
#include "orchestrator/cli/load.hpp"
#include "runners/error.hpp"
#include "tests/unit/cli/loading.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path k_configs = fs::path(KV_SOURCE_DIR) / "configs";

TEST_F(Loading, WithoutAnyFileEveryValueIsBuiltIn) {
  const LoadedConfig loaded = read_config(inputs_);
  Config expected;
  expected.source.repo = inputs_.directory;
  EXPECT_EQ(loaded.config, expected);
  EXPECT_THAT(loaded.origins, IsEmpty());
  EXPECT_THAT(loaded.problems, IsEmpty());
}

TEST_F(Loading, ReadsEveryKindOfValue) {
  put("kverdict.toml", R"(schema = 1
[source]
repo = "linux"
good = "v6.0"
bad = "v6.1"
first_parent = true
paths = ["net", "drivers/net"]
[build]
base = "tinyconfig"
fragments = ["a.config", "/b.config", "~/c.config"]
make_variables = { CC = "gcc-11", V = 1 }
jobs = 3
limit = "1h30min"
target = "bzImage"
cache_limit = "1.5GiB"
[[build.fixup]]
patch = "fix.patch"
to = "v6.1-rc3"
[target]
nics = [{ model = "e1000", link = "wire" }, { model = "e1000", link = "wire" }]
[[workload]]
kind = "churn"
duration = "2500ms"
parameters = { concurrency = 64, close = "rst", max_error_rate = 0.5 }
[[workload]]
kind = "script"
name = "mine"
program = "run.sh"
arguments = ["-x"]
)");
  const LoadedConfig loaded = read_config(inputs_);
  ASSERT_THAT(problems(), IsEmpty());
  const Config& config = loaded.config;
  const fs::path here = inputs_.directory;
  EXPECT_EQ(config.source.repo, here / "linux");
  EXPECT_THAT(config.source.good, ElementsAre("v6.0"));
  EXPECT_TRUE(config.source.first_parent);
  EXPECT_EQ(config.build.base, "tinyconfig");
  EXPECT_THAT(config.build.fragments, ElementsAre(here / "a.config", "/b.config", here / "home/c.config"));
  EXPECT_EQ(config.build.make_variables.at("V"), "1");
  EXPECT_EQ(config.build.limit, std::chrono::minutes(90));
  EXPECT_EQ(config.build.target, BuildTarget::bzimage);
  EXPECT_EQ(config.build.cache_limit, Bytes{3ULL << 29});
  EXPECT_THAT(config.build.fixups, ElementsAre(FixupConfig{here / "fix.patch", "", "v6.1-rc3"}));
  EXPECT_THAT(config.target.nics,
              ElementsAre(Nic{NicModel::e1000, NicLink::wire}, Nic{NicModel::e1000, NicLink::wire}));
  ASSERT_EQ(config.workloads.size(), 2u);
  EXPECT_EQ(config.workloads[0].name, "churn");
  EXPECT_EQ(config.workloads[0].duration, Millis(2500));
  EXPECT_EQ(config.workloads[0].parameters.at("concurrency"), "64");
  EXPECT_EQ(config.workloads[0].parameters.at("max_error_rate"), "0.5");
  EXPECT_EQ(config.workloads[1].program, here / "run.sh");
  EXPECT_EQ(loaded.origin("build.jobs"), (Origin{Layer::project, "kverdict.toml:12"}));
}

// A value of every kind that differs from its default.
Config unusual() {
  Config config;
  config.source.good = {"v6.0", "v5.19"};
  config.source.first_parent = true;
  config.build.base = "/etc/base";
  config.build.make_variables = {{"CC", "gcc \"11\""}};
  config.build.limit = Millis(12345);
  config.build.cache_limit = Bytes{123'456'789};
  config.build.fixups = {{"/p", "a", ""}};
  config.target.nics = {{NicModel::vmxnet3, NicLink::user}};
  config.workloads = {{"churn", "one", Millis(1500), Millis(0), {{"rate", "5"}}, "", {}, {}},
                      {"script", "two", Millis(5000), Millis(9000), {}, "/x", {"a b"}, {"/f"}}};
  config.verdict = {{"KASAN: a, b"}, OtherCrash::bad, HangPolicy::skip, WarningPolicy::count};
  config.run.build_ahead = false;
  return config;
}

TEST(ConfigJson, ReadsBackWhatItWrote) {
  EXPECT_EQ(config_from_json(to_json(Config{})), Config{});
  EXPECT_EQ(config_from_json(to_json(unusual())), unusual());
}

TEST(ConfigJson, MissingKeysKeepTheirDefaults) {
  EXPECT_EQ(config_from_json(R"({"schema":1,"source":{"repo":"."}})"), Config{});
}

TEST_F(Loading, ReferenceNamesEveryKeyWithItsDefault) {
  inputs_.directory = k_configs;
  inputs_.file = "reference.toml";
  const LoadedConfig loaded = read_config(inputs_);
  ASSERT_THAT(problems(), IsEmpty());
  Config expected;
  expected.source.repo = k_configs;
  EXPECT_THAT(diff(expected, loaded.config), IsEmpty());
  EXPECT_EQ(loaded.config, expected);
  for (const Key<Config>& key : keys<Config>()) {
    if (key.name == "workload" || key.name == "build.fixup") continue;
    EXPECT_EQ(loaded.origin(key.name).layer, Layer::project) << key.name << " is not in reference.toml";
  }
}

// Lines "#: TEXT" of the reference are examples: here they are in force.
std::string with_examples(std::istream& reference) {
  std::string text;
  for (std::string line; std::getline(reference, line);) {
    text += (line.starts_with("#: ") ? line.substr(3) : line) + "\n";
  }
  return text;
}

TEST_F(Loading, ReferenceExamplesNameEveryKeyOfTheirTables) {
  std::ifstream reference(k_configs / "reference.toml");
  const std::string text = with_examples(reference);
  inputs_.file = put("all.toml", text);
  EXPECT_THAT(problems(), IsEmpty());
  const Config config = read_config(inputs_).config;
  EXPECT_EQ(config.workloads.size(), 1u);
  EXPECT_EQ(config.build.fixups.size(), 1u);
  for (const auto& key : keys<WorkloadSpec>())
    EXPECT_THAT(text, HasSubstr("\n" + std::string(key.name) + " = "));
  for (const auto& key : keys<FixupConfig>())
    EXPECT_THAT(text, HasSubstr("\n" + std::string(key.name) + " = "));
}

TEST_F(Loading, ReferenceNamesEveryChoice) {
  std::ifstream stream(k_configs / "reference.toml");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (const auto& key : keys<Config>()) {
    for (std::string_view choice : key.choices) EXPECT_THAT(text, HasSubstr(std::string(choice))) << key.name;
  }
  for (const auto& key : keys<Nic>()) {
    for (std::string_view choice : key.choices) EXPECT_THAT(text, HasSubstr(std::string(choice))) << key.name;
  }
}

TEST_F(Loading, EveryExampleLoadsAndFitsTogether) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(k_configs)) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    inputs_.file = entry.path();
    EXPECT_THAT(problems(), IsEmpty()) << entry.path();
    EXPECT_THAT(misfits(Need::files), IsEmpty()) << entry.path();
  }
  EXPECT_GE(count, 4u);
}

TEST(ConfigJson, RefusesWhatThisVersionDoesNotKnow) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"{", "configuration in the journal: not valid JSON"},
      {"[]", "configuration in the journal: is no table"},
      {"{}",
       "configuration in the journal: has schema 0, this version reads 1; use the version that wrote it"},
      {R"({"schema":2})",
       "configuration in the journal: has schema 2, this version reads 1; use the version that wrote it"},
      {R"({"schema":1,"source":{"branch":"x"}})",
       "configuration in the journal: source.branch: is no key of this version; use the version that wrote "
       "it"},
      {R"({"schema":1,"build":{"jobs":-1}})",
       "configuration in the journal: build.jobs: is -1, out of range; give 0 to 1024"},
  };
  for (const auto& [text, expected] : table) {
    try {
      config_from_json(text);
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), expected);
    }
  }
}

TEST(ConfigDiff, NamesEveryChangedKeyWithItsWeight) {
  EXPECT_THAT(diff(Config{}, Config{}), IsEmpty());
  Config after;
  after.source.bad = "v6.1";
  after.verdict.titles = {"x"};
  after.limits.boot = std::chrono::minutes(2);
  EXPECT_THAT(diff(Config{}, after),
              ElementsAre(ConfigChange{"source.bad", Weight::question, "\"\"", "\"v6.1\""},
                          ConfigChange{"verdict.hunt", Weight::opinion, "[]", "[\"x\"]"},
                          ConfigChange{"limits.boot", Weight::comfort, "\"1min\"", "\"2min\""}));
}

TEST(ConfigDiff, EveryKeyIsCompared) {
  // A key that could not be told apart would make a resumed session ask another question unnoticed.
  EXPECT_GE(diff(Config{}, unusual()).size(), 14u);
  for (const ConfigChange& change : diff(Config{}, unusual())) EXPECT_NE(change.before, change.after);
}

TEST(ConfigDiff, ResumingMayChangeOpinionsAndComfortOnly) {
  Config after;
  after.verdict.titles = {"x"};
  after.build.jobs = 3;
  EXPECT_NO_THROW(require_same_question(Config{}, after));
  after.target.cpus = 2;
  after.build.base = "tinyconfig";
  try {
    require_same_question(Config{}, after);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(
        error.what(),
        "configuration changed since the session began: build.base (\"defconfig\" -> \"tinyconfig\"), "
        "target.cpus (1 -> 2); put the old values back to resume, or start a new session with kverdict run");
  }
}

}  // namespace
}  // namespace kverdict
