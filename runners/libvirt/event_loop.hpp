// libvirt's event loop, in its own thread, while one of these lives.
#pragma once

#include <atomic>
#include <thread>

namespace kverdict {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

 private:
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace kverdict
