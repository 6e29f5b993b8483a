// Percentiles, means and deviations as numpy computes them, so that users can check them with numpy.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analysis/statistics/intervals.hpp"
#include "sim/engine/quantile_sketch.hpp"
#include "sim/engine/sample_set.hpp"

namespace flotilla::analysis {

/// Of a metric, in the unit of its samples. All zero where there are none.
struct Distribution {
  double mean = 0;
  double median = 0;
  double std = 0;  ///< population (ddof 0)
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
};

/// numpy.percentile(sorted, q), linear interpolation between order statistics; q in [0, 100]. `sorted` must not be
/// empty.
double percentile(std::span<const double> sorted, double q);

/// Sorts a copy of the samples; `scale` multiplies them (1000: seconds to milliseconds).
Distribution describe(std::vector<double> samples, double scale);
/// The same of a sketch around a known mean: percentiles and deviation within its error of 0.5 %.
Distribution describe(const sim::QuantileSketch& sketch, double mean, double scale);

/// A sketch at curve_percents(), within its error of 0.5 %; empty where nothing was added.
std::vector<double> curve(const sim::QuantileSketch& sketch, double scale);

/// One metric, put in order once for all that is asked of it: kept whole or in a sketch, whichever `samples` is. All
/// answers are 0 where there are no samples.
class OrderedSamples {
 public:
  explicit OrderedSamples(const sim::SampleSet& samples);  ///< must outlive it
  [[nodiscard]] Distribution describe(double scale) const;
  [[nodiscard]] double percentile(double q) const;
  /// At curve_percents(); empty where there are no samples.
  [[nodiscard]] std::vector<double> curve(double scale) const;
  /// Confidence intervals (batches.hpp); none where samples are few, correlated to the end, or kept in a sketch.
  [[nodiscard]] std::optional<Interval> mean_interval(double scale) const;
  [[nodiscard]] std::optional<Interval> percentile_interval(double q, double scale) const;

 private:
  const sim::SampleSet& samples_;
  std::vector<double> sorted_;
};

}  // namespace flotilla::analysis
