#include "orchestrator/cli/options.hpp"

#include <gmock/gmock.h>

#include "orchestrator/cli/help.hpp"
#include "runners/error.hpp"

namespace kverdict {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string complaint(const std::vector<std::string>& arguments) {
  try {
    parse_options(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

template <class Expected>
Expected parsed(const std::vector<std::string>& arguments) {
  return std::get<Expected>(parse_options(arguments).command);
}

TEST(Options, RunTakesRepositoryAndEndsAsSettings) {
  const Invocation invocation =
      parse_options({"run", "linux", "--good", "v6.0", "--bad", "v6.1", "--good", "v5.19", "--first-parent"});
  EXPECT_TRUE(std::holds_alternative<RunCommand>(invocation.command));
  EXPECT_THAT(invocation.settings, ElementsAre(FlagSetting{"--good", "source.good", {"v6.0", "v5.19"}},
                                               FlagSetting{"--bad", "source.bad", {"v6.1"}},
                                               FlagSetting{"--first-parent", "source.first_parent", {"true"}},
                                               FlagSetting{"REPO", "source.repo", {"linux"}}));
}

TEST(Options, EveryKeyIsAFlagWithUnderscoresOrDashes) {
  for (const Key<Config>& key : keys<Config>()) {
    std::string dashed(key.name);
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    for (const std::string& name : {std::string(key.name), dashed}) {
      const Invocation invocation = parse_options({"run", "--" + name + "=x"});
      ASSERT_EQ(invocation.settings.size(), 1u) << name;
      EXPECT_EQ(invocation.settings[0].key, key.name);
      EXPECT_THAT(invocation.settings[0].texts, ElementsAre("x"));
    }
  }
}

TEST(Options, ABracketedListStaysOneText) {
  const std::string list = R"([{model = "e1000", link = "wire"}, {model = "e1000", link = "wire"}])";
  const Invocation invocation = parse_options({"trial", "HEAD", "--target.nics", list});
  ASSERT_EQ(invocation.settings.size(), 1u);
  EXPECT_THAT(invocation.settings[0].texts, ElementsAre(list));
}

TEST(Options, TheLastOfASingleValueWins) {
  const Invocation invocation = parse_options({"run", "--jobs", "1", "--build.jobs", "2"});
  ASSERT_EQ(invocation.settings.size(), 1u);
  EXPECT_THAT(invocation.settings[0].texts, ElementsAre("2"));
}

TEST(Options, CommandsCarryTheirOwnArguments) {
  EXPECT_EQ(parsed<ResumeCommand>({"resume", "s"}).session, "s");
  EXPECT_EQ(parsed<StatusCommand>({"status"}).session, "");
  EXPECT_EQ(parsed<TrialCommand>({"trial", "v6.1~3"}).revision, "v6.1~3");
  EXPECT_EQ(parsed<ShowCommand>({"show", "s", "4"}).trial, "4");
  EXPECT_EQ(parsed<ReportCommand>({"report", "--format", "markdown"}).form, ReportForm::markdown);
  EXPECT_EQ(parsed<LogCommand>({"log", "s"}).session, "s");
  EXPECT_EQ(parsed<ReplayCommand>({"replay", "--check", "s"}).mode, ReplayMode::check);
  EXPECT_THAT(parsed<ConfigCheckCommand>({"config", "check", "a", "b"}).files, ElementsAre("a", "b"));
  parsed<ConfigShowCommand>({"config", "show"});
  parsed<DoctorCommand>({"doctor"});
  parsed<ListCommand>({"list"});
  parsed<VersionCommand>({"version"});
  parsed<VersionCommand>({"--version"});
}

TEST(Options, CommonFlagsStandBeforeOrAfterTheCommand) {
  for (const auto& arguments : {std::vector<std::string>{"--json", "-v", "-v", "--config", "f", "status"},
                                std::vector<std::string>{"status", "-vv", "--config=f", "--json"}}) {
    const Invocation invocation = parse_options(arguments);
    EXPECT_EQ(invocation.form, OutputForm::json);
    EXPECT_EQ(invocation.verbosity, 2u);
    EXPECT_EQ(invocation.config_file, "f");
  }
  EXPECT_EQ(parse_options({"list", "--no-color"}).color, ColorChoice::never);
}

TEST(Options, BadLinesAreRefusedInOneLineThatHelps) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{}, "no command given; see kverdict --help"},
      {{"rnu"}, "kverdict has no command 'rnu'; did you mean 'run'?; see kverdict --help"},
      {{"zzzzzzzz", "--good", "x"}, "kverdict has no command 'zzzzzzzz'; see kverdict --help"},
      {{"run", "--godo", "v1"},
       "kverdict run has no flag '--godo'; did you mean '--good'?; see kverdict run --help"},
      {{"run", "--job=4"},
       "kverdict run has no flag '--job'; did you mean '--jobs'?; see kverdict run --help"},
      {{"run", "a", "b"}, "kverdict run takes no further argument 'b'; see kverdict run --help"},
      {{"run", "a", "--repo", "b"},
       "kverdict run: the repository is given twice, as REPO and with --repo; leave one out"},
      {{"trial"}, "kverdict trial needs a revision; see kverdict trial --help"},
      {{"replay"}, "kverdict replay needs a file or a session; see kverdict replay --help"},
      {{"config"}, "kverdict config needs a command: check or show; see kverdict config --help"},
      {{"config", "chekc"},
       "kverdict config has no command 'chekc'; did you mean 'check'?; see kverdict config --help"},
      {{"report", "--format", "markdwon"},
       "kverdict report: --format is 'markdwon'; give text or markdown; did you mean 'markdown'?"},
      {{"status", "--good", "x"}, "kverdict status has no flag '--good'; see kverdict status --help"},
      {{"list", "extra"}, "kverdict list takes no further argument 'extra'; see kverdict list --help"},
  };
  for (const auto& [arguments, text] : table) EXPECT_EQ(complaint(arguments), text);
}

TEST(Options, AFlagWithoutItsValueIsRefused) {
  EXPECT_THAT(complaint({"run", "--bad"}), HasSubstr("--bad"));
}

TEST(Options, UsageOfTrialExitsAboveGitsVerdicts) {
  EXPECT_EQ(usage_exit_code({"trial"}), 129);
  EXPECT_EQ(usage_exit_code({"--json", "--config", "run", "trial", "HEAD"}), 129);
  EXPECT_EQ(usage_exit_code({"run", "trial"}), 2);
  EXPECT_EQ(usage_exit_code({}), 2);
}

TEST(Help, EveryCommandHasAnExampleAndItsExitCodes) {
  for (const CommandText& text : command_texts()) {
    std::vector<std::string> words;
    std::istringstream name{std::string(text.name)};
    for (std::string word; name >> word;) words.push_back(word);
    words.emplace_back("--help");
    const std::string help = parsed<HelpCommand>(words).text;
    EXPECT_THAT(help, HasSubstr("Examples:\n  "));
    EXPECT_THAT(help, HasSubstr("kverdict " + std::string(text.name)));
    EXPECT_THAT(help, HasSubstr("Exit codes: "));
    EXPECT_FALSE(text.exits.empty()) << text.name;
  }
}

TEST(Help, HelpOfACommandIsTheSameBothWays) {
  EXPECT_EQ(parsed<HelpCommand>({"help", "run"}).text, parsed<HelpCommand>({"run", "--help"}).text);
  EXPECT_THAT(parsed<HelpCommand>({"--help"}).text, HasSubstr("doctor"));
}

TEST(Help, ConfigListsEveryKey) {
  const std::string help = parsed<HelpCommand>({"config", "--help"}).text;
  for (const Key<Config>& key : keys<Config>()) EXPECT_THAT(help, HasSubstr(std::string(key.name)));
}

}  // namespace
}  // namespace kverdict
