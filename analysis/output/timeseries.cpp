#include "analysis/output/timeseries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "analysis/output/csv_field.hpp"

namespace flotilla::analysis {

namespace {

using sim::Measure;

/// Sums of one pool, by measure and interval, and what they are shares of.
class PoolSeries {
 public:
  PoolSeries(const sim::Timeline& timeline, const sim::Scenario& scenario, const sim::Build& build, std::size_t pool)
      : name_(csv_field(scenario.fleet.pools[pool].name)),
        gpus_(static_cast<double>(build.pools[pool].gpus)),
        power_(build.pools[pool].power) {
    for (std::size_t m = 0; m < sim::kMeasures; ++m) sums_[m] = timeline.sums(pool, static_cast<Measure>(m));
    for (const sim::ServingGroup& group : build.groups) {
      if (group.pool != pool) continue;
      blocks_ += static_cast<double>(group.memory.kv_blocks) * group.deployment.data_parallel_size * group.replicas;
    }
  }

  void row(std::string& text, std::size_t i, double time, double length) const {
    const auto count = [&](Measure m) { return sums_[static_cast<std::size_t>(m)][i]; };
    // Integrals over time come with rounding; what is below it is nothing.
    const auto mean = [&](Measure m, double whole) {
      const double value = whole > 0 ? count(m) / (whole * length) : 0;
      return value < 1e-9 ? 0.0 : value;
    };
    fmt::format_to(
        std::back_inserter(text),
        "{:.10g},{:.10g},{},{:.0f},{:.0f},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.10g}\n",
        time, length, name_, count(Measure::kArrivals), count(Measure::kCompletions), mean(Measure::kRunning, 1),
        mean(Measure::kWaiting, 1), std::min(1.0, mean(Measure::kKvBlocks, blocks_)), mean(Measure::kOutputTokens, 1),
        mean(Measure::kPrefillTokens, 1), std::min(1.0, mean(Measure::kBusyGpus, gpus_)), mean(Measure::kKvSent, 1),
        mean(Measure::kKvReceived, 1), std::min(1.0, mean(Measure::kBusiestLink, 1)),
        power_.idle_per_gpu * gpus_ + power_.per_gpu_watt * mean(Measure::kGpuWatts, 1));
  }

 private:
  std::string name_;
  double gpus_;
  const sim::PoolPower& power_;
  double blocks_ = 0;
  std::array<std::vector<double>, sim::kMeasures> sums_;
};

}  // namespace

std::string timeseries_csv(const sim::Timeline& timeline, const sim::Scenario& scenario, const sim::Build& build) {
  std::vector<PoolSeries> pools;
  for (std::size_t p = 0; p < timeline.pools(); ++p) pools.emplace_back(timeline, scenario, build, p);
  std::string text = kTimeseriesHeader;
  for (std::size_t i = 0; i < timeline.intervals(); ++i) {
    const double time = timeline.begin() + static_cast<double>(i) * timeline.width();
    // The last interval ends with the run; an event at its very beginning leaves it whole.
    const double left = timeline.end() - time;
    const double length = left > 0 ? std::min(timeline.width(), left) : timeline.width();
    for (const PoolSeries& pool : pools) pool.row(text, i, time, length);
  }
  return text;
}

}  // namespace flotilla::analysis
