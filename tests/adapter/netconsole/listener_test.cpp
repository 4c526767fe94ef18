// The listener on a real loopback.
#include "runners/netconsole/listener.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runners/error.hpp"
#include "runners/host/fd.hpp"
#include "tests/support/real_time.hpp"

namespace kverdict {
namespace {

// Loopback has many addresses: each is another machine.
class Sender {
 public:
  explicit Sender(const char* address) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto from = place(address, 0);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
  }
  void say(std::uint16_t port, std::string_view text) {
    const auto to = place("127.0.0.1", port);
    ::sendto(socket_.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }

 private:
  static sockaddr_in place(const char* address, std::uint16_t port) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &place.sin_addr);
    return place;
  }
  Fd socket_;
};

Task<std::string> next_lines(NetconsoleStream& stream) {
  auto waiting = stream.wait();
  co_await std::move(waiting);
  co_return stream.take();
}

class Listening : public testing::Test {
 protected:
  boost::asio::any_io_executor executor() { return time_.context().get_executor(); }
  RealTime time_;
};

TEST_F(Listening, HearsAMachineOnAPortOfItsOwn) {
  NetconsoleListener listener(executor(), {});
  auto stream = listener.listen("");
  Sender machine("127.0.0.2");
  machine.say(listener.port(), "6,1,1000,-;hello\n");
  EXPECT_EQ(time_.run(next_lines(*stream)), "6,1,1000,-;hello\n");
  EXPECT_EQ(stream->take(), "");
  machine.say(listener.port(), "6,2,2000,-;the socket still holds this\n");
  EXPECT_EQ(stream->take(), "6,2,2000,-;the socket still holds this\n");
}

TEST_F(Listening, SortsManyMachinesOnOnePortBySender) {
  NetconsoleListener listener(executor(), {"0.0.0.0", 0});
  auto one = listener.listen("127.0.0.2");
  auto two = listener.listen("127.0.0.3");
  Sender("127.0.0.3").say(listener.port(), "6,1,1000,-;two\n");
  Sender("127.0.0.4").say(listener.port(), "6,1,1000,-;stranger\n");
  Sender("127.0.0.2").say(listener.port(), "6,1,1000,-;one\n");
  EXPECT_EQ(time_.run(next_lines(*one)), "6,1,1000,-;one\n");
  EXPECT_EQ(time_.run(next_lines(*two)), "6,1,1000,-;two\n");
  EXPECT_EQ(one->counts().strangers, 1u);
}

TEST_F(Listening, DropsWhatWasSentBeforeTheBoot) {
  NetconsoleListener listener(executor(), {});
  Sender machine("127.0.0.2");
  machine.say(listener.port(), "6,900,1000,-;the boot before\n");
  auto stream = listener.listen("127.0.0.2");
  machine.say(listener.port(), "6,0,0,-;this boot\n");
  EXPECT_EQ(time_.run(next_lines(*stream)), "6,0,0,-;this boot\n");
}

TEST_F(Listening, TellsWhatTheSystemDropped) {
  NetconsoleListener listener(executor(), {"127.0.0.1", 0, 4096});
  auto stream = listener.listen("");
  Sender machine("127.0.0.2");
  for (unsigned i = 0; i < 1000; ++i)
    machine.say(listener.port(), "6," + std::to_string(i) + ",1,-;" + std::string(500, 'x') + "\n");
  stream->take();
  machine.say(listener.port(), "6,1000,1,-;last\n");
  stream->take();
  EXPECT_GT(stream->counts().overflowed, 0u);
  EXPECT_EQ(stream->counts().overflowed + stream->counts().records, 1001u);
  EXPECT_EQ(stream->counts().lost, stream->counts().overflowed);
}

TEST_F(Listening, TwoListenersHaveTwoPorts) {
  NetconsoleListener one(executor(), {});
  NetconsoleListener two(executor(), {});
  EXPECT_NE(one.port(), two.port());
  EXPECT_THROW(NetconsoleListener(executor(), {"127.0.0.1", one.port()}), UsageError);
  EXPECT_THROW(NetconsoleListener(executor(), {"203.0.113.1", 0}), UsageError);
  EXPECT_THROW(NetconsoleListener(executor(), {"nonsense", 0}), UsageError);
}

}  // namespace
}  // namespace kverdict
