#include "orchestrator/images/image_cache.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "orchestrator/images/digest.hpp"
#include "runners/host/files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace fs = std::filesystem;

class ImageCacheTest : public testing::Test {
 protected:
  StoredImage made(const std::string& content) {
    StoredImage image;
    image.image.kernel = directory_.path() / "vmlinux";
    image.image.format = KernelFormat::pvh_elf;
    image.image.release = "6.1.0-kverdict";
    image.image.build_id = "0123";
    image.code_digest = "code";
    image.warnings = {"lost"};
    write_file(image.image.kernel, content);
    return image;
  }
  static std::string key(const std::string& text) { return digest_of(text); }
  fs::path place() const { return directory_.path() / "cache"; }
  // As if last used so many hours ago.
  void age(const std::string& name, int hours) {
    const auto file = place() / key(name) / "image.json";
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }

  TemporaryDirectory directory_;
};

TEST_F(ImageCacheTest, GivesBackWhatWasAddedAlsoToAnotherProcess) {
  ImageCache cache(place(), 1 << 20);
  EXPECT_FALSE(cache.find(key("a")));
  const auto added = cache.add(key("a"), made("kernel a"));
  ImageCache other(place(), 1 << 20);
  const auto found = other.find(key("a"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->image, added.image);
  EXPECT_EQ(read_file(found->image.kernel, 100), "kernel a");
  EXPECT_EQ(found->image.build_id, "0123");
  EXPECT_EQ(found->code_digest, "code");
  EXPECT_EQ(found->warnings, std::vector<std::string>{"lost"});
}

TEST_F(ImageCacheTest, ADamagedEntryIsRemovedAndCanBeAddedAgain) {
  {
    ImageCache cache(place(), 1 << 20);
    cache.add(key("a"), made("kernel a"));
  }
  const auto entry = place() / key("a");
  for (const char* file : {"vmlinux", "image.json"}) {
    ImageCache cache(place(), 1 << 20);
    write_file(entry / file, "{\"format\": 1, \"kernel\": 7");
    EXPECT_FALSE(cache.find(key("a"))) << file;
    EXPECT_FALSE(fs::exists(entry)) << file;
    cache.add(key("a"), made("kernel a"));
    EXPECT_TRUE(cache.find(key("a")));
  }
}

TEST_F(ImageCacheTest, WhatADeadWriterLeftIsRemovedByTheNext) {
  ImageCache cache(place(), 1 << 20);
  make_dirs(place() / "unfinished-abc");
  write_file(place() / "unfinished-abc" / "vmlinux", "half");
  cache.add(key("a"), made("kernel a"));
  EXPECT_FALSE(fs::exists(place() / "unfinished-abc"));
}

TEST_F(ImageCacheTest, KeepsTheKernelsUsedLastWithinItsLimit) {
  for (const char* name : {"a", "b", "c"}) {
    ImageCache cache(place(), 1 << 20);
    cache.add(key(name), made(std::string(10'000, name[0])));
  }
  age("a", 1);
  age("b", 3);
  age("c", 2);
  ImageCache cache(place(), 35'000);
  cache.add(key("d"), made(std::string(10'000, 'd')));
  EXPECT_FALSE(cache.find(key("b")));
  for (const char* name : {"a", "c", "d"}) EXPECT_TRUE(cache.find(key(name))) << name;
}

TEST_F(ImageCacheTest, AKernelInUseElsewhereIsNotRemoved) {
  ImageCache user(place(), 1 << 20);
  user.add(key("a"), made(std::string(10'000, 'a')));
  age("a", 5);
  ImageCache other(place(), 12'000);
  other.add(key("b"), made(std::string(10'000, 'b')));
  EXPECT_TRUE(user.find(key("a")));
}

TEST_F(ImageCacheTest, TheSecondToAddTheSameKernelGetsTheFirstOnes) {
  ImageCache one(place(), 1 << 20), two(place(), 1 << 20);
  const auto first = one.add(key("a"), made("kernel a"));
  const auto second = two.add(key("a"), made("kernel a"));
  EXPECT_EQ(first.image, second.image);
}

}  // namespace
}  // namespace kverdict
