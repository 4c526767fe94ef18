// Every bad input gets one clear line and the right exit code; nothing is started, nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/adapter/program/program.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;

constexpr const char* k_session =
    "schema = 1\n[source]\nrepo = \"repo\"\n[build]\nbase = \"allnoconfig\"\n[[workload]]\nkind = "
    "\"churn\"\n";

struct Case {
  const char* what;
  const char* config;
  const char* arguments;
  int code;
  std::vector<const char*> said;
};

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, IsOneLineAndAnExitCode) {
  const auto& test = GetParam();
  const ProgramHome home;
  home.write("kverdict.toml", test.config);
  const auto said = home.kverdict(test.arguments);
  EXPECT_EQ(said.code, test.code) << said.err;
  EXPECT_EQ(std::count(said.err.begin(), said.err.end(), '\n'), 1) << said.err;
  EXPECT_THAT(said.err, testing::StartsWith("kverdict: "));
  for (const auto* part : test.said) EXPECT_THAT(said.err, HasSubstr(part));
  EXPECT_EQ(said.out, "");
  EXPECT_FALSE(std::filesystem::exists(home.path() / "state/kverdict/sessions")) << "a session was begun";
}

INSTANTIATE_TEST_SUITE_P(
    All, BadInput,
    testing::Values(Case{"command", k_session, "rnu", 2, {"rnu", "run"}},
                    Case{"flag", k_session, "run --god v1", 2, {"--god", "--good"}},
                    Case{"trial_usage", k_session, "trial", 129, {"needs a revision"}},
                    Case{"no_ends", k_session, "run", 2, {"--bad"}},
                    Case{"unknown_revision", k_session, "run --good main~7 --bad nonsense", 2, {"nonsense"}},
                    Case{"unknown_trial_revision", k_session, "trial nonsense", 129, {"nonsense"}},
                    Case{"exchanged", k_session, "run --good main --bad main~7", 2, {"exchange"}},
                    Case{"same", k_session, "run --good main --bad main", 2, {"same commit"}},
                    Case{"misspelt_key",
                         "schema = 1\n[build]\nfragment = [\"x\"]\n",
                         "run --good a --bad b",
                         2,
                         {"kverdict.toml:3", "build.fragment", "fragments"}},
                    Case{"out_of_range",
                         "schema = 1\n[target]\ncpus = 0\n",
                         "run --good a --bad b",
                         2,
                         {"kverdict.toml:3", "target.cpus"}},
                    Case{"wrong_type",
                         "schema = 1\n[build]\njobs = \"many\"\n",
                         "run --good a --bad b",
                         2,
                         {"kverdict.toml:3", "build.jobs"}},
                    Case{"not_toml", "schema = = 1\n", "run --good a --bad b", 2, {"kverdict.toml:1"}},
                    Case{"newer_schema", "schema = 99\n", "run --good a --bad b", 2, {"schema"}},
                    Case{"workload",
                         "schema = 1\n[source]\nrepo = \"repo\"\n[[workload]]\nkind = \"iprf\"\n",
                         "run --good main~7 --bad main",
                         2,
                         {"iprf", "iperf"}},
                    Case{"script",
                         "schema = 1\n[source]\nrepo = \"repo\"\n[[workload]]\nkind = \"script\"\nprogram = "
                         "\"/no/such\"\n",
                         "run --good main~7 --bad main",
                         2,
                         {"/no/such"}},
                    Case{"fragment",
                         "schema = 1\n[source]\nrepo = \"repo\"\n[build]\nfragments = "
                         "[\"/no/such\"]\n[[workload]]\nkind = \"churn\"\n",
                         "run --good main~7 --bad main",
                         2,
                         {"/no/such"}},
                    Case{"not_a_repository", k_session, "run --repo /proc --good a --bad b", 2, {"/proc"}},
                    Case{"no_session", k_session, "status", 2, {"no session"}},
                    Case{"unknown_session", k_session, "resume nothing", 2, {"nothing"}},
                    Case{"config_file", k_session, "run --config /no/such.toml", 2, {"/no/such.toml"}}),
    [](const auto& instance) { return std::string(instance.param.what); });

TEST(BadInputOfClones, NamesTheCureForAShallowOne) {
  const ProgramHome home;
  home.write("kverdict.toml", k_session);
  home.shell("git clone -q --depth 3 \"file://$PWD/repo\" shallow");
  const auto said = home.kverdict("run --repo shallow --good " + home.commits()[0] + " --bad main");
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, testing::AnyOf(HasSubstr("unshallow"), HasSubstr("shallow")));
}

TEST(BadInputOfMachines, NamesEveryMissingKernelToolWithItsPackage) {
  const ProgramHome home;
  home.write("kverdict.toml", k_session);
  const auto said = home.shell(
      "mkdir bin; ln -s /usr/bin/env bin/; PATH=$PWD/bin \"$KV\" trial main --target.kvm off --repo repo");
  EXPECT_EQ(said.code, 129) << said.err;
  EXPECT_THAT(said.err, testing::AllOf(HasSubstr("flex"), HasSubstr("bc"), HasSubstr("apt-get install")));
}

}  // namespace
}  // namespace kverdict
