#include "runners/metal/boot_server.hpp"

#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "runners/error.hpp"
#include "runners/host/files.hpp"
#include "tests/support/real_time.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Task<std::string> exchange(std::string request, unsigned short port) {
  auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  const tcp::endpoint there(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(there, asio::use_awaitable);
  auto bytes = asio::buffer(request);
  co_await asio::async_write(socket, bytes, asio::use_awaitable);
  std::string answer;
  auto into = asio::dynamic_buffer(answer);
  boost::system::error_code end;
  auto token = asio::redirect_error(asio::use_awaitable, end);
  co_await asio::async_read(socket, into, token);
  co_return answer;
}

class BootServers : public testing::Test {
 protected:
  BootServers() {
    write_file(directory_.path() / "kernel", std::string(3'000'000, 'k'));
    write_file(directory_.path() / "initramfs", "the initramfs");
    server_ = BootServer::open(time_.context().get_executor(), "127.0.0.1:0");
  }
  ~BootServers() override {
    placed_.reset();
    server_.reset();
    time_.context().restart();
    time_.context().poll();
  }
  void place() {
    BootOrder order;
    order.names = {"lab1", "52:54:00:00:00:01"};
    order.kernel = directory_.path() / "kernel";
    order.initramfs = directory_.path() / "initramfs";
    order.cmdline = "console=ttyS0";
    placed_ = server_->place(order, [this](BootNews news) { news_.push_back(news); });
  }
  std::string get(const std::string& target, const std::string& host = "boot.lab:8069") {
    return raw("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }
  std::string raw(const std::string& request) { return time_.run(exchange(request, server_->port())); }
  std::string file(const std::string& name) { return "/file/" + placed_->token() + "/" + name; }

  TemporaryDirectory directory_;
  RealTime time_;
  std::unique_ptr<BootServer> server_;
  std::unique_ptr<BootServer::Placed> placed_;
  std::vector<BootNews> news_;
};

TEST_F(BootServers, GiveAHostItsScriptByNameAndByMac) {
  place();
  EXPECT_THAT(get("/boot/lab1"),
              HasSubstr("kernel http://boot.lab:8069/file/" + placed_->token() + "/kernel"));
  EXPECT_THAT(get("/boot/52:54:00:00:00:01"), HasSubstr(placed_->token()));
  EXPECT_THAT(news_, ElementsAre(BootNews::script, BootNews::script));
}

TEST_F(BootServers, KnowThatABootBeganWhenBothFilesWentOut) {
  place();
  get("/boot/lab1");
  EXPECT_EQ(get(file("kernel")).size() > 3'000'000, true);
  EXPECT_THAT(news_, ElementsAre(BootNews::script));
  EXPECT_THAT(get(file("initramfs")), HasSubstr("the initramfs"));
  EXPECT_THAT(news_, ElementsAre(BootNews::script, BootNews::loaded));
}

TEST_F(BootServers, HoldAHostThatComesBack) {
  place();
  get("/boot/lab1");
  get(file("kernel"));
  get(file("initramfs"));
  EXPECT_THAT(get("/boot/lab1"), HasSubstr("goto hold"));
  EXPECT_THAT(news_, ElementsAre(BootNews::script, BootNews::loaded, BootNews::again));
}

TEST_F(BootServers, LetATransferBeTriedAgain) {
  place();
  get("/boot/lab1");
  get(file("kernel"));
  EXPECT_THAT(get("/again/" + placed_->token()), HasSubstr("/kernel"));
  get(file("initramfs"));
  EXPECT_THAT(news_, ElementsAre(BootNews::script)) << "the kernel was not fetched since";
  for (int i = 0; i < 20; ++i) get("/again/" + placed_->token());
  EXPECT_THAT(get("/again/" + placed_->token()), HasSubstr("goto hold")) << "not for ever";
}

TEST_F(BootServers, CountNoRequestThatOnlyLooks) {
  place();
  get("/boot/lab1");
  raw("HEAD " + file("kernel") + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  get(file("initramfs"));
  EXPECT_THAT(news_, ElementsAre(BootNews::script));
}

TEST_F(BootServers, SendOtherHostsToTheirNextBootDevice) {
  EXPECT_THAT(get("/boot/stranger"), HasSubstr("exit 1"));
}

TEST_F(BootServers, KeepNothingOfAnOrderThatIsOver) {
  place();
  const auto target = file("kernel");
  placed_.reset();
  EXPECT_THAT(get(target), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/boot/lab1"), HasSubstr("exit 1"));
}

TEST_F(BootServers, GiveAwayNoOtherFile) {
  place();
  for (const char* target : {"/", "/etc/passwd", "/file/0000/kernel", "/boot/../../etc/passwd"})
    EXPECT_THAT(get(target), StartsWith("HTTP/1.1 404")) << target;
  EXPECT_THAT(raw("POST /boot/lab1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 404"));
}

TEST_F(BootServers, SurviveWhatIsNoHttp) {
  place();
  EXPECT_EQ(raw("\x16\x03\x01 garbage\r\n\r\n"), "");
  EXPECT_EQ(raw("GET /boot/lab1 HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"), "");
  EXPECT_THAT(get("/boot/lab1"), HasSubstr("#!ipxe"));
}

TEST_F(BootServers, WriteNoHostFieldIntoAScriptThatIsNone) {
  place();
  EXPECT_THAT(get("/boot/lab1", "evil && shell"), HasSubstr("http://127.0.0.1:"));
}

TEST_F(BootServers, SayWhatCannotBeListenedOn) {
  auto executor = time_.context().get_executor();
  EXPECT_THROW(BootServer::open(executor, "nowhere"), UsageError);
  EXPECT_THROW(BootServer::open(executor, "127.0.0.1:99999"), UsageError);
  EXPECT_THROW(BootServer::open(executor, server_->address()), InfraError);
}

}  // namespace
}  // namespace kverdict
