#include "orchestrator/cli/config.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "orchestrator/cli/keys.hpp"
#include "orchestrator/cli/load.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const fs::path k_configs = fs::path(KV_SOURCE_DIR) / "configs";

// A folder with files, and the inputs of a process that runs in it: no other place is looked at.
class Loading : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "kv-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = fs::canonical(name);
    inputs_.directory = folder_;
    inputs_.system_file = inputs_.directory / "etc/kverdict/config.toml";
    inputs_.environment["HOME"] = (inputs_.directory / "home").string();
  }
  // Only what SetUp made, whatever a test does to the inputs.
  void TearDown() override {
    if (folder_.filename().string().starts_with("kv-config-")) fs::remove_all(folder_);
  }

  fs::path put(const fs::path& name, const std::string& text) {
    const fs::path path = inputs_.directory / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::vector<std::string> problems() const {
    std::vector<std::string> texts;
    for (const Problem& problem : read_config(inputs_).problems) texts.push_back(to_text(problem));
    return texts;
  }

  ConfigInputs inputs_;

 private:
  fs::path folder_;
};

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

}  // namespace
}  // namespace kverdict
