#include "workloads/job.hpp"

#include "workloads/text.hpp"

// The file: one line per fact, words separated by single spaces and percent-encoded, so that a word is
// never empty of meaning by accident (an empty value is an empty last word). "step" opens a step, "peer"
// opens a server of that step; "end" closes the file, which makes a cut file visible.
//
//   kvjob 1
//   token T
//   heartbeat_ms N
//   vitals_ms N
//   module PATH
//   sysctl NAME VALUE
//   nic NAME ipv4=.. ipv6=.. gateway=.. end=near|far
//   step NAME LIMIT_MS
//   arg WORD / env NAME VALUE / peer / peerarg WORD
//   end

namespace kverdict {
namespace {

class Lines {
 public:
  template <class... Words>
  void add(std::string_view first, const Words&... words) {
    text_ += first;
    ((text_ += ' ', text_ += percent_encode(words)), ...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_step(Lines& lines, const GuestStep& step) {
  lines.add("step", step.name, std::to_string(step.limit.count()));
  for (const auto& word : step.argv) lines.add("arg", word);
  for (const auto& [name, value] : step.env) lines.add("env", name, value);
  for (const auto& peer : step.peers) {
    lines.add("peer");
    for (const auto& word : peer) lines.add("peerarg", word);
  }
}

}  // namespace

std::string encode(const GuestJob& job) {
  Lines lines;
  lines.add("kvjob", "1");
  lines.add("token", job.token);
  lines.add("heartbeat_ms", std::to_string(job.heartbeat.count()));
  lines.add("vitals_ms", std::to_string(job.vitals.count()));
  for (const auto& module : job.modules) lines.add("module", module);
  for (const auto& [name, value] : job.sysctls) lines.add("sysctl", name, value);
  for (const auto& nic : job.nics)
    lines.add("nic", nic.name, "ipv4=" + nic.ipv4, "ipv6=" + nic.ipv6, "gateway=" + nic.gateway,
              nic.far_end ? "end=far" : "end=near");
  for (const auto& step : job.steps) add_step(lines, step);
  lines.add("end");
  return lines.take();
}

}  // namespace kverdict
