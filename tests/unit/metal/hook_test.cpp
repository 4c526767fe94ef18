#include "runners/metal/hook.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "runners/host/files.hpp"
#include "runners/metal/metal_host.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ChildEnd ended(ChildEnd::How how, int code, std::string output = "") {
  ChildEnd end;
  end.how = how;
  end.code = code;
  end.output = std::move(output);
  return end;
}

TEST(HookAnswers, AreWhatTheContractSays) {
  using How = ChildEnd::How;
  const std::vector<std::tuple<How, int, HookCode>> cases = {
      {How::exited, 0, HookCode::done},         {How::exited, 10, HookCode::transient},
      {How::exited, 11, HookCode::permanent},   {How::exited, 12, HookCode::unsupported},
      {How::exited, 13, HookCode::busy},        {How::exited, 1, HookCode::transient},
      {How::exited, 127, HookCode::transient},  {How::signalled, 11, HookCode::transient},
      {How::timed_out, 11, HookCode::transient}};
  for (const auto& [how, code, wanted] : cases)
    EXPECT_EQ(read_answer(ended(how, code), "").code, wanted) << code;
}

TEST(HookAnswers, QuoteTheHooksOwnLastWords) {
  auto answer =
      read_answer(ended(ChildEnd::How::exited, 11, "on\n"), "trying\nRAKP 2 HMAC is \x1binvalid\n\n");
  EXPECT_EQ(answer.said, "on");
  EXPECT_EQ(answer.words, "RAKP 2 HMAC is  invalid (exit code 11)");
  EXPECT_THAT(read_answer(ended(ChildEnd::How::timed_out, 15), "").words, HasSubstr("no answer in time"));
  EXPECT_LE(read_answer(ended(ChildEnd::How::exited, 10), std::string(100'000, 'x')).words.size(), 400u);
}

TEST(HookAnswers, OfPowerAreOnOrOffOrNothing) {
  EXPECT_EQ(parse_power("on"), PowerState::on);
  EXPECT_EQ(parse_power("Chassis Power is off"), PowerState::off);
  EXPECT_EQ(parse_power("on off"), PowerState::unknown);
  EXPECT_EQ(parse_power("only once"), PowerState::unknown);
  EXPECT_EQ(parse_power(""), PowerState::unknown);
}

TEST(HookAnswers, SpellKeysWithEscapes) {
  EXPECT_EQ(unescape_keys("\\r~B"), "\r~B");
  EXPECT_EQ(unescape_keys("\\xff\\xf3"), "\xff\xf3");
  EXPECT_EQ(unescape_keys("a\\\\b\\"), "a\\b\\");
  EXPECT_LE(unescape_keys(std::string(1000, 'x')).size(), 32u);
}

// Real scripts, with time that jumps while nothing happens.
class Hooks : public testing::Test {
 protected:
  Hook hook(const std::string& body) {
    const auto program = directory_.path() / "hook";
    write_file(program, "#!/bin/sh\n" + body, Durability::plain, 0755);
    std::map<std::string, std::string> settings;
    settings["BMC_ADDRESS"] = "192.0.2.1";
    return Hook(clock_, HookPlace{"lab1", program, settings, directory_.path()});
  }
  std::string complaint(Hook tested, Verb verb) {
    try {
      clock_.run(tested.call(verb));
    } catch (const HookFailure& failure) {
      code_ = failure.code;
      return failure.what();
    }
    return "";
  }
  std::string calls() { return read_file_if_there(directory_.path() / "calls", 4096).value_or(""); }

  TemporaryDirectory directory_;
  FakeClock clock_{Millis(2000)};
  HookCode code_ = HookCode::done;
};

TEST_F(Hooks, KnowTheirHostTheirSettingsAndTheirTime) {
  auto answer =
      clock_.run(hook("echo $1 $2 $KV_HOST $BMC_ADDRESS $KV_ATTEMPT; [ \"$KV_DIRECTORY\" = \"$PWD\" ] && "
                      "[ $KV_DEADLINE -gt 1000000000 ]")
                     .call(Verb::boot_once, "network"));
  EXPECT_EQ(answer.code, HookCode::done);
  EXPECT_EQ(answer.said, "boot-once network lab1 192.0.2.1 1");
}

TEST_F(Hooks, AnswerOnStandardOutputOnly) {
  auto answer = clock_.run(hook("echo noise >&2; echo off; echo more noise >&2").call(Verb::power_status));
  EXPECT_EQ(answer.said, "off");
}

TEST_F(Hooks, AreTriedThreeTimesMoreWhenTheFailureMayPass) {
  const auto start = clock_.now();
  const auto words = complaint(hook("echo x >>calls; echo BMC is silent >&2; exit 10"), Verb::power_on);
  EXPECT_THAT(words, HasSubstr("lab1: hook power-on: BMC is silent (exit code 10), 4 attempts"));
  EXPECT_EQ(calls(), "x\nx\nx\nx\n");
  EXPECT_GE(clock_.now() - start, 40s);
}

TEST_F(Hooks, SucceedOnALaterAttempt) {
  auto answer = clock_.run(hook("[ $KV_ATTEMPT = 3 ] && echo on || exit 13").call(Verb::power_status));
  EXPECT_EQ(answer.said, "on");
}

TEST_F(Hooks, AreTriedOnceWhenTheFailureStays) {
  EXPECT_THAT(complaint(hook("echo x >>calls; echo bad password >&2; exit 11"), Verb::power_on),
              HasSubstr("bad password"));
  EXPECT_EQ(code_, HookCode::permanent);
  EXPECT_EQ(calls(), "x\n");
}

TEST_F(Hooks, MayLackAVerb) {
  EXPECT_EQ(clock_.run(hook("exit 12").call(Verb::nmi)).code, HookCode::unsupported);
}

TEST_F(Hooks, ThatAreGoneAreAPermanentFailure) {
  HookPlace place{"lab1", "/no/such/hook", {}, directory_.path()};
  EXPECT_THAT(complaint(Hook(clock_, place), Verb::health), HasSubstr("/no/such/hook"));
  EXPECT_EQ(code_, HookCode::permanent);
}

TEST_F(Hooks, InheritNoDescriptorsOfOurs) {
  Fd ours = open_file("/dev/null", O_RDONLY);
  ::fcntl(ours.get(), F_SETFD, 0);  // as a careless library would
  auto answer = clock_.run(hook("ls /proc/self/fd | wc -l").call(Verb::health));
  EXPECT_EQ(answer.said, "4") << "stdin, stdout, stderr and the directory that ls reads";
}

TEST_F(Hooks, LeaveARecordOfEveryCall) {
  complaint(hook("echo wrong user >&2; exit 11"), Verb::health);
  EXPECT_THAT(read_file(directory_.path() / "hooks.log", 4096),
              testing::AllOf(HasSubstr("health attempt 1: 11"), HasSubstr("wrong user")));
}

}  // namespace
}  // namespace kverdict
