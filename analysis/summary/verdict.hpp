// Does the fleet keep up? A verdict from the number of unfinished requests over time.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/engine/recorder.hpp"

namespace flotilla::analysis {

inline constexpr double kFewestStays = 30;  ///< of arrivals, for a verdict
inline constexpr std::size_t kFewestSamples = 40;
inline constexpr int kFewestPeriods = 4;  ///< of a wave, for a verdict: one to fill up, three to compare

struct BacklogTrend {
  double growth_per_s = 0;  ///< slope of the unfinished requests over the later two thirds of the arrivals
  bool saturated = false;
  bool too_short = false;  ///< the fleet was still filling up when arrivals ended: nothing can be said
};

/// `arrivals` = requests sent in all; `stay_s` = how long a request stays in an empty fleet. An idle fleet fills up for
/// about as long as a request stays, and its backlog grows meanwhile: arrivals that last less than 30 stays, or 40
/// samples, are too short. The first third of them is left out. The rest is cut into ten batches, and a line is laid
/// through their means: the fleet is saturated if the line rises
/// - beyond the scatter of the batches: t > 4 with 8 degrees of freedom, p < 0.2 % one-sided;
/// - beyond the noise of an unsaturated fleet: with a rate r, the number in it is about Poisson with mean r * stay and
///   forgets itself over 2 * stay, so that the rise of a line over a window w has the standard error
///   stay * sqrt(24 r / w); more than 4 of those;
/// - by an amount that matters: 3 % of the window's arrivals; or 0.5 % of them, where that is a quarter of the backlog
///   at its start;
/// - to the end: the line through the later half alone rises at least a third as steeply. A fleet that fills up levels
///   off.
/// `period` > 0: the load is a wave, whose backlog rises and falls with it. Whole periods are compared, from the second
/// on: the fleet is saturated if each has a higher mean backlog than the one before and the rise matters by the same
/// measure. Fewer than four whole periods are too short. A queue of the peak hours that the night clears is none.
BacklogTrend backlog_trend(const sim::BacklogSamples& samples, std::int64_t arrivals, double stay_s, double period = 0);

}  // namespace flotilla::analysis
