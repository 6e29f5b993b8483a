#include "sim/engine/quantile_sketch.hpp"

#include <algorithm>

namespace flotilla::sim {

namespace {
// Bucket i holds values in (kSmallest * g^(i-1), kSmallest * g^i] with g = (1 + e) / (1 - e).
const double kLogGrowth = std::log((1 + QuantileSketch::kRelativeError) / (1 - QuantileSketch::kRelativeError));
const double kInverseLogGrowth = 1 / kLogGrowth;
}  // namespace

std::size_t QuantileSketch::bucket(double value) {
  return value <= kSmallest ? 0 : static_cast<std::size_t>(std::ceil(std::log(value / kSmallest) * kInverseLogGrowth));
}

double QuantileSketch::middle(std::size_t bucket) {
  const double upper = kSmallest * std::exp(static_cast<double>(bucket) * kLogGrowth);
  return upper * (1 - kRelativeError);
}

void QuantileSketch::add_bucket(std::size_t bucket, std::int64_t weight) {
  if (bucket >= counts_.size()) counts_.resize(bucket + 1, 0);
  counts_[bucket] += weight;
  count_ += weight;
}

void QuantileSketch::add_arithmetic(double first, double step, std::int64_t count, std::int64_t weight) {
  std::int64_t done = 0;
  while (done < count) {
    const auto value = [&](std::int64_t i) { return first + step * static_cast<double>(i); };
    const std::size_t here = bucket(value(done));
    // The last of the remaining values in this bucket; values do not fall, so bisection finds it.
    std::int64_t low = done;
    std::int64_t high = count - 1;
    if (bucket(value(high)) == here) {
      low = high;
    } else {
      while (high - low > 1) {
        const std::int64_t mid = low + (high - low) / 2;
        (bucket(value(mid)) == here ? low : high) = mid;
      }
    }
    add_bucket(here, (low - done + 1) * weight);
    done = low + 1;
  }
}

double QuantileSketch::quantile(double q) const {
  if (count_ == 0) return 0;
  const double rank = q * static_cast<double>(count_ - 1);
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (static_cast<double>(seen) > rank) return middle(i);
  }
  return middle(counts_.size() - 1);
}

double QuantileSketch::squared_deviation(double center) const {
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double d = middle(i) - center;
    sum += static_cast<double>(counts_[i]) * d * d;
  }
  return sum;
}

void QuantileSketch::merge(const QuantileSketch& other) {
  counts_.resize(std::max(counts_.size(), other.counts_.size()), 0);
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
}

}  // namespace flotilla::sim
