#include "runners/faults/console_faults.hpp"

#include <charconv>
#include <sstream>
#include <utility>

#include "runners/error.hpp"

namespace kverdict {
namespace {

template <class Number>
bool read(std::string_view text, Number& number, Number most) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 && number <= most;
}

bool read_word(ConsoleFaults& faults, std::string_view key, std::string_view value) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  if (key == "serial.drop") return read(value, faults.serial_drop, 1.0);
  if (key == "serial.garble") return read(value, faults.serial_garble, 1.0);
  if (key == "serial.stop") return read(value, faults.serial_stop, most);
  if (key == "netconsole.lose") return read(value, faults.netconsole_lose, 1.0);
  if (key == "seed") return read(value, faults.seed, most);
  return false;
}

class FaultyMachine : public Machine {
 public:
  FaultyMachine(std::unique_ptr<Machine> machine, ConsoleDamage damage)
      : machine_(std::move(machine)), damage_(std::move(damage)) {}

  Task<ConsoleEvent> next() override {
    for (;;) {
      auto next = machine_->next();
      ConsoleEvent event = co_await std::move(next);
      auto* chunk = std::get_if<ConsoleChunk>(&event);
      if (chunk != nullptr) damage_.apply(*chunk);
      if (chunk == nullptr || !chunk->bytes.empty()) co_return event;
    }
  }
  Task<bool> provoke(Provocation how) override { return machine_->provoke(how); }
  Task<void> power_off() override { return machine_->power_off(); }

 private:
  std::unique_ptr<Machine> machine_;
  ConsoleDamage damage_;
};

class FaultyRunner : public Runner {
 public:
  FaultyRunner(std::unique_ptr<Runner> runner, const ConsoleFaults& faults)
      : runner_(std::move(runner)), faults_(faults) {}

  RunnerTraits traits() const override {
    auto traits = runner_->traits();
    traits.name += ", its consoles damaged on purpose";
    return traits;
  }
  Task<std::unique_ptr<Machine>> boot(BootSpec spec) override {
    ConsoleDamage damage(faults_, spec.label);
    auto booting = runner_->boot(std::move(spec));
    auto machine = co_await std::move(booting);
    co_return std::make_unique<FaultyMachine>(std::move(machine), std::move(damage));
  }
  Task<unsigned> sweep() override { return runner_->sweep(); }

 private:
  std::unique_ptr<Runner> runner_;
  ConsoleFaults faults_;
};

}  // namespace

ConsoleFaults parse_console_faults(const std::string& text) {
  ConsoleFaults faults;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    const auto value = equals == std::string::npos ? "" : std::string_view(word).substr(equals + 1);
    if (!read_word(faults, std::string_view(word).substr(0, equals), value))
      throw UsageError("console fault '" + word +
                       "': write serial.drop=SHARE, serial.garble=SHARE, serial.stop=BYTES, "
                       "netconsole.lose=SHARE or seed=NUMBER, shares from 0 to 1");
  }
  return faults;
}

ConsoleDamage::ConsoleDamage(const ConsoleFaults& faults, std::string_view label) : faults_(faults) {
  std::seed_seq seed(label.begin(), label.end());
  random_.seed(seed);
  random_.seed(random_() ^ faults.seed);
}

bool ConsoleDamage::happens(double share) {
  return share > 0 && std::uniform_real_distribution<double>(0, 1)(random_) < share;
}

void ConsoleDamage::apply(ConsoleChunk& chunk) {
  switch (chunk.source) {
    case ConsoleSource::serial:
      chunk.bytes = damaged_serial(chunk.bytes);
      return;
    case ConsoleSource::netconsole:
      chunk.bytes = damaged_lines(chunk.bytes);
      return;
    case ConsoleSource::memory:
      return;
  }
}

std::string ConsoleDamage::damaged_serial(std::string_view bytes) {
  std::string damaged;
  for (char c : bytes) {
    if (++serial_seen_ > faults_.serial_stop) break;
    if (happens(faults_.serial_drop)) continue;
    damaged += happens(faults_.serial_garble) ? static_cast<char>(random_() % 256) : c;
  }
  return damaged;
}

std::string ConsoleDamage::damaged_lines(std::string_view lines) {
  std::string damaged;
  while (!lines.empty()) {
    const auto length = std::min(
        lines.size(), lines.find('\n') == std::string_view::npos ? lines.size() : lines.find('\n') + 1);
    if (!happens(faults_.netconsole_lose)) damaged += lines.substr(0, length);
    lines.remove_prefix(length);
  }
  return damaged;
}

std::unique_ptr<Runner> with_console_faults(std::unique_ptr<Runner> runner, const ConsoleFaults& faults) {
  return std::make_unique<FaultyRunner>(std::move(runner), faults);
}

}  // namespace kverdict
