#include "analysis/summary/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/statistics/batches.hpp"
#include "analysis/summary/curves.hpp"

namespace flotilla::analysis {

double percentile(std::span<const double> sorted, double q) {
  const double rank = q / 100 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const double fraction = rank - static_cast<double>(low);
  if (low + 1 >= sorted.size()) return sorted.back();
  return sorted[low] + fraction * (sorted[low + 1] - sorted[low]);
}

namespace {

Distribution describe_sorted(std::span<const double> samples, double scale) {
  Distribution d;
  if (samples.empty()) return d;
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

}  // namespace

Distribution describe(std::vector<double> samples, double scale) {
  std::sort(samples.begin(), samples.end());
  return describe_sorted(samples, scale);
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

std::vector<double> curve(const sim::QuantileSketch& sketch, double scale) {
  std::vector<double> values;
  if (sketch.count() == 0) return values;
  for (const double q : curve_percents()) values.push_back(scale * sketch.quantile(q / 100));
  return values;
}

OrderedSamples::OrderedSamples(const sim::SampleSet& samples) : samples_(samples), sorted_(samples.values()) {
  std::sort(sorted_.begin(), sorted_.end());
}

Distribution OrderedSamples::describe(double scale) const {
  return samples_.exact() ? describe_sorted(sorted_, scale)
                          : analysis::describe(samples_.sketch(), samples_.mean(), scale);
}

std::vector<double> OrderedSamples::curve(double scale) const {
  if (!samples_.exact()) return analysis::curve(samples_.sketch(), scale);
  std::vector<double> values;
  if (sorted_.empty()) return values;
  for (const double q : curve_percents()) values.push_back(scale * analysis::percentile(sorted_, q));
  return values;
}

std::optional<Interval> OrderedSamples::mean_interval(double scale) const {
  const auto interval = analysis::mean_interval(samples_.values());
  // No time is negative: an interval that reaches there says that batches are too few for its assumptions.
  if (!interval || interval->low < 0) return std::nullopt;
  return Interval{scale * interval->low, scale * interval->high};
}

std::optional<Interval> OrderedSamples::percentile_interval(double q, double scale) const {
  const auto interval = analysis::percentile_interval(samples_.values(), sorted_, q);
  return interval ? std::optional(Interval{scale * interval->low, scale * interval->high}) : std::nullopt;
}

double OrderedSamples::percentile(double q) const {
  if (samples_.count() == 0) return 0;
  return samples_.exact() ? analysis::percentile(sorted_, q) : samples_.sketch().quantile(q / 100);
}

}  // namespace flotilla::analysis
