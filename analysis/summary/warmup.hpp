// Is the warm-up long enough? Else the latencies of a fleet that was still filling up are taken for those of a fleet at
// work.
#pragma once

#include <cstddef>
#include <span>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// How long the warm-up of a run without one should have been, in seconds of arrivals: what MSER-5 cuts off of
/// `stays`, the end-to-end latencies in the order of finishing. What leaves after the last arrival is not looked at. 0
/// where nothing has to go, and where the rule would cut half: it never settled.
double found_warmup(std::span<const double> stays, double arrival_window_s);

/// Adds a warning where MSER-5 would cut more off the start, and the mean differs without it by 1 % and by more than
/// chance. Only where the fleet keeps up (the verdict must be there): a backlog that grows has no warm-up, and a closed
/// loop's opening burst is meant to count. `stays` are the end-to-end latencies in seconds, in the order of finishing.
void warn_of_warmup(Summary& summary, double warmup_s, double arrival_window_s, std::span<const double> stays);

}  // namespace flotilla::analysis
