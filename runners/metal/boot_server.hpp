// Kernels for hosts that boot from the network: an HTTP server with one order a boot. The first fetch of an
// order's kernel and initramfs proves that the boot began; a host that asks for its script once more was
// reset by itself, and is held. Everything from the network is bounded: connections, header sizes, time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runners/host/task.hpp"

namespace kverdict {

struct BootOrder {
  std::vector<std::string> names;  // by which the host asks; lower case
  std::filesystem::path kernel;
  std::filesystem::path initramfs;
  std::string cmdline;  // as boot_script() takes it
};

enum class BootNews {
  script,  // the host's firmware has its script
  loaded,  // and kernel and initramfs, whole
  again,   // and asked for its script anew: a reset
};

class BootServer {
 public:
  // Listens on "ADDRESS:PORT"; port 0 is any. UsageError when that is none, InfraError when it is taken.
  static std::unique_ptr<BootServer> open(boost::asio::any_io_executor executor, const std::string& listen);
  ~BootServer();  // ends all connections

  // An order stands until its handle is gone; one for the same host replaces it.
  class Placed;
  std::unique_ptr<Placed> place(BootOrder order, std::function<void(BootNews)> listener);

  unsigned short port() const;
  std::string address() const;  // "0.0.0.0:8069"

 private:
  struct Book;
  struct Entry;
  BootServer(boost::asio::any_io_executor executor, std::shared_ptr<Book> book);
  static Task<void> accept_all(std::shared_ptr<Book> book);
  static Task<void> serve(std::shared_ptr<Book> book, std::size_t number);

  boost::asio::any_io_executor executor_;
  // Shared with the coroutines of connections: they outlive this object while they are unwound.
  std::shared_ptr<Book> book_;
};

class BootServer::Placed {
 public:
  ~Placed();
  const std::string& token() const { return token_; }

 private:
  friend class BootServer;
  Placed(std::shared_ptr<Book> book, std::string token) : book_(std::move(book)), token_(std::move(token)) {}
  std::shared_ptr<Book> book_;
  std::string token_;
};

}  // namespace kverdict
