// Hosts that exist in directories (tests/support/metal/fake-hook), run by the real runner: real hooks,
// real HTTP, real files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runners/metal/metal_runner.hpp"
#include "tests/support/real_time.hpp"
#include "tests/support/temporary_directory.hpp"

namespace kverdict {

class MetalBench {
 public:
  explicit MetalBench(unsigned hosts = 2);
  ~MetalBench();

  Runner& runner();
  Clock& clock() { return time_.clock(); }
  template <class T>
  T run(Task<T> task) {
    return time_.run(std::move(task));
  }
  BootSpec ends(std::string label) { return spec(std::move(label), "say words of the kernel\nreset\n"); }
  BootSpec stays(std::string label) { return spec(std::move(label), "say words of the kernel\nstay\n"); }
  BootSpec cannot_start(std::string label);
  std::string words() { return "words of the kernel\n"; }
  unsigned running();  // hosts that are on

  // The kernel is a text: see the fake hook.
  BootSpec spec(std::string label, const std::string& kernel);
  void fault(unsigned host, const std::string& verb, const std::string& what);
  std::filesystem::path directory(unsigned host) const;
  std::filesystem::path path() const { return directory_.path(); }
  std::vector<HostSpec>& hosts() { return options_.hosts; }
  HostRecord record(unsigned host) const;
  void open();  // again, as a new session would

 private:
  TemporaryDirectory directory_;
  RealTime time_;
  MetalOptions options_;
  std::unique_ptr<MetalRunner> runner_;
};

}  // namespace kverdict
