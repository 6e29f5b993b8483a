// Corrects a stock profile to a user's own machine: a factor on GPU time, the engine's host time, the frontend. Found
// by simulating the user's deployment under the load of each measurement.
#pragma once

#include <string>
#include <vector>

#include "analysis/calibrate/bench_results.hpp"
#include "analysis/run.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Fewer measurements than this, or fewer different loads than kFewestLoads, cannot tell GPU time from host time.
inline constexpr std::size_t kFewestResults = 3;
inline constexpr std::size_t kFewestLoads = 2;

struct BenchFit {
  models::Calibration calibration;  ///< with one profile, the corrected one
  models::ServingProfile stock;     ///< what it started from
  double stock_error = 0;           ///< median absolute relative error of mean TPOT, before
  double error = 0;                 ///< and after
  double stock_ttft_error = 0, ttft_error = 0;
  std::vector<std::string> doubts;  ///< whole sentences: why the correction may not be one
};

/// `scenario` describes the deployment that was measured, one serving group; its workload is replaced by each
/// measurement's. Throws InputError at the last of `results` where they are too few; at the first that is of another
/// model, or whose load the deployment cannot bear.
BenchFit fit_bench(const LoadedScenario& scenario, const std::vector<BenchResult>& results);

/// What changed and by how much, in a few lines for people.
std::string describe(const BenchFit&);

}  // namespace flotilla::analysis
