"""The form of generated histories, over many seeds."""

import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../scripts/lab"))
from kernel_history.shape import SMALLEST, STRETCH, Role, make_shape  # noqa: E402
from kernel_history.tree import wanted  # noqa: E402


def shapes(commits=64):
    return [make_shape(random.Random(seed), commits) for seed in range(60)]


def roles(shape, role):
    return [slot for slot in shape if slot.role is role]


class Shape(unittest.TestCase):
    def test_has_as_many_commits_as_asked_for(self):
        for commits in (SMALLEST, 64, 150):
            self.assertEqual({len(shape) for shape in shapes(commits)}, {commits})

    def test_has_two_merges_one_culprit_and_a_stretch_that_is_mended(self):
        for shape in shapes():
            self.assertEqual(len(roles(shape, Role.MERGE)), 2)
            self.assertEqual(len(roles(shape, Role.CULPRIT)), 1)
            self.assertEqual(len(roles(shape, Role.BREAKS) + roles(shape, Role.BROKEN)), STRETCH)
            self.assertEqual(len(roles(shape, Role.MENDS)), 1)

    def test_no_topic_branch_starts_inside_the_stretch(self):
        for shape in shapes():
            broken = roles(shape, Role.BREAKS) + roles(shape, Role.BROKEN)
            self.assertFalse([slot for slot in broken if slot.forks or slot.branch])

    def test_the_culprit_moves_with_the_seed_also_onto_topic_branches(self):
        places = {(shape.index(slot), slot.branch > 0) for shape in shapes() for slot in roles(shape, Role.CULPRIT)}
        self.assertGreater(len(places), 20)
        self.assertTrue(any(topic for _, topic in places))

    def test_the_other_crash_stands_on_both_sides_of_the_culprit_and_never_beside_it(self):
        for seed in range(30):
            shape = make_shape(random.Random(seed), 40, other=True)
            line = [slot for slot in shape if slot.branch == 0]
            places = [next(i for i, slot in enumerate(line) if slot.role is Role.OTHER and slot.other == number)
                      for number in range(4)]
            culprit = roles(shape, Role.CULPRIT)[0]
            joins = line.index(culprit) if culprit.branch == 0 else next(
                i for i, slot in enumerate(line) if slot.merges == culprit.branch)
            leaves = line.index(culprit) if culprit.branch == 0 else next(
                i for i, slot in enumerate(line) if culprit.branch in slot.forks)
            self.assertEqual(places, sorted(places))
            self.assertLess(places[1], leaves)
            self.assertGreater(places[2], joins)

    def test_too_short_a_history_is_refused(self):
        with self.assertRaises(ValueError):
            make_shape(random.Random(1), SMALLEST - 1)


class Tree(unittest.TestCase):
    def test_keeps_what_is_compiled_and_every_kconfig_file_that_is_read(self):
        for path in ("mm/slub.c", "drivers/net/ethernet/intel/e1000/e1000_main.c", "sound/soc/Kconfig", "Makefile",
                     "arch/arm/crypto/Kconfig", "fs/exec.c"):
            self.assertTrue(wanted(path), path)

    def test_drops_what_is_not(self):
        for path in ("drivers/gpu/drm/drm_drv.c", "arch/arm/Kconfig", "tools/perf/Makefile", "include/sound/core.h"):
            self.assertFalse(wanted(path), path)


if __name__ == "__main__":
    unittest.main()
