// Which fleet is better, and is the difference more than chance? Scenarios are run with the same seeds, so that they
// meet the same requests (common random numbers), and are compared seed by seed: what chance does to both cancels.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/statistics/intervals.hpp"
#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

inline constexpr const char* kCompareFile = "compare.json";

/// A figure that fleets are compared by.
struct ComparedMetric {
  const char* key;   ///< in summary.json
  const char* name;  ///< for people, with its unit
  bool more_is_better;
  std::function<std::optional<double>(const Summary&)> of;  ///< none where a run has no such figure
};
const std::vector<ComparedMetric>& compared_metrics();

struct CompareOptions {
  std::vector<std::string> scenarios;  ///< paths; the others are compared with the first
  std::vector<std::string> overrides;  ///< of all of them
  int seeds = 5;                       ///< replications, from the first scenario's seed on
  std::optional<double> width;         ///< more of them until no interval is wider than +- so much, a ratio
  int most_seeds = 100;                ///< with `width`
  int jobs = 1;
  bool show_progress = false;
  const std::atomic<bool>* interrupt = nullptr;
};

/// One scenario, with a summary per seed.
struct Contender {
  std::string path;
  std::string name;  ///< the scenario's, or its path where two have the same
  std::vector<Summary> runs;
};

/// b / a - 1, from one value per seed.
struct Difference {
  std::size_t metric = 0;  ///< of compared_metrics()
  Estimate relative;
  /// The interval does not hold 0.
  [[nodiscard]] bool distinguishable() const;
  [[nodiscard]] bool better() const;
};

struct Comparison {
  std::vector<std::int64_t> seeds;
  std::vector<std::string> overrides;  ///< of all contenders, as typed
  std::vector<Contender> contenders;
  std::vector<std::vector<Difference>> differences;  ///< of each contender but the first, against the first
  bool same_requests = true;
  bool width_reached = true;
};

/// Nothing where the user interrupted. Throws InputError where a scenario cannot be read or built, std::runtime_error
/// where a run fails.
std::optional<Comparison> compare(const CompareOptions& options);

/// The differences of two contenders' runs, seed by seed; metrics that one of them lacks are left out.
std::vector<Difference> differences_between(const Contender& a, const Contender& b);

/// The answer first, then the figures.
std::string comparison_terminal(const Comparison& comparison);
/// compare.json: the same sentences, every figure of every seed, and what each figure means. What shows a comparison
/// needs nothing else.
std::string comparison_json(const Comparison& comparison);

}  // namespace flotilla::analysis
