#include "orchestrator/core/console/trace.hpp"

#include <gtest/gtest.h>

namespace kverdict {
namespace {

using Kind = BodyStep::Kind;

struct StepCase {
  const char* text;
  Kind kind;
  const char* function;
  const char* module;
};

class Steps : public testing::TestWithParam<StepCase> {};

TEST_P(Steps, AreReadInEveryArchitecturesHand) {
  const auto step = read_step(GetParam().text);
  EXPECT_EQ(step.kind, GetParam().kind);
  EXPECT_EQ(step.function, GetParam().function);
  EXPECT_EQ(step.module, GetParam().module);
}

INSTANTIATE_TEST_SUITE_P(
    All, Steps,
    testing::Values(
        StepCase{" crasher_init+0x38/0x1000 [crasher]", Kind::frame, "crasher_init", "crasher"},
        StepCase{"  [<ffffffff818c5ac5>] dump_stack+0x4b/0x63", Kind::frame, "dump_stack", ""},
        StepCase{" [<ffffffff818c5ac5>] ? f+0x4b/0x63", Kind::frame, "f", ""},
        StepCase{" <IRQ>  [<ffffffff816ecb37>] g+0x1/0x2", Kind::frame, "g", ""},
        StepCase{"[<802b3ffc>] (a) from [<802e1324>] (b+0x6c/0x120)", Kind::frame, "a", ""},
        StepCase{" unwind_backtrace from show_stack+0x10/0x14", Kind::frame, "unwind_backtrace", ""},
        StepCase{"[c000000002a3bc10] [c0000000003f9b68] f+0x20/0x40 (unreliable)", Kind::frame, "f", ""},
        StepCase{"([<0000000000112233>] s390_f+0x10/0x20)", Kind::frame, "s390_f", ""},
        StepCase{" <a::B as c::D>::e+0x1/0x2", Kind::frame, "<a::B as c::D>::e", ""},
        StepCase{"RIP: 0010:crasher_spin+0x7/0x10 [crasher]", Kind::pointer, "crasher_spin", "crasher"},
        StepCase{"RIP: 0010:[<ffffffff81094815>]  [<ffffffff81094815>] f+0x75/0xf0", Kind::pointer, "f", ""},
        StepCase{"RIP: 0033:0x7f9e69847189", Kind::user, "", ""},
        StepCase{"pc : clear_page+0x14/0x28", Kind::pointer, "clear_page", ""},
        StepCase{"PC is at f+0x4c/0x78", Kind::pointer, "f", ""},
        StepCase{"NIP [c0000000003f9b68] f+0x20/0x40", Kind::pointer, "f", ""},
        StepCase{"epc : f+0x20/0x40", Kind::pointer, "f", ""},
        StepCase{"Krnl PSW : 0704c00180000000 00000000001122 (f+0x12/0x34)", Kind::pointer, "f", ""},
        StepCase{"Call Trace:", Kind::trace_start, "", ""},
        StepCase{"Freed by task 12:", Kind::other_trace, "", ""},
        StepCase{"RAX: 0000000000000000 RBX: 0000000080000100", Kind::text, "", ""},
        StepCase{"+0x1 from b+0x5/0x6", Kind::text, "", ""}, StepCase{"", Kind::text, "", ""}));

TEST(Steps, KnowWhatTheUnwinderDoubts) {
  EXPECT_FALSE(read_step(" ? f+0x1/0x2").reliable);
  EXPECT_FALSE(read_step("[c000000002a3bc10] [c0000000003f9b68] f+0x20/0x40 (unreliable)").reliable);
  EXPECT_TRUE(read_step(" f+0x1/0x2").reliable);
}

TEST(Who, IsReadFromOldAndNewKernels) {
  Oops oops;
  read_who("CPU: 3 UID: 0 PID: 2148 Comm: syz.0.595 Tainted: G    B D OE      6.12.23 #0", oops);
  read_who("Modules linked in: crasher(OE+) netconsole virtio_net [last unloaded: x]", oops);
  EXPECT_EQ(oops.cpu, 3);
  EXPECT_EQ(oops.pid, 2148);
  EXPECT_EQ(oops.process, "syz.0.595");
  EXPECT_EQ(oops.taint, "GBDOE");
  EXPECT_EQ(oops.modules, (std::vector<std::string>{"crasher", "netconsole", "virtio_net"}));
}

}  // namespace
}  // namespace kverdict
