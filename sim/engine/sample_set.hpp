// Values of one metric, a value per request: kept whole, so that percentiles are exact, up to ten million; beyond that
// in a sketch, so that memory stays bounded however long the run.
#pragma once

#include <cstddef>
#include <vector>

#include "sim/engine/quantile_sketch.hpp"

namespace flotilla::sim {

class SampleSet {
 public:
  static constexpr std::size_t kMostExact = 10'000'000;

  explicit SampleSet(std::size_t most_exact = kMostExact) : most_exact_(most_exact) {}

  void add(double value) {
    ++count_;
    sum_ += value;
    if (!exact_) {
      sketch_.add(value, 1);
    } else {
      values_.push_back(value);
      if (values_.size() > most_exact_) become_a_sketch();
    }
  }

  [[nodiscard]] std::int64_t count() const { return count_; }
  [[nodiscard]] double mean() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : 0; }
  [[nodiscard]] bool exact() const { return exact_; }
  /// In the order in which they came; empty unless exact().
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  /// Empty while exact().
  [[nodiscard]] const QuantileSketch& sketch() const { return sketch_; }

 private:
  void become_a_sketch() {
    for (const double value : values_) sketch_.add(value, 1);
    std::vector<double>().swap(values_);
    exact_ = false;
  }

  std::size_t most_exact_;
  bool exact_ = true;
  std::int64_t count_ = 0;
  double sum_ = 0;
  std::vector<double> values_;
  QuantileSketch sketch_;
};

}  // namespace flotilla::sim
