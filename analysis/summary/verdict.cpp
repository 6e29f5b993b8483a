#include "analysis/summary/verdict.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace flotilla::analysis {

namespace {

constexpr std::size_t kBatches = 10;
constexpr double kSignificantT = 4.0;
constexpr double kStandardErrors = 4.0;
constexpr double kMaterialShareOfArrivals = 0.03;
constexpr double kSmallShareOfArrivals = 0.005;
constexpr double kMaterialShareOfBacklog = 0.25;
constexpr double kLevelledOff = 1.0 / 3;

struct Line {
  double slope = 0;  ///< per batch
  double start = 0;  ///< at the first batch
  double t = 0;      ///< slope / its standard error
};

Line fit(std::span<const double> y) {
  const auto n = static_cast<double>(y.size());
  const double mean_x = (n - 1) / 2;
  double mean_y = 0;
  for (const double v : y) mean_y += v / n;
  double sxx = 0;
  double sxy = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double dx = static_cast<double>(i) - mean_x;
    sxx += dx * dx;
    sxy += dx * (y[i] - mean_y);
  }
  Line line;
  line.slope = sxy / sxx;
  line.start = mean_y - line.slope * mean_x;
  double residuals = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double r = y[i] - (line.start + line.slope * static_cast<double>(i));
    residuals += r * r;
  }
  const double standard_error = std::sqrt(residuals / (n - 2) / sxx);
  line.t = standard_error > 0 ? line.slope / standard_error : (line.slope > 0 ? INFINITY : 0);
  return line;
}

bool matters(double growth, double arrivals, double backlog) {
  return growth > kMaterialShareOfArrivals * arrivals ||
         (growth > kSmallShareOfArrivals * arrivals && growth > kMaterialShareOfBacklog * std::max(1.0, backlog));
}

/// Mean backlog of each whole period.
std::vector<double> period_means(const sim::BacklogSamples& samples, double period, std::size_t periods) {
  std::vector<double> sums(periods), counts(periods);
  for (std::size_t i = 0; i < samples.time.size(); ++i) {
    const double index = std::floor((samples.time[i] - samples.time.front()) / period);
    if (index >= static_cast<double>(periods)) break;
    sums[static_cast<std::size_t>(index)] += static_cast<double>(samples.backlog[i]);
    ++counts[static_cast<std::size_t>(index)];
  }
  for (std::size_t p = 0; p < periods; ++p) sums[p] /= std::max(1.0, counts[p]);
  return sums;
}

BacklogTrend wave_trend(const sim::BacklogSamples& samples, std::int64_t arrivals, double period) {
  BacklogTrend trend;
  const double window = samples.time.empty() ? 0 : samples.time.back() - samples.time.front();
  const auto periods = static_cast<std::size_t>(window / period);
  if (periods < kFewestPeriods || samples.time.size() < kFewestSamples) {
    trend.too_short = true;
    return trend;
  }
  std::vector<double> means = period_means(samples, period, periods);
  means.erase(means.begin());
  const double growth = means.back() - means.front();
  const auto steps = static_cast<double>(means.size() - 1);
  trend.growth_per_s = growth / (steps * period);
  const double arrived = static_cast<double>(arrivals) * steps * period / window;
  trend.saturated = std::adjacent_find(means.begin(), means.end(), std::greater_equal<>()) == means.end() &&
                    matters(growth, arrived, means.front());
  return trend;
}

}  // namespace

BacklogTrend backlog_trend(const sim::BacklogSamples& samples, std::int64_t arrivals, double stay_s, double period) {
  if (period > 0) return wave_trend(samples, arrivals, period);
  const std::size_t total = samples.time.size();
  const std::size_t begin = total / 3;
  BacklogTrend trend;
  if (total < kFewestSamples || samples.time.back() <= samples.time[begin] ||
      samples.time.back() - samples.time.front() < kFewestStays * stay_s) {
    trend.too_short = true;
    return trend;
  }
  std::array<double, kBatches> means{};
  const std::size_t per_batch = (total - begin) / kBatches;
  for (std::size_t b = 0; b < kBatches; ++b) {
    for (std::size_t i = 0; i < per_batch; ++i) {
      means[b] += static_cast<double>(samples.backlog[begin + b * per_batch + i]) / static_cast<double>(per_batch);
    }
  }
  const Line line = fit(means);
  const double growth = line.slope * (kBatches - 1);
  const double window = samples.time[begin + kBatches * per_batch - 1] - samples.time[begin];
  const double window_arrivals =
      static_cast<double>(arrivals) * static_cast<double>(kBatches * per_batch) / static_cast<double>(total);
  const double standard_error = stay_s * std::sqrt(24 * window_arrivals) / window;
  trend.growth_per_s = line.slope * kBatches / window;
  const bool beyond_chance = line.t > kSignificantT && growth > kStandardErrors * standard_error;
  const Line later = fit(std::span(means).last(kBatches / 2));
  trend.saturated =
      beyond_chance && matters(growth, window_arrivals, line.start) && later.slope > kLevelledOff * line.slope;
  return trend;
}

}  // namespace flotilla::analysis
