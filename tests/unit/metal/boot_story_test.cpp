#include "runners/metal/boot_story.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <vector>

namespace kverdict {
namespace {

using namespace std::chrono_literals;
using Need = BootStory::Need;
using testing::ElementsAre;
using testing::HasSubstr;

// A host behind a BMC of its own mind, in simulated time.
struct Scene {
  bool on = false;
  unsigned deaf_to_off = 0;  // commands that do nothing
  unsigned deaf_to_on = 0;
  std::chrono::seconds sluggish{0};  // from command to state
  unsigned unknown = 0;              // looks that the BMC cannot answer
  unsigned boots_that_fetch = 1;     // the n-th power-on fetches, counted from 1; 0: none

  std::vector<Need> did;
  BootStory::Instant now{};
  std::string why;
  bool done = false;

  void play(Delivery delivery = Delivery::network, HostLimits limits = {}) {
    BootStory story(delivery, limits, now);
    const auto start = now;
    while (story.need() != Need::done && story.need() != Need::failed && now - start < 24h) act(story);
    done = story.need() == Need::done;
    why = story.why();
  }

 private:
  void act(BootStory& story) {
    const Need need = story.need();
    if (need != Need::wait && need != Need::ask_power) did.push_back(need);
    if (change_ && now >= change_at_) on = *change_, change_.reset();
    if (need == Need::ask_power) {
      const bool answers = unknown == 0;
      if (!answers) --unknown;
      return story.power_is(!answers ? PowerState::unknown : on ? PowerState::on : PowerState::off, now);
    }
    if (need == Need::wait) return wait(story);
    if (need == Need::switch_off) command(deaf_to_off, false);
    if (need == Need::switch_on) power_ons_ += deaf_to_on == 0, command(deaf_to_on, true);
    story.did(need, now);
  }
  void command(unsigned& deaf, bool wanted) {
    if (deaf > 0) {
      --deaf;
      return;
    }
    change_ = wanted;
    change_at_ = now + sluggish;
    if (sluggish == 0s) on = wanted, change_.reset();
  }
  void wait(BootStory& story) {
    const bool fetches = on && boots_that_fetch == power_ons_ && story.deadline() - now > 30s;
    now = fetches ? now + 20s : std::max(now, story.deadline());
    if (fetches)
      story.fetched(now);
    else
      story.on_time(now);
  }
  unsigned power_ons_ = 0;
  std::optional<bool> change_;
  BootStory::Instant change_at_;
};

TEST(BootStory, OfAHostThatIsOffNeedsNoPowerOff) {
  Scene scene;
  scene.play();
  EXPECT_TRUE(scene.done);
  EXPECT_THAT(scene.did,
              ElementsAre(Need::connect_console, Need::deploy, Need::choose_network, Need::switch_on));
  EXPECT_EQ(scene.now.time_since_epoch(), 20s) << "no time is lost beside the host's own";
}

TEST(BootStory, IsOffThenRestsThenOn) {
  Scene scene;
  scene.on = true;
  HostLimits limits;
  limits.off_time = 7s;
  scene.play(Delivery::network, limits);
  EXPECT_TRUE(scene.done);
  EXPECT_EQ(scene.did.front(), Need::switch_off);
  EXPECT_EQ(scene.now.time_since_epoch(), 27s);
}

TEST(BootStory, RepeatsACommandThatDidNothing) {
  Scene scene;
  scene.on = true;
  scene.deaf_to_off = 2;
  scene.deaf_to_on = 1;
  scene.play();
  EXPECT_TRUE(scene.done) << scene.why;
  EXPECT_EQ(std::count(scene.did.begin(), scene.did.end(), Need::switch_off), 3);
  EXPECT_EQ(std::count(scene.did.begin(), scene.did.end(), Need::switch_on), 2);
}

TEST(BootStory, GivesUpOnAPowerThatNeverFollows) {
  Scene scene;
  scene.on = true;
  scene.deaf_to_off = 99;
  scene.play();
  EXPECT_FALSE(scene.done);
  EXPECT_THAT(scene.why, HasSubstr("told 3 times to go off, it is still on"));
}

TEST(BootStory, GivesUpOnAHostThatDoesNotComeOn) {
  Scene scene;
  scene.deaf_to_on = 99;
  scene.play();
  EXPECT_THAT(scene.why, HasSubstr("told 3 times to go on, it is still off"));
}

TEST(BootStory, GivesASluggishBmcItsTime) {
  Scene scene;
  scene.on = true;
  scene.sluggish = 8s;
  scene.play();
  EXPECT_TRUE(scene.done);
  EXPECT_EQ(std::count(scene.did.begin(), scene.did.end(), Need::switch_off), 1);
}

TEST(BootStory, ForgivesABmcThatDoesNotKnowForAWhile) {
  Scene scene;
  scene.unknown = 5;
  scene.play();
  EXPECT_TRUE(scene.done);
}

TEST(BootStory, DoesNotBelieveInAPowerThatNobodyKnows) {
  Scene scene;
  scene.unknown = 100'000;
  scene.play();
  EXPECT_THAT(scene.why, HasSubstr("neither on nor off"));
}

TEST(BootStory, CyclesAHostWhoseFirmwareStuck) {
  Scene scene;
  scene.boots_that_fetch = 2;
  scene.play();
  EXPECT_TRUE(scene.done) << scene.why;
  EXPECT_THAT(scene.did,
              ElementsAre(Need::connect_console, Need::deploy, Need::choose_network, Need::switch_on,
                          Need::switch_off, Need::deploy, Need::choose_network, Need::switch_on));
}

TEST(BootStory, SaysThatAHostNeverFetched) {
  Scene scene;
  scene.boots_that_fetch = 0;
  scene.play();
  EXPECT_THAT(scene.why, HasSubstr("did not fetch its kernel within 300 s of power-on (2 tries)"));
}

TEST(BootStory, DropsFilesBeforePowerOn) {
  Scene scene;
  scene.play(Delivery::files);
  EXPECT_THAT(scene.did,
              ElementsAre(Need::connect_console, Need::deploy, Need::choose_network, Need::switch_on));
}

TEST(BootStory, StartsTheResidentSystemFirst) {
  Scene scene;
  scene.play(Delivery::resident);
  EXPECT_THAT(scene.did, ElementsAre(Need::connect_console, Need::switch_on, Need::deploy));
}

}  // namespace
}  // namespace kverdict
