// The weight of a candidate: how many suspects it descends from, itself included. git bisect computes it
// with one walk per merge; here it comes for all candidates at once, exactly, in bounded memory.
//
// How. Runs of commits without forks and merges are folded into segments; only the ancestor sets of whole
// segments are needed, as unions of segments. Those sets are bit rows, but never all columns at once: the
// columns are taken 256 at a time, a block, and one pass over the segments in topological order ORs the
// parents' rows and counts the new bits, each bit weighted by its segment's length. For s segments this takes
// s*s/512 steps of a few instructions each and 36 bytes per segment; most steps end early because nothing
// changed against a parent. (A walk per merge takes commits*merges steps.)
#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/core/model/history.hpp"

namespace kverdict {

// One weight per position of the history, 0 for those that are no members. Members must be closed: what
// lies on a line of descent between two members is a member.
std::vector<std::uint32_t> ancestor_counts(const History& history, const std::vector<bool>& member);

}  // namespace kverdict
