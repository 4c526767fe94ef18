// script: the user's own program. Exit 0 good, 125 cannot tell, other bad.
#include <array>
#include <fstream>

#include "runners/error.hpp"
#include "workloads/kinds.hpp"
#include "workloads/parameters.hpp"
#include "workloads/script/interpreter.hpp"

namespace kverdict {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* k_folder = "/kv/files/";
constexpr const char* k_busybox = "/bin/busybox";

std::string read_head(const WorkloadSpec& spec) {
  std::error_code error;
  if (!fs::is_regular_file(spec.program, error))
    throw UsageError("workload '" + spec.name + "': program " + spec.program.string() + " is not a file");
  std::ifstream file(spec.program, std::ios::binary);
  std::array<char, 256> head{};
  file.read(head.data(), head.size());
  if (file.bad() || !file.is_open())
    throw UsageError("workload '" + spec.name + "': program " + spec.program.string() + " cannot be read");
  return {head.data(), static_cast<std::size_t>(file.gcount())};
}

// "#!/usr/bin/env x" names x without a folder.
fs::path find_interpreter(const WorkloadSpec& spec, const std::vector<std::string>& words) {
  fs::path first = words.front();
  if (first.filename() != "env") return first;
  if (words.size() < 2 || words[1].starts_with("-"))
    throw UsageError("workload '" + spec.name + "': " + spec.program.string() +
                     " starts its interpreter through env with options: name the interpreter directly");
  std::error_code error;
  for (const char* folder : {"/usr/bin", "/bin", "/usr/local/bin"})
    if (fs::exists(fs::path(folder) / words[1], error)) return fs::path(folder) / words[1];
  return words[1];
}

void add_busybox(GuestPlan& plan) {
  plan.files.push_back({k_busybox, k_busybox, "", 0755});
}

// The guest links busybox's names (sh, cat, ...) itself; names taken along in the same place win.
void add_interpreter(GuestPlan& plan, const WorkloadSpec& spec, const std::vector<std::string>& words) {
  auto interpreter = find_interpreter(spec, words);
  std::error_code error;
  bool busybox = fs::exists(k_busybox, error);
  if (is_shell(interpreter.string())) {
    if (!busybox)
      throw UsageError("workload '" + spec.name + "': " + spec.program.string() +
                       " is a shell script and needs /bin/busybox: apt-get install busybox-static");
    return add_busybox(plan);
  }
  if (!fs::exists(interpreter, error))
    throw UsageError("workload '" + spec.name + "': " + spec.program.string() + " wants the interpreter " +
                     interpreter.string() + ", which is not on this host");
  plan.files.push_back({interpreter.string(), interpreter, "", 0755});
  fs::path first = words.front();
  if (first != interpreter) plan.files.push_back({first.string(), first, "", 0755});
  if (busybox) add_busybox(plan);
}

void add_files(GuestPlan& plan, const WorkloadSpec& spec) {
  for (const auto& file : spec.files) {
    std::error_code error;
    if (!fs::is_regular_file(file, error))
      throw UsageError("workload '" + spec.name + "': file " + file.string() +
                       " does not exist or is no file");
    bool runs = (fs::status(file, error).permissions() & fs::perms::owner_exec) != fs::perms::none;
    plan.files.push_back({k_folder + file.filename().string(), fs::absolute(file), "", runs ? 0755u : 0644u});
  }
}

std::map<std::string, std::string> environment(const WorkloadSpec& spec) {
  std::map<std::string, std::string> env = {{"KV_DURATION_MS", std::to_string(spec.duration.count())},
                                            {"KV_WORKLOAD", spec.name}};
  constexpr std::string_view prefix = "env.";
  for (const auto& [key, value] : spec.parameters) {
    if (!key.starts_with(prefix) || key.size() == prefix.size() || key.find('=') != std::string::npos)
      throw UsageError("workload '" + spec.name + "' (script) has no parameter '" + key +
                       "': pass values to the program as arguments, or as 'env.NAME'");
    env[key.substr(prefix.size())] = value;
  }
  return env;
}

}  // namespace

GuestPlan plan_script(const WorkloadSpec& spec, const PlanContext& context) {
  if (spec.program.empty())
    throw UsageError("workload '" + spec.name +
                     "' (script) names no program: set 'program' to a file on this host");
  auto head = read_head(spec);
  auto words = interpreter_words(head);
  if (words.empty() && !is_elf(head))
    throw UsageError("workload '" + spec.name + "': " + spec.program.string() +
                     " is neither a program nor a script (its first line has no #!)");
  GuestStep step;
  step.name = spec.name;
  step.argv = {k_folder + spec.program.filename().string()};
  step.argv.insert(step.argv.end(), spec.arguments.begin(), spec.arguments.end());
  step.env = environment(spec);
  step.limit = step_limit(spec, spec.duration, 60s, context.time_scale);

  GuestPlan plan;
  plan.files.push_back({step.argv.front(), fs::absolute(spec.program), "", 0755});
  if (!words.empty()) add_interpreter(plan, spec, words);
  add_files(plan, spec);
  plan.steps.push_back(std::move(step));
  return plan;
}

}  // namespace kverdict
