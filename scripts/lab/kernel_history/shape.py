"""The form of the history: which commit stands where. Pure: a seed gives a form, no text yet."""

from dataclasses import dataclass, field
from enum import Enum

STRETCH = 5  # commits in a row that do not build
SMALLEST = 24


class Role(Enum):
    ORDINARY = "ordinary"
    BREAKS = "breaks the build"
    BROKEN = "inherits the broken build"
    MENDS = "mends the build"
    CULPRIT = "culprit"
    MERGE = "merge"


@dataclass
class Slot:
    """One commit to come. branch: 0 = the main line, 1.. = topic branches."""

    branch: int
    role: Role = Role.ORDINARY
    merges: int = 0                             # MERGE: the topic branch taken in
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


def make_shape(rng, commits, topics=2):
    """The commits after the good end, in order."""
    if commits < SMALLEST:
        raise ValueError(f"a history of {commits} commits is too short: at least {SMALLEST}")
    for _ in range(1000):
        sizes = [rng.randrange(3, 3 + max(1, commits // 16)) for _ in range(topics)]
        line = _main_line(rng, commits - sum(sizes), topics)
        if _place_stretch(rng, line):
            order = _with_topics(rng, line, sizes)
            _place_culprit(rng, order)
            return order
    raise ValueError(f"no place for a stretch of {STRETCH} commits among {commits}")
