#include "runners/libvirt/event_loop.hpp"

#include <libvirt/libvirt.h>

#include <mutex>

#include "runners/error.hpp"

namespace kverdict {

namespace {

void nothing(int, void*) {}

// libvirt keeps the registration for the life of the process.
void register_once() {
  static std::once_flag done;
  std::call_once(done, [] { KV_CHECK(virEventRegisterDefaultImpl() == 0); });
}

}  // namespace

EventLoop::EventLoop() {
  register_once();
  thread_ = std::thread([this] {
    while (!ending_)
      if (virEventRunDefaultImpl() < 0) return;
  });
}

// Adding a timer that is due wakes the loop up.
EventLoop::~EventLoop() {
  ending_ = true;
  int timer = virEventAddTimeout(0, nothing, nullptr, nullptr);
  thread_.join();
  if (timer >= 0) virEventRemoveTimeout(timer);
}

}  // namespace kverdict
