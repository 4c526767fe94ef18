"""Fills the form of a history with changes and writes it."""

import os
import re
import subprocess
import tempfile

from . import bugs, edits
from .shape import Role

# Who works on this kernel. Invented.
_AUTHORS = """Ines Morvan <ines@morvan.example>|Pavel Drozd <pdrozd@lab.example>|Kei Tanabe <kei@tanabe.example>
|Ruth Okafor <ruth.okafor@net.example>|Jonas Lindqvist <jonas@lindq.example>|Mira Sethi <mira@sethi.example>
|Tomas Reyes <tomas@kernel.example>|Anneke Vos <avos@drivers.example>""".replace("\n", "").split("|")
_INTEGRATOR = "Ruth Okafor <ruth.okafor@net.example>"
_FIRST_DAY = 1_672_650_000  # seconds of the epoch; each commit is some hours later

# Where innocuous changes happen, with the prefix of their subjects; compiled by the tiny configuration.
AREAS = [
    ("mm/", "mm"), ("net/core/", "net"), ("net/ipv4/", "ipv4"), ("net/ipv6/", "ipv6"), ("net/sched/", "net: sched"),
    ("net/packet/", "packet"), ("net/unix/", "af_unix"), ("net/netlink/", "netlink"), ("fs/proc/", "proc"),
    ("fs/", "fs"), ("kernel/time/", "time"), ("kernel/sched/", "sched"), ("kernel/", "kernel"), ("lib/", "lib"),
    ("drivers/pci/", "PCI"), ("drivers/base/", "driver core"), ("drivers/tty/serial/8250/", "serial: 8250"),
    ("drivers/tty/", "tty"), ("drivers/virtio/", "virtio"), ("drivers/net/ethernet/intel/e1000e/", "e1000e"),
    ("drivers/net/ethernet/realtek/", "net: realtek"), ("arch/x86/kernel/", "x86"), ("arch/x86/mm/", "x86/mm"),
]
_TOPICS = [("net-tidy", ("net/", "drivers/net/")), ("mm-tidy", ("mm/", "lib/")),
           ("driver-tidy", ("drivers/",)), ("core-tidy", ("kernel/", "fs/"))]
# Headers of middling reach: touching one rebuilds some dozens of files, not the kernel.
_HEADERS = ["include/net/tcp.h", "include/linux/etherdevice.h", "include/linux/if_vlan.h", "include/net/udp.h",
            "include/linux/tty.h", "include/net/route.h"]
_DOCUMENTS = ["net/Kconfig", "mm/Kconfig", "lib/Kconfig.debug", "drivers/net/Kconfig", "drivers/tty/Kconfig", "README"]


def interesting(path):
    """Must the text of this file of the base be kept for edits?"""
    if path in _HEADERS or path in _DOCUMENTS or path.startswith(bugs.E1000):
        return True
    if any(edit.path == path for b in bugs.BREAKS for c in (b.broken, b.mended) for edit in c.edits):
        return True
    return _in_area(path) or (path.endswith("/Makefile") and path[:-len("Makefile")] in dict(AREAS))


def _in_area(path):
    return path.endswith(".c") and any(path.startswith(area) for area, _ in AREAS)


_ALWAYS = re.compile(r"^(?:[\w-]+-y|[\w-]+-objs)\s*[:+]?=\s*(.*)$", re.M)


def _always_built(base):
    """The sources that the area's Makefile names without a condition."""
    built = set()
    for path in (p for p in base if p.endswith("/Makefile")):
        for names in _ALWAYS.findall(base[path].replace("\\\n", " ")):
            built |= {path[:-len("Makefile")] + n[:-2] + ".c" for n in names.split() if n.endswith(".o")}
    return built & base.keys()


def _prefix(path):
    return max((a for a in AREAS if path.startswith(a[0])), key=lambda a: len(a[0]))[1]


class _Line:
    """One branch while it grows: what differs from the base, and its last commit."""

    def __init__(self, base, tip, changed=None):
        self.base, self.tip, self.changed = base, tip, dict(changed or {})
        self.fork = dict(self.changed)

    def text(self, path):
        return self.changed.get(path) or self.base[path]


def _merge_text(ours, base, theirs):
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            names.append(os.path.join(folder, name))
            with open(names[-1], "w", encoding="latin-1", newline="") as out:
                out.write(text)
        done = subprocess.run(["git", "merge-file", "-p", "-q", *names], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise ValueError("the history needs a merge with conflicts")
    return done.stdout.decode("latin-1")


class Writer:
    """Writes one history: shape and base in, answer out."""

    def __init__(self, repository, rng, base, bug):
        self._repository, self._rng, self._base = repository, rng, base
        self._bug = bugs.BUGS[bug]
        self._break = rng.choice(bugs.BREAKS)
        self._reserved = {e.path for b in bugs.BREAKS for c in (b.broken, b.mended) for e in c.edits}
        self._reserved |= {e.path for c in (*bugs.BUGS.values(), *bugs.NEIGHBOURS, *bugs.OTHER_CRASH) for e in c.edits}
        self._pool = sorted(p for p in base if _in_area(p) and p not in self._reserved)
        self._built = _always_built(base)
        self._when = _FIRST_DAY
        self._lines, self._answer = {}, None
        self._extras = []

    def write(self, shape, root):
        """Writes all commits after the base commit `root`; returns (mark of the tip, mark of the culprit)."""
        self._lines = {0: _Line(self._base, root)}
        self._themes = self._rng.sample(_TOPICS, max(s.branch for s in shape))
        self._plan_extras(shape)
        for slot in shape:
            self._commit(slot)
            for topic in slot.forks:
                main = self._lines[0]
                self._lines[topic] = _Line(self._base, main.tip, main.changed)
        return self._lines[0].tip, self._answer

    def _plan_extras(self, shape):
        """Some ordinary commits of the main line are special: neighbours of the bug, headers, documents."""
        extras = [lambda line, c=change: self._apply(line, c) for change in bugs.NEIGHBOURS]
        for path in self._rng.sample(_HEADERS, 2):
            extras.append(lambda line, p=path: self._generic(line, p, edits.add_header_helper, "net"))
        for path in self._rng.sample(_DOCUMENTS, 3):
            extras.append(lambda line, p=path: self._generic(line, p, edits.tidy_help, p.rpartition("/")[0] or "doc"))
        places = [s for s in shape if s.branch == 0 and s.role is Role.ORDINARY]
        chosen = self._rng.sample(places, min(len(places) * 2 // 3, len(extras)))
        self._extras = {id(slot): extra for slot, extra in zip(chosen, self._rng.sample(extras, len(extras)))}

    def _commit(self, slot):
        line = self._lines[slot.branch]
        if slot.role is Role.MERGE:
            self._merge(line, slot.merges)
            return
        done = None
        if id(slot) in self._extras:
            done = self._extras[id(slot)](line)
        while done is None:
            done = self._change(slot, line)
        subject, body, texts = done
        self._emit(line, subject, body, texts, (line.tip,))
        if slot.role is Role.CULPRIT:
            self._answer = line.tip

    def _change(self, slot, line):
        planned = {Role.CULPRIT: self._bug, Role.BREAKS: self._break.broken, Role.MENDS: self._break.mended}
        if slot.role is Role.OTHER:
            return self._apply(line, bugs.OTHER_CRASH[slot.other])
        if slot.role in planned:
            return self._apply(line, planned[slot.role])
        return self._innocuous(line, slot.branch)

    def _apply(self, line, change):
        texts = {}
        for edit in change.edits:
            text = texts.get(edit.path) or line.text(edit.path)
            if text.count(edit.old) != 1:
                raise ValueError(f"{edit.path}: the place for \"{change.subject}\" is not there once")
            texts[edit.path] = text.replace(edit.old, edit.new)
        return change.subject, change.body, texts

    def _generic(self, line, path, edit, prefix):
        done = edit(path, line.text(path), self._rng)
        if done is None:
            return None
        text, subject, body = done
        if not subject.startswith(prefix + ":"):
            subject = f"{prefix}: {subject}"
        return subject, body, {path: text}

    def _innocuous(self, line, branch):
        """A change of a file that no other commit touches; sometimes the same in its neighbours too."""
        path = self._pick(self._themes[branch - 1][1] if branch else ("",))
        first = self._rng.choice([edits.rewrite_one] * 7 + [edits.comment_on_caller] * 2 + [edits.add_helper])
        for edit in (first, edits.rewrite_one, edits.comment_on_caller, edits.add_helper):
            done = self._generic(line, path, edit, _prefix(path))
            if done:
                return done
        return None

    def _pick(self, roots):
        """A file not touched yet, mostly one that is compiled; each area has the same chance."""
        under = [p for p in self._pool if p.startswith(roots)] or self._pool
        pool = [p for p in under if p in self._built] if self._rng.random() < 0.85 else under
        pool = pool or under
        if not pool:
            raise ValueError("more commits than files to change")
        area = self._rng.choice(sorted({_prefix(p) for p in pool}))
        path = self._rng.choice([p for p in pool if _prefix(p) == area])
        self._pool.remove(path)
        return path

    def _merge(self, line, topic):
        other = self._lines.pop(topic)
        texts = {}
        for path in sorted(p for p in other.changed if other.changed[p] != other.fork.get(p)):
            base = other.fork.get(path) or self._base[path]
            ours = line.text(path)
            texts[path] = other.changed[path] if ours == base else _merge_text(ours, base, other.changed[path])
        name = self._themes[topic - 1][0]
        self._emit(line, f"Merge branch '{name}'", "", texts, (line.tip, other.tip))

    def _emit(self, line, subject, body, texts, parents):
        self._when += self._rng.randrange(1800, 30000)
        author = _INTEGRATOR if len(parents) > 1 else self._rng.choice(_AUTHORS)
        message = subject + "\n" + (f"\n{body}\n" if body else "")
        if len(parents) == 1:
            message += f"\nSigned-off-by: {author}\n"
        line.tip = self._repository.begin(author, self._when, message, parents)
        for path, text in sorted(texts.items()):
            self._repository.put(path, "100644", text.encode("latin-1"))
        line.changed.update(texts)


def write_base(repository, files):
    """Writes the first commit from (path, mode, bytes) items; returns (mark, texts kept for edits)."""
    kept = {}
    mark = repository.begin(_INTEGRATOR, _FIRST_DAY, "Linux 6.1\n")
    for path, mode, content in files:
        repository.put(path, mode, content)
        if mode != "120000" and interesting(path):
            kept[path] = content.decode("latin-1")
    return mark, kept
