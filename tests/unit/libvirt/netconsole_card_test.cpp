#include "runners/libvirt/netconsole_card.hpp"

#include <gmock/gmock.h>

#include "runners/libvirt/domain_xml.hpp"

namespace kverdict {
namespace {

constexpr Nic k_user{NicModel::e1000, NicLink::user};
constexpr Nic k_wire{NicModel::e1000, NicLink::wire};

MachineShape shape_of(std::vector<Nic> nics) {
  MachineShape shape;
  shape.nics = std::move(nics);
  return shape;
}

TEST(NetconsoleCard, IsTheFirstCardOfTheUserNetwork) {
  const auto card = netconsole_card(shape_of({k_wire, k_wire, k_user}));
  EXPECT_EQ(card.index, 2u);
  EXPECT_EQ(card.name, "eth2");
  EXPECT_EQ(with_netconsole_card(shape_of({k_user})), shape_of({k_user}));
}

TEST(NetconsoleCard, IsOneMoreWhereThereIsNone) {
  const auto shape = shape_of({k_wire, k_wire});
  EXPECT_EQ(with_netconsole_card(shape).nics.size(), 3u);
  const auto card = netconsole_card(shape);
  EXPECT_EQ(card.index, 2u);
  EXPECT_EQ(card.name, "eth0") << "virtio's driver starts first";
}

TEST(NetconsoleCard, IsNamedOnTheCommandLine) {
  BootSpec spec;
  spec.shape = shape_of({k_wire, k_wire});
  EXPECT_EQ(netconsole_words(spec, 4000),
            "netconsole=+@10.0.2.15/eth0,4000@10.0.2.2/ kverdict.netcard=52:54:00:4b:56:02");
  spec.image.release = "4.3.0";
  EXPECT_EQ(netconsole_words(spec, 4000),
            "netconsole=@10.0.2.15/eth0,4000@10.0.2.2/ kverdict.netcard=52:54:00:4b:56:02");
}

TEST(NetconsoleCard, IsThereOnlyWhenSomebodyListens) {
  BootSpec spec;
  spec.label = "boot";
  spec.shape = shape_of({k_wire, k_wire});
  DomainFacts facts;
  EXPECT_THAT(domain_xml(spec, facts), testing::Not(testing::HasSubstr("netconsole")));
  facts.netconsole_port = 4000;
  EXPECT_THAT(domain_xml(spec, facts), testing::HasSubstr("user,id=kvnet2,ipv6=off"));
  EXPECT_THAT(kernel_cmdline(spec, facts), testing::HasSubstr("netconsole=+@10.0.2.15/eth0,4000@10.0.2.2/"));
  spec.cmdline = "netconsole=@/eth5,1@192.0.2.1/";
  EXPECT_THAT(kernel_cmdline(spec, facts), testing::Not(testing::HasSubstr("4000"))) << "the user's own";
}

}  // namespace
}  // namespace kverdict
