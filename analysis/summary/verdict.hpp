// Does the fleet keep up? A verdict from the number of unfinished requests over time.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/engine/recorder.hpp"

namespace flotilla::analysis {

struct BacklogTrend {
  double growth_per_s = 0;  ///< slope of the unfinished requests over the later two thirds of the arrivals
  bool saturated = false;
};

/// The first third of the arrivals fills the fleet and is left out. The rest is cut into ten batches, and a line is laid through
/// their means: the fleet is saturated if the line rises beyond chance (t > 4 with 8 degrees of freedom, p < 0.2 % one-sided)
/// and by an amount that matters: more than a quarter of the backlog at its start, and 0.5 % of the arrivals in the window.
/// `arrivals` = requests sent in all. Fewer than 40 samples: no verdict (not saturated).
BacklogTrend backlog_trend(const sim::BacklogSamples& samples, std::int64_t arrivals);

}  // namespace flotilla::analysis
