// The search for the smallest fleet of one kind: it closes in from bounds, and gives up where it cannot be the least.
#pragma once

#include "analysis/size/trials.hpp"

namespace flotilla::analysis {

/// The fewest replicas of the one group. Gives up as `dearer` where they cannot cost less than `limit`.
Candidate search_line(Trials& trials, double limit);

/// The cheapest pair of prefill and decode replicas. More of either never holds less, so that the pairs that hold are
/// bounded by a staircase: for every number of prefill replicas the most decode replicas that would still be cheaper
/// than the best pair so far are tried; where they do not hold, fewer do not either.
Candidate search_pair(Trials& trials, double limit);

}  // namespace flotilla::analysis
