#include "runners/metal/boot_server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/file_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <map>
#include <random>
#include <utility>

#include "runners/error.hpp"
#include "runners/host/log.hpp"
#include "runners/metal/boot_script.hpp"

namespace kverdict {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

using Request = http::request<http::empty_body>;

constexpr std::size_t k_most_connections = 64;
constexpr std::uint32_t k_header_limit = 8 * 1024;
constexpr unsigned k_most_retries = 8;  // of one order's transfers
constexpr std::chrono::seconds k_request_limit{30};
constexpr std::chrono::minutes k_file_limit{10};

// Not to be guessed: who knows it may have the kernel.
std::string fresh_token() {
  std::random_device random;
  constexpr char k_hex[] = "0123456789abcdef";
  std::string token;
  for (int i = 0; i < 4; ++i)
    for (auto [bits, left] = std::pair(random(), 8); left > 0; --left, bits >>= 4) token += k_hex[bits & 15];
  return token;
}

tcp::endpoint parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  boost::system::error_code error;
  unsigned port = 0;
  if (colon != std::string::npos) {
    auto address = asio::ip::make_address(text.substr(0, colon), error);
    const char* end = text.data() + text.size();
    const auto [stop, wrong] = std::from_chars(text.data() + colon + 1, end, port);
    if (!error && wrong == std::errc() && stop == end && port < 65536)
      return tcp::endpoint(address, static_cast<unsigned short>(port));
  }
  throw UsageError("'" + text + "' is no address to listen on; write ADDRESS:PORT, as 0.0.0.0:8069");
}

}  // namespace

struct BootServer::Entry {
  BootOrder order;
  std::function<void(BootNews)> listener;
  bool kernel_sent = false;
  bool initramfs_sent = false;
  bool loaded = false;
  unsigned retries = 0;

  void sent(BootRequest::What what) {
    (what == BootRequest::What::kernel ? kernel_sent : initramfs_sent) = true;
    if (loaded || !kernel_sent || !initramfs_sent) return;
    loaded = true;
    listener(BootNews::loaded);
  }
};

struct BootServer::Book {
  explicit Book(asio::any_io_executor executor) : acceptor(std::move(executor)) {}
  tcp::acceptor acceptor;
  std::map<std::string, std::shared_ptr<Entry>> by_token;
  std::map<std::string, std::string> token_of;  // by a host's name
  std::map<std::size_t, std::shared_ptr<beast::tcp_stream>> connections;
  std::size_t next_connection = 0;

  std::shared_ptr<Entry> entry(const std::string& token) const {
    auto found = by_token.find(token);
    return found == by_token.end() ? nullptr : found->second;
  }
  void remove(const std::string& token) {
    by_token.erase(token);
    std::erase_if(token_of, [&](const auto& known) { return known.second == token; });
  }
  std::string script_for_host(const std::string& name, const std::string& authority);
  std::string script_again(const std::string& token, const std::string& authority);
  static Task<bool> answer(std::shared_ptr<Book> book, beast::tcp_stream& stream, const Request& request);
};

std::string BootServer::Book::script_for_host(const std::string& name, const std::string& authority) {
  auto token = token_of.find(name);
  if (token == token_of.end()) return idle_script();
  auto asked = entry(token->second);
  if (asked->loaded) {
    asked->listener(BootNews::again);
    return hold_script();
  }
  asked->listener(BootNews::script);
  return boot_script(authority, token->second, asked->order.cmdline);
}

std::string BootServer::Book::script_again(const std::string& token, const std::string& authority) {
  auto asked = entry(token);
  if (!asked || ++asked->retries > k_most_retries) return hold_script();
  asked->loaded = asked->kernel_sent = asked->initramfs_sent = false;
  return boot_script(authority, token, asked->order.cmdline);
}

BootServer::Placed::~Placed() {
  book_->remove(token_);
}

BootServer::BootServer(asio::any_io_executor executor, std::shared_ptr<Book> book)
    : executor_(std::move(executor)), book_(std::move(book)) {}

std::unique_ptr<BootServer> BootServer::open(asio::any_io_executor executor, const std::string& listen) {
  const auto endpoint = parse_listen(listen);
  auto book = std::make_shared<Book>(executor);
  try {
    book->acceptor.open(endpoint.protocol());
    book->acceptor.set_option(tcp::acceptor::reuse_address(true));
    book->acceptor.bind(endpoint);
    book->acceptor.listen();
  } catch (const boost::system::system_error& error) {
    throw InfraError("cannot serve kernels on " + listen + ": " + error.code().message());
  }
  std::unique_ptr<BootServer> server(new BootServer(executor, book));
  asio::co_spawn(executor, accept_all(book), asio::detached);
  return server;
}

BootServer::~BootServer() {
  boost::system::error_code ignored;
  book_->acceptor.close(ignored);
  for (auto& [number, stream] : book_->connections) stream->cancel();
}

unsigned short BootServer::port() const {
  return book_->acceptor.local_endpoint().port();
}

std::string BootServer::address() const {
  const auto endpoint = book_->acceptor.local_endpoint();
  return endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

std::unique_ptr<BootServer::Placed> BootServer::place(BootOrder order,
                                                      std::function<void(BootNews)> listener) {
  check_cmdline(order.cmdline);
  auto token = fresh_token();
  auto entry = std::make_shared<Entry>();
  for (const auto& name : order.names) book_->token_of[name] = token;
  entry->order = std::move(order);
  entry->listener = std::move(listener);
  book_->by_token[token] = std::move(entry);
  return std::unique_ptr<Placed>(new Placed(book_, std::move(token)));
}

Task<void> BootServer::accept_all(std::shared_ptr<Book> book) {
  auto executor = co_await asio::this_coro::executor;
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (book->acceptor.is_open()) {
    tcp::socket socket(executor);
    co_await book->acceptor.async_accept(socket, token);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error || book->connections.size() >= k_most_connections) continue;  // closes it
    const std::size_t number = book->next_connection++;
    book->connections[number] = std::make_shared<beast::tcp_stream>(std::move(socket));
    asio::co_spawn(executor, serve(book, number), asio::detached);
  }
}

namespace {

template <class Response>
void finish(Response& response, const Request& request) {
  response.version(request.version());
  response.set(http::field::server, "kverdict");
  response.keep_alive(request.keep_alive());
  response.prepare_payload();
}

http::response<http::string_body> text_response(const Request& request, http::status status,
                                                std::string text) {
  http::response<http::string_body> response;
  response.result(status);
  response.set(http::field::content_type, "text/plain");
  if (request.method() != http::verb::head) response.body() = std::move(text);
  finish(response, request);
  return response;
}

std::string authority_of(const Request& request, const tcp::socket& socket) {
  const auto field = request[http::field::host];
  if (auto said = valid_authority(std::string_view(field.data(), field.size()))) return *said;
  boost::system::error_code ignored;
  const auto local = socket.local_endpoint(ignored);
  return local.address().to_string() + ":" + std::to_string(local.port());
}

// True when all of it went out.
Task<bool> send_text(beast::tcp_stream& stream, http::response<http::string_body> response) {
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await http::async_write(stream, response, token);
  co_return !error;
}

Task<bool> send_file(beast::tcp_stream& stream, const Request& request, std::filesystem::path path) {
  http::response<http::file_body> response;
  beast::error_code error;
  response.body().open(path.c_str(), beast::file_mode::scan, error);
  if (error) {
    log_error("cannot serve " + path.string() + ": " + error.message());
    auto sending = send_text(stream, text_response(request, http::status::internal_server_error, ""));
    co_await std::move(sending);
    co_return false;
  }
  response.set(http::field::content_type, "application/octet-stream");
  finish(response, request);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  if (request.method() == http::verb::head) {
    http::response_serializer<http::file_body> head(response);
    co_await http::async_write_header(stream, head, token);
    co_return false;
  }
  stream.expires_after(k_file_limit);
  co_await http::async_write(stream, response, token);
  co_return !error;
}

}  // namespace

// True when all of the answer went out and the connection may go on.
Task<bool> BootServer::Book::answer(std::shared_ptr<Book> book, beast::tcp_stream& stream,
                                    const Request& request) {
  const auto target = request.target();
  const auto wanted = parse_boot_request(std::string_view(target.data(), target.size()));
  const auto authority = authority_of(request, stream.socket());
  using What = BootRequest::What;
  const bool get = request.method() == http::verb::get;
  if (get && wanted && (wanted->what == What::script || wanted->what == What::again)) {
    auto text = wanted->what == What::script ? book->script_for_host(wanted->name, authority)
                                             : book->script_again(wanted->name, authority);
    auto sending = send_text(stream, text_response(request, http::status::ok, std::move(text)));
    co_return co_await std::move(sending);
  }
  const bool reading = get || request.method() == http::verb::head;
  if (auto entry = reading && wanted ? book->entry(wanted->name) : nullptr) {
    const auto& order = entry->order;
    auto sending = send_file(stream, request, wanted->what == What::kernel ? order.kernel : order.initramfs);
    const bool sent = co_await std::move(sending);
    if (sent && book->entry(wanted->name) == entry) entry->sent(wanted->what);
    co_return sent;
  }
  auto sending = send_text(stream, text_response(request, http::status::not_found, "not here\n"));
  co_return co_await std::move(sending);
}

Task<void> BootServer::serve(std::shared_ptr<Book> book, std::size_t number) {
  auto stream = book->connections.at(number);
  beast::flat_buffer buffer;
  beast::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  for (bool more = true; more;) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(k_header_limit);
    parser.body_limit(0);
    stream->expires_after(k_request_limit);
    co_await http::async_read(*stream, buffer, parser, token);
    if (error) break;
    const Request request = parser.release();
    auto answering = Book::answer(book, *stream, request);
    more = co_await std::move(answering);
    more = more && request.keep_alive();
  }
  stream->socket().shutdown(tcp::socket::shutdown_both, error);
  book->connections.erase(number);
}

}  // namespace kverdict
