#include "runners/metal/boot_script.hpp"

#include <gmock/gmock.h>

#include "runners/error.hpp"

namespace kverdict {
namespace {

using testing::HasSubstr;
using What = BootRequest::What;

TEST(BootRequests, AreTheFourThereAre) {
  EXPECT_EQ(parse_boot_request("/boot/lab1"), (BootRequest{What::script, "lab1"}));
  EXPECT_EQ(parse_boot_request("/boot/52:54:00:AB:cd:ef"), (BootRequest{What::script, "52:54:00:ab:cd:ef"}));
  EXPECT_EQ(parse_boot_request("/boot/lab1?uuid=7"), (BootRequest{What::script, "lab1"}));
  EXPECT_EQ(parse_boot_request("/again/00ff"), (BootRequest{What::again, "00ff"}));
  EXPECT_EQ(parse_boot_request("/file/00ff/kernel"), (BootRequest{What::kernel, "00ff"}));
  EXPECT_EQ(parse_boot_request("/file/00ff/initramfs"), (BootRequest{What::initramfs, "00ff"}));
}

TEST(BootRequests, AreNothingElse) {
  for (const char* target :
       {"", "/", "/boot", "/boot/", "/boot/../etc/passwd", "/boot/a/b", "/file/00ff", "/file/00ff/passwd",
        "/file//kernel", "/file/../kernel/initramfs", "/boot/a b", "/boot/a\nb", "/favicon.ico"})
    EXPECT_FALSE(parse_boot_request(target)) << target;
  EXPECT_FALSE(parse_boot_request("/boot/" + std::string(1000, 'a')));
}

TEST(BootScripts, NameTheServerAsTheHostDoes) {
  const auto script = boot_script("10.0.2.2:8069", "cafe", "console=ttyS0 kv.server=@server@");
  EXPECT_THAT(script, testing::StartsWith("#!ipxe\n"));
  EXPECT_THAT(script, HasSubstr("kernel http://10.0.2.2:8069/file/cafe/kernel initrd=initramfs console=ttyS0 "
                                "kv.server=10.0.2.2 || goto failed\n"));
  EXPECT_THAT(script, HasSubstr("initrd --name initramfs http://10.0.2.2:8069/file/cafe/initramfs"));
  EXPECT_THAT(script, HasSubstr("http://10.0.2.2:8069/again/cafe"));
}

TEST(BootScripts, BelieveOnlyAHostFieldThatCanBeOne) {
  EXPECT_EQ(valid_authority("10.0.2.2:8069"), "10.0.2.2:8069");
  EXPECT_EQ(valid_authority("[fe80::1]:80"), "[fe80::1]:80");
  for (const char* field : {"", "a b", "a\nkernel http://evil", "a/b", "${evil}", "a;b"})
    EXPECT_FALSE(valid_authority(field)) << field;
  EXPECT_EQ(host_part("[fe80::1]:80"), "fe80::1");
  EXPECT_EQ(host_part("lab.example"), "lab.example");
}

TEST(BootScripts, TakeNoCommandLineThatEndsTheirs) {
  EXPECT_NO_THROW(check_cmdline("console=ttyS0 a=b||c x=${netX/ip}"));
  EXPECT_THROW(check_cmdline("a || shell"), UsageError);
  EXPECT_THROW(check_cmdline("a\nshell"), UsageError);
}

TEST(BootScripts, HoldAHostWithoutEverBootingIt) {
  EXPECT_THAT(hold_script(), testing::AllOf(HasSubstr("goto hold"), testing::Not(HasSubstr("kernel "))));
  EXPECT_THAT(idle_script(), HasSubstr("exit 1"));
}

}  // namespace
}  // namespace kverdict
