// How far predictions are off: absolute and signed relative errors of a group of points.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/validate/points.hpp"
#include "analysis/validate/replay.hpp"

namespace flotilla::analysis {

/// A point with what became of it.
struct Compared {
  const MeasuredPoint* point = nullptr;
  const Outcome* outcome = nullptr;
};

enum class Metric { kTpot, kTtft, kThroughput };
inline constexpr Metric kMetrics[] = {Metric::kTpot, Metric::kTtft, Metric::kThroughput};
const char* name_of(Metric);   ///< "tpot", "ttft", "throughput"
const char* title_of(Metric);  ///< "TPOT", "TTFT", "throughput per GPU"

std::optional<double> measured(const MeasuredPoint&, Metric);
std::optional<double> predicted(const Outcome&, Metric);
/// predicted / measured - 1; nothing where one of them is missing.
std::optional<double> relative_error(const Compared&, Metric);

/// Relative errors, as ratios. Percentiles are numpy's (linear).
struct ErrorStatistics {
  std::size_t n = 0;
  double median = 0;  ///< of absolute errors
  double p90 = 0;     ///< of absolute errors
  double mean = 0;    ///< of absolute errors: MAPE
  double bias = 0;    ///< median of signed errors
};
ErrorStatistics error_statistics(const std::vector<double>& relative_errors);
ErrorStatistics error_statistics(const std::vector<Compared>&, Metric);

}  // namespace flotilla::analysis
