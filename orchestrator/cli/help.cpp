#include "orchestrator/cli/help.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace kverdict {
namespace {

constexpr std::string_view k_session_exits =
    "0 culprit found; 2 usage or configuration; 3 inconclusive (only skips left, limit reached); 4 the lab "
    "gave up, "
    "resume later; 5 the ends are not as claimed; 130, 143 interrupted, resume later";
constexpr std::string_view k_trial_exits =
    "0 good; 1 bad; 125 cannot be tested; 129 usage or configuration; 132 the lab gave up";
constexpr std::string_view k_plain_exits = "0 done; 2 usage or configuration";

constexpr std::array k_commands{
    CommandText{"run", "bisect a range: build, boot, stress and judge candidates until the culprit is named",
                "kverdict run ~/linux --good v6.1 --bad v6.2 --path drivers/net/ethernet/intel\n"
                "kverdict run --config e1000.toml",
                TakesKeys::yes, k_session_exits},
    CommandText{
        "resume", "go on with a session that was interrupted; nothing answered is asked again",
        "kverdict resume\nkverdict resume linux-20250102-1530 --hunt 'BUG: soft lockup in e1000_clean'",
        TakesKeys::yes, k_session_exits},
    CommandText{"status", "where a session stands", "kverdict status --json", TakesKeys::no, k_plain_exits},
    CommandText{"list", "all sessions", "kverdict list", TakesKeys::no, k_plain_exits},
    CommandText{"trial", "try one candidate by hand",
                "kverdict trial v6.2-rc1\ngit bisect run kverdict trial HEAD", TakesKeys::yes, k_trial_exits},
    CommandText{"show", "the transcript of a trial, with the oops marked",
                "kverdict show linux-20250102-1530 4", TakesKeys::no, k_plain_exits},
    CommandText{"report", "what was found, with its evidence",
                "kverdict report --format markdown > report.md", TakesKeys::no, k_plain_exits},
    CommandText{"log", "the session as git bisect log writes it",
                "kverdict log | git bisect replay /dev/stdin", TakesKeys::no, k_plain_exits},
    CommandText{"replay", "read a git bisect log or a session, and say where it leads",
                "git bisect log > log; kverdict replay log\nkverdict replay --check linux-20250102-1530",
                TakesKeys::yes,
                "0 as recorded; 2 usage, or the log does not fit; 1 a choice differs (--check)"},
    CommandText{"parse", "name the crashes in console logs from anywhere, by the titles of the field",
                "kverdict parse console.log\ndmesg | kverdict parse --all\nkverdict parse --json logs/ > "
                "crashes.jsonl",
                TakesKeys::no, "0 all logs were read; 2 usage, or a log cannot be read"},
    CommandText{"mark", "your word over what a trial, or all trials of a candidate, said",
                "kverdict mark 7 nothing --reason 'the disk was full'\nkverdict mark v6.2-rc3 good",
                TakesKeys::no, k_plain_exits},
    CommandText{"undo", "take a mark back, or a trial out as if it had never been made",
                "kverdict undo 7\nkverdict undo v6.2-rc3", TakesKeys::no, k_plain_exits},
    CommandText{"config", "look at the configuration", "kverdict config show", TakesKeys::no, k_plain_exits},
    CommandText{"config check", "name everything that is wrong with the configuration",
                "kverdict config check\nkverdict config check configs/e1000-wire.toml", TakesKeys::yes,
                "0 fine; 2 something is wrong"},
    CommandText{"config show", "every key in force, and where it comes from",
                "kverdict config show\nKVERDICT_BUILD_JOBS=4 kverdict config show --json", TakesKeys::yes,
                k_plain_exits},
    CommandText{"doctor", "what is missing on this machine, with the commands that repair it",
                "kverdict doctor", TakesKeys::yes, "0 all that is required is there; 2 something is missing"},
    CommandText{"version", "print the version", "kverdict version", TakesKeys::no, "0"},
};

std::string indented(std::string_view lines) {
  std::string text = "  ";
  for (char c : lines) {
    text += c;
    if (c == '\n') text += "  ";
  }
  return text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string dashed(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

template <class Owner>
void add_rows(std::string& text, const std::string& prefix) {
  for (const Key<Owner>& key : keys<Owner>()) {
    text += "  " + padded(prefix + std::string(key.name), 24) + kind_text(key);
    text += ", default " + toml_text(value_of(Owner{}, key)) + "\n      " + std::string(key.help) + "\n";
  }
}

}  // namespace

std::span<const CommandText> command_texts() {
  return k_commands;
}

std::string program_footer() {
  return "Examples:\n  kverdict doctor\n  kverdict run ~/linux --good v6.1 --bad v6.2\n  kverdict resume\n"
         "`kverdict COMMAND --help` says more; `kverdict config --help` lists all keys of the configuration.";
}

std::string command_footer(const CommandText& text) {
  std::string footer = "Examples:\n" + indented(text.example) + "\n";
  if (text.name == "config") footer += "Keys:\n" + key_table();
  if (text.keys == TakesKeys::yes) {
    footer +=
        "Every key of the configuration is a flag: --TABLE.KEY VALUE (kverdict config --help lists them).\n";
  }
  return footer + "Exit codes: " + std::string(text.exits);
}

std::string flag_names(const Key<Config>& key) {
  std::string names = key.shortcut.empty() ? "" : "--" + std::string(key.shortcut) + ",";
  if (!key.alias.empty()) names += "--" + std::string(key.alias) + ",";
  names += "--" + std::string(key.name);
  if (dashed(key.name) != key.name) names += ",--" + dashed(key.name);
  return names;
}

std::string shown_flag(const Key<Config>& key) {
  return "--" + (key.shortcut.empty() ? dashed(key.name) : std::string(key.shortcut));
}

std::string flag_type(const Key<Config>& key) {
  const std::string kind = kind_text(key);
  const std::string word = kind.substr(kind.rfind(' ') + 1);
  std::string type = kind.find('|') != std::string::npos ? "WORD" : word;
  if (type.ends_with('s')) type.pop_back();  // of a list each flag gives one
  for (char& c : type) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return type;
}

std::string key_table() {
  std::string text;
  add_rows<Config>(text, "");
  add_rows<WorkloadSpec>(text, "workload.");
  add_rows<FixupConfig>(text, "build.fixup.");
  add_rows<Nic>(text, "target.nics.");
  return text;
}

}  // namespace kverdict
