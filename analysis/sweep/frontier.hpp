// Which points of a sweep are worth a look: the best of each figure, and those that no other point beats both for the
// fleet (tok/s/GPU) and for the user (tok/s/user).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/summary/summary.hpp"
#include "analysis/sweep/store.hpp"

namespace flotilla::analysis {

/// A point; or several that differ in nothing but their seeds, by their means.
struct RatedPoint {
  std::size_t point = 0;  ///< the first of them
  double per_user = 0;    ///< interactivity.median, tok/s/user
  double per_gpu = 0;     ///< output_throughput_per_gpu, tok/s/GPU
  double p99_ttft_ms = 0, p99_tpot_ms = 0;
  std::optional<double> usd_per_million;  ///< output tokens
  std::int64_t gpus = 0;
  std::size_t seeds = 1;
};

/// Points that answer the same question: the same model and requests. What is asked of one load says nothing of
/// another.
struct SweptLoad {
  std::vector<std::size_t> keys;    ///< of the swept ones, those that say what is asked; none where it varies none
  std::vector<std::string> values;  ///< of those
  std::size_t saturated = 0;        ///< points left out: their latencies mean nothing
  std::vector<RatedPoint> points;
  std::vector<RatedPoint> saturated_points;  ///< those that were left out, seeds together
  std::vector<RatedPoint> frontier;          ///< of those, fastest for the user first
  std::optional<RatedPoint> cheapest;        ///< per output token; none without a price
};

/// The points that are not beaten, by per_user falling and per_gpu rising. Of equal points the first one stays.
std::vector<RatedPoint> pareto_frontier(std::vector<RatedPoint> points);

/// In the order of the points.
std::vector<SweptLoad> rate(const StoredSweep& sweep);

}  // namespace flotilla::analysis
