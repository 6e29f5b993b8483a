#include "analysis/statistics/intervals.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace flotilla::analysis {

double student_t(double level, double degrees_of_freedom) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), (1 + level) / 2);
}

Estimate estimate_mean(std::span<const double> values, double level) {
  Estimate estimate;
  if (values.empty()) return estimate;
  const auto n = static_cast<double>(values.size());
  double sum = 0;
  for (const double v : values) sum += v;
  estimate.mean = sum / n;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double v : values) squares += (v - estimate.mean) * (v - estimate.mean);
  const double half = student_t(level, n - 1) * std::sqrt(squares / (n - 1) / n);
  estimate.interval = Interval{estimate.mean - half, estimate.mean + half};
  return estimate;
}

}  // namespace flotilla::analysis
