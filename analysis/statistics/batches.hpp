// Intervals from one run. Latencies of neighbours are alike, so that a million of them say less than a million
// independent ones: a series is cut into batches, long enough that these are as good as independent, and the scatter of
// the batches' means is what counts (Law & Kelton, Simulation Modeling and Analysis, 9.5.3).
#pragma once

#include <optional>
#include <span>

#include "analysis/statistics/intervals.hpp"

namespace flotilla::analysis {

/// Batches are merged in pairs from this many on, while neighbours are correlated.
inline constexpr std::size_t kMostBatches = 64;
inline constexpr std::size_t kFewestBatches = 8;

/// Of the mean of the process behind `series`, given in its order in time. None where there are fewer than ten values
/// to a batch, or where even eight batches are correlated: the run is too short then, or drifts.
std::optional<Interval> mean_interval(std::span<const double> series, double level = kConfidenceLevel);

/// Of its q-th percentile, q in (0, 100); `sorted` is the series in ascending order. The share of values at or below
/// the percentile that was found is a mean, whose interval is one of ranks: between the values at these ranks lies the
/// percentile (Heidelberger & Lewis, Operations Research 32, 1984; no assumption on the shape of the tail). None as
/// above, and where the interval's upper rank lies beyond the largest value: too few samples.
std::optional<Interval> percentile_interval(std::span<const double> series, std::span<const double> sorted, double q,
                                            double level = kConfidenceLevel);

/// How many values at the start of `series` belong to the warm-up, by the rule MSER-5 (White, Simulation 69, 1997): of
/// means of five neighbours each, those are cut off without which the standard error of the rest is least; half of them
/// at most, and as many as that say that it never settled.
std::size_t mser5(std::span<const double> series);

}  // namespace flotilla::analysis
