#!/usr/bin/env python3
"""What no compiler checks: who may include whom, which libraries live in which room, the coroutine rule, and
the size of files. One line a finding; exit code 1 when there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VALUES = ("runners/boot.hpp", "runners/error.hpp")

# Room -> what it may include of ours. The longest matching room counts.
ROOMS = {
    "runners/": ("runners/",),
    "workloads/": ("workloads/", *VALUES),
    "workloads/guest/": ("workloads/guest/",),
    "orchestrator/core/": ("orchestrator/core/", "workloads/", *VALUES),
    "orchestrator/sources/": ("orchestrator/sources/", "orchestrator/core/", "runners/"),
    "orchestrator/images/": ("orchestrator/images/", "orchestrator/sources/", "orchestrator/core/", "workloads/", "runners/"),
    "orchestrator/drive/": ("orchestrator/drive/", "orchestrator/core/", "orchestrator/images/image_provider.hpp",
                            "workloads/", "runners/"),
    "orchestrator/cli/": ("orchestrator/cli/", "orchestrator/core/", "workloads/", "runners/"),
    "orchestrator/cli/commands/": ("orchestrator/", "workloads/", "runners/"),
    "orchestrator/main.cpp": ("orchestrator/cli/", "orchestrator/core/report/printable.hpp", "runners/error.hpp"),
    "tests/": ("tests/", "runners/", "workloads/", "orchestrator/"),
}
# Library header -> the only places that may include it.
LIBRARIES = {
    "git2": ("orchestrator/sources/", "orchestrator/cli/doctor_facts.cpp", "tests/"),
    "libvirt/": ("runners/libvirt/", "tests/adapter/libvirt/", "tests/vm/libvirt/"),
    "spdlog/": ("runners/host/log.cpp",),
    "toml++/": ("orchestrator/cli/", "tests/"),
    "CLI/": ("orchestrator/cli/options.cpp",),
    "apt-pkg/": ("orchestrator/sources/package/",),
    "rpm/": ("orchestrator/sources/package/",),
    "archive": ("orchestrator/sources/package/payload.cpp", "tests/"),
    "nlohmann/": ("orchestrator/sources/package/package_codec.cpp", "orchestrator/core/journal/codec.cpp", "orchestrator/core/report/json.cpp", "orchestrator/images/",
                  "orchestrator/cli/", "tests/"),
    "boost/": ("runners/", "orchestrator/drive/", "orchestrator/images/", "orchestrator/cli/commands/", "tests/"),
}
LONGEST_FILE = 500


def sources():
    for folder in ("runners", "workloads", "orchestrator", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp"):
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def room_of(name):
    return max((room for room in ROOMS if name.startswith(room)), key=len)


def check_includes(name, text):
    ours = ROOMS[room_of(name)]
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if not found:
            continue
        if found[1] and "/" in found[1] and not found[1].startswith(ours):
            yield number, f'"{found[1]}" is not for this room; it may include {", ".join(ours)}'
        for prefix, places in LIBRARIES.items():
            header = found[1] or found[2]
            if header.startswith(prefix) and not name.startswith(places):
                yield number, f"<{header}> belongs into {', '.join(places)} only"


def without_strings_and_comments(text):
    pattern = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.S)


# g++ 12 double-frees temporaries of some statements that hold co_await: names only, no builders.
def check_coroutines(_name, text):
    for found in re.finditer(r"\bco_await\b([^;]*);", without_strings_and_comments(text)):
        builder = re.search(r"[{?]|\[[=&\w]*\]\s*[({]", found[1])
        if builder:
            number = text.count("\n", 0, found.start()) + 1
            yield number, "co_await takes names, not builders: no braces, no ?:, no lambda in its statement"


def check_size(_name, text):
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield LONGEST_FILE, f"{lines} lines: a room to split at {LONGEST_FILE}"


def check_catch(name, text):
    if name.startswith("tests/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if "catch (...)" in line and "//" not in line:
            yield number, "catch (...) needs its reason in a comment"


def main():
    findings = 0
    for name, text in sources():
        for check in (check_includes, check_coroutines, check_size, check_catch):
            for number, what in check(name, text):
                print(f"{name}:{number}: {what}")
                findings += 1
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
