#include "orchestrator/sources/package/package_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;

Package package(unsigned number) {
  Package made;
  made.version = "6.1." + std::to_string(number) + "-1";
  made.release = "6.1.0-" + std::to_string(number) + "-amd64";
  made.flavour = "amd64";
  PackageFile file;
  file.name = "linux-image-" + made.release;
  file.version = made.version;
  made.files = {file};
  made.suites = {"bookworm"};
  return made;
}

PackageSource source_of(unsigned count) {
  std::vector<Package> packages;
  for (unsigned i = 1; i <= count; ++i) packages.push_back(package(i));
  return PackageSource(std::move(packages));
}

std::string complaint(const std::function<void()>& act) {
  try {
    act();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "none";
}

TEST(PackageSource, FindsByVersionNameReleaseAndPosition) {
  const auto source = source_of(12);
  for (const char* text : {"6.1.3-1", "linux-image-6.1.0-3-amd64", "6.1.0-3-amd64", "#3", "#-10"})
    EXPECT_EQ(source.find(text).value, "6.1.3-1") << text;
}

TEST(PackageSource, NamesWhatIsThereForWhatIsNot) {
  const auto source = source_of(12);
  EXPECT_THAT(complaint([&] { source.find("6.2-1"); }),
              testing::AllOf(HasSubstr("6.2-1"), HasSubstr("6.1.12-1")));
  for (const char* text : {"#0", "#13", "#-13", "#x", "#", "#1x"})
    EXPECT_THAT(complaint([&] { source.find(text); }), HasSubstr("no position")) << text;
}

TEST(PackageSource, AsksWhatLiesBehindTheNewestGoodEndUpToTheBadOne) {
  const auto source = source_of(12);
  const auto range = source.resolve({"#2", "#5"}, "#9");
  EXPECT_EQ(range.bad.value, "6.1.9-1");
  EXPECT_EQ(range.history.size(), 4U);
  EXPECT_TRUE(range.history.find({"6.1.6-1"}));
  EXPECT_FALSE(range.history.find({"6.1.5-1"}));
  EXPECT_TRUE(range.history.is_ancestor(*range.history.find({"6.1.6-1"}), *range.history.find({"6.1.9-1"})));
  EXPECT_EQ(source.parents({"6.1.6-1"}).at(0).value, "6.1.5-1");
}

TEST(PackageSource, RefusesEndsThatCannotBe) {
  const auto source = source_of(3);
  EXPECT_THAT(complaint([&] { source.resolve({"#3"}, "#1"); }),
              testing::AllOf(HasSubstr("newer"), HasSubstr("exchange")));
  EXPECT_THAT(complaint([&] { source.resolve({"#2"}, "#2"); }), HasSubstr("same version"));
  EXPECT_THAT(complaint([] { source_of(1); }),
              testing::AllOf(HasSubstr("one version only"), HasSubstr("6.1.1-1")));
  EXPECT_THAT(complaint([] { source_of(0); }), HasSubstr("none"));
}

}  // namespace
}  // namespace kverdict
