// Confidence intervals: how far a figure may be from what an endless run, or endless runs, would give.
#pragma once

#include <optional>
#include <span>

namespace flotilla::analysis {

inline constexpr double kConfidenceLevel = 0.95;

/// How the intervals of one run are made (batches.hpp), in words for summary.json.
inline constexpr const char* kBatchMethod =
    "one run: non-overlapping batches in the order of finishing, Student t; percentiles by the order statistics at the "
    "interval of their rank";

struct Interval {
  double low = 0;
  double high = 0;
  [[nodiscard]] bool holds(double value) const { return low <= value && value <= high; }
};

/// The quantile t of Student's distribution with P(|T| <= t) = level.
double student_t(double level, double degrees_of_freedom);

struct Estimate {
  double mean = 0;
  std::optional<Interval> interval;  ///< none for fewer than two values
};

/// Of independent values, one per replication: mean +- t s / sqrt(n), with n - 1 degrees of freedom.
Estimate estimate_mean(std::span<const double> values, double level = kConfidenceLevel);

}  // namespace flotilla::analysis
