#include "analysis/summary/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace flotilla::analysis {

double percentile(std::span<const double> sorted, double q) {
  const double rank = q / 100 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const double fraction = rank - static_cast<double>(low);
  if (low + 1 >= sorted.size()) return sorted.back();
  return sorted[low] + fraction * (sorted[low + 1] - sorted[low]);
}

double percentile(const sim::SampleSet& samples, double q) {
  if (samples.count() == 0) return 0;
  if (!samples.exact()) return samples.sketch().quantile(q / 100);
  std::vector<double> sorted = samples.values();
  std::sort(sorted.begin(), sorted.end());
  return percentile(std::span<const double>(sorted), q);
}

Distribution describe(std::vector<double> samples, double scale) {
  Distribution d;
  if (samples.empty()) return d;
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  double squares = 0;
  for (const double x : samples) squares += (x - mean) * (x - mean);
  d.mean = scale * mean;
  d.std = scale * std::sqrt(squares / count);
  d.median = scale * percentile(samples, 50);
  d.p90 = scale * percentile(samples, 90);
  d.p95 = scale * percentile(samples, 95);
  d.p99 = scale * percentile(samples, 99);
  return d;
}

Distribution describe(const sim::QuantileSketch& sketch, double mean, double scale) {
  Distribution d;
  if (sketch.count() == 0) return d;
  d.mean = scale * mean;
  d.std = scale * std::sqrt(sketch.squared_deviation(mean) / static_cast<double>(sketch.count()));
  d.median = scale * sketch.quantile(0.50);
  d.p90 = scale * sketch.quantile(0.90);
  d.p95 = scale * sketch.quantile(0.95);
  d.p99 = scale * sketch.quantile(0.99);
  return d;
}

Distribution describe(const sim::SampleSet& samples, double scale) {
  return samples.exact() ? describe(samples.values(), scale) : describe(samples.sketch(), samples.mean(), scale);
}

}  // namespace flotilla::analysis
