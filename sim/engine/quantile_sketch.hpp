// Quantiles of values that come in very large numbers with weights: logarithmic buckets, as in DDSketch (Masson, Rim
// and Lee, PVLDB 12(12), 2019), with a relative error of at most kRelativeError.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace flotilla::sim {

class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.005;

  /// Adds `weight` values equal to `value` (> 0; smaller than kSmallest counts as kSmallest).
  void add(double value, std::int64_t weight) { add_bucket(bucket(value), weight); }

  /// Adds `weight` times each of the values first + i * step for i = 0 .. count - 1 (step >= 0). The cost is that of
  /// the buckets touched, and the outcome is the same to the bit as adding one by one.
  void add_arithmetic(double first, double step, std::int64_t count, std::int64_t weight);

  [[nodiscard]] std::int64_t count() const { return count_; }
  /// The value at a quantile in [0, 1]: the middle of the bucket that holds it; 0 if nothing was added.
  [[nodiscard]] double quantile(double q) const;
  /// Sum of (value - center)^2 over what was added, each value taken as its bucket's middle.
  [[nodiscard]] double squared_deviation(double center) const;
  void merge(const QuantileSketch& other);

 private:
  static constexpr double kSmallest = 1e-9;
  static std::size_t bucket(double value);
  static double middle(std::size_t bucket);
  void add_bucket(std::size_t bucket, std::int64_t weight);

  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0;
};

}  // namespace flotilla::sim
