#!/usr/bin/env python3
"""What kverdict adds to a step beside compiler and guest, from a session of which every image was cached.

    steps.py SESSION PLAIN_GUEST

Each step's wall time is the time from the end of the step before it to its own end in the journal. Beside it the
same kernel, initramfs and command line are booted by hand (PLAIN_GUEST), directly after each other, several times;
the smallest time of each kernel counts as the guest. Prints figures, one a line.
"""
import datetime
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

REPEATS = 5
LINE = re.compile(r"^\s*\d+\s+(\d+\.\d+) s\|")


def seconds(at):
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def steps_of(journal):
    """(seconds, trial directory, kind of outcome, seconds from power-on to the outcome) of each step that booted."""
    last, steps = None, []
    for line in journal.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        now = seconds(event["at"])
        if event["event"] == "session_opened":
            last = now
        if event["event"] == "trial_ended":
            if event["machine"]:
                name = f"{event['trial']:04d}-{event['candidate'][:12]}"
                steps.append((now - last, journal.parent / "trials" / name, event["outcome"]["kind"],
                              event["run_ms"] / 1000))
            last = now
    return steps


def guest_of(trial):
    system = xml.parse(trial / "domain.xml").getroot().find("os")
    words = [w for w in system.findtext("cmdline").split() if not w.startswith(("console=", "tsc_early_khz="))]
    return system.findtext("kernel"), system.findtext("initrd"), " ".join(words)


def by_hand(plain_guest, trial):
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPEATS):
            begin = time.monotonic()
            subprocess.run([plain_guest, *guest_of(trial), f"{folder}/log"], check=True)
            times.append(time.monotonic() - begin)
    return min(times)


def last_line_at(trial):
    text = (trial / "transcript.log").read_text(encoding="utf-8", errors="replace")
    return max((float(m.group(1)) for m in map(LINE.match, text.splitlines()) if m), default=0.0)


def main():
    session, plain_guest = pathlib.Path(sys.argv[1]), sys.argv[2]
    steps = steps_of(session / "journal.jsonl")
    if len(steps) < 3:
        sys.exit("steps: the session booted too few kernels")
    added = [took - by_hand(plain_guest, trial) for took, trial, _, _ in steps[1:]]  # the first one starts the lab
    print(f"step_added_s {statistics.median(added):.3f}")
    verdicts = [run - last_line_at(trial) for _, trial, kind, run in steps if kind == "crashed"]
    if verdicts:
        print(f"panic_to_verdict_s {max(verdicts):.3f}")


main()
