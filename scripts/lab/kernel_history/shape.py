"""The form of the history: which commit stands where. Pure: a seed gives a form, no text yet."""

from dataclasses import dataclass, field
from enum import Enum

STRETCH = 5  # commits in a row that do not build
OTHER_STRETCH = 4  # commits, at least, on each side of the culprit
SMALLEST = 24


class Role(Enum):
    ORDINARY = "ordinary"
    BREAKS = "breaks the build"
    BROKEN = "inherits the broken build"
    MENDS = "mends the build"
    CULPRIT = "culprit"
    OTHER = "makes or mends the other crash"
    MERGE = "merge"


@dataclass
class Slot:
    """One commit to come. branch: 0 = the main line, 1.. = topic branches."""

    branch: int
    role: Role = Role.ORDINARY
    merges: int = 0                             # MERGE: the topic branch taken in
    other: int = 0                              # OTHER: which of its changes
    forks: list = field(default_factory=list)   # topic branches that start at this commit


def _main_line(rng, length, topics):
    """The main line with its merges; a topic forks three to eight commits before it is merged."""
    line = [Slot(0) for _ in range(length)]
    for topic in range(1, topics + 1):
        share = length // topics
        merge = share * (topic - 1) + rng.randrange(share // 2, share - 1)
        fork = merge - rng.randrange(3, min(8, share // 2) + 1)
        line[merge].role, line[merge].merges = Role.MERGE, topic
        line[max(fork, 0)].forks.append(topic)
    return line


def _place_stretch(rng, line):
    """Five that do not build and the one that mends: no merge among them, and no topic starts there."""
    def free(start):
        run = line[start:start + STRETCH + 1]
        return all(s.role is Role.ORDINARY for s in run) and not any(s.forks for s in run[:-1])

    starts = [i for i in range(1, len(line) - STRETCH - 1) if free(i)]
    if not starts:
        return False
    start = rng.choice(starts)
    line[start].role = Role.BREAKS
    for slot in line[start + 1:start + STRETCH]:
        slot.role = Role.BROKEN
    line[start + STRETCH].role = Role.MENDS
    return True


def _with_topics(rng, line, sizes):
    """All commits, parents before children, topics interleaved with the main line as their dates will be."""
    order, waiting = [], []
    for slot in line:
        if slot.merges:
            order += [t for t in waiting if t.branch == slot.merges]
            waiting = [t for t in waiting if t.branch != slot.merges]
        order.append(slot)
        for topic in slot.forks:
            waiting += [Slot(topic) for _ in range(sizes[topic - 1])]
        while waiting and rng.random() < 0.45:
            order.append(waiting.pop(0))
    return order


def _place_culprit(rng, order):
    low, high = len(order) // 6, len(order) * 9 // 10
    rng.choice([s for s in order[low:high] if s.role is Role.ORDINARY]).role = Role.CULPRIT


def _stretches(line, least):
    """Pairs of ordinary main-line commits, so far apart, between which no topic starts: it would inherit the crash."""
    for i, first in enumerate(line):
        for k in range(i + least, min(i + 2 * least + 1, len(line))):
            free = first.role is Role.ORDINARY and line[k].role is Role.ORDINARY
            if free and not any(s.forks for s in line[i:k]):
                yield i, k


def _place_other(rng, order):
    """The other crash exists in some commits before the culprit and in some after it, and never beside it."""
    line = [s for s in order if s.branch == 0]
    at = next(i for i, s in enumerate(order) if s.role is Role.CULPRIT)
    before = sum(s.branch == 0 for s in order[:at])  # main-line commits so far
    if order[at].branch:
        # A culprit of a topic counts from where the topic starts until it is merged.
        before = next(i for i, s in enumerate(line) if order[at].branch in s.forks)
        after = next(i for i, s in enumerate(line) if s.merges == order[at].branch)
    else:
        after = before
    early = [p for p in _stretches(line, OTHER_STRETCH) if p[1] < before - 1]
    late = [p for p in _stretches(line, OTHER_STRETCH) if p[0] > after + 1 and p[1] < len(line) - 1]
    if not early or not late:
        return False
    chosen = (*rng.choice(early), *rng.choice(late))
    for number, place in enumerate(chosen):
        line[place].role, line[place].other = Role.OTHER, number
    return True


def make_shape(rng, commits, topics=2, other=False):
    """The commits after the good end, in order."""
    if commits < SMALLEST:
        raise ValueError(f"a history of {commits} commits is too short: at least {SMALLEST}")
    for _ in range(1000):
        sizes = [rng.randrange(3, 3 + max(1, commits // 16)) for _ in range(topics)]
        line = _main_line(rng, commits - sum(sizes), topics)
        if _place_stretch(rng, line):
            order = _with_topics(rng, line, sizes)
            _place_culprit(rng, order)
            if not other or _place_other(rng, order):
                return order
    raise ValueError(f"no place for the stretches that are wanted among {commits} commits")
