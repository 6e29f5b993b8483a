// Users recompute our figures with numpy: percentiles by linear interpolation, deviations with ddof 0.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "analysis/summary/statistics.hpp"

using namespace flotilla::analysis;
using doctest::Approx;

TEST_CASE("percentiles as numpy.percentile gives them") {
  // numpy.percentile([15, 20, 35, 40, 50], q): rank q/100 * 4.
  const std::vector<double> five{15, 20, 35, 40, 50};
  CHECK(percentile(five, 0) == 15);
  CHECK(percentile(five, 40) == Approx(29));  // 20 + 0.6 * 15
  CHECK(percentile(five, 50) == 35);
  CHECK(percentile(five, 90) == Approx(46));    // 40 + 0.6 * 10
  CHECK(percentile(five, 95) == Approx(48));    // 40 + 0.8 * 10
  CHECK(percentile(five, 99) == Approx(49.6));  // 40 + 0.96 * 10
  CHECK(percentile(five, 100) == 50);
  // numpy.percentile([10, 7, 4, 3, 2, 1], 50) = 3.5
  CHECK(percentile(std::vector<double>{1, 2, 3, 4, 7, 10}, 50) == 3.5);
  // numpy.percentile(range(1, 101), 99) = 99.01
  std::vector<double> hundred(100);
  for (std::size_t i = 0; i < hundred.size(); ++i) hundred[i] = static_cast<double>(i + 1);
  CHECK(percentile(hundred, 99) == Approx(99.01));
  CHECK(percentile(hundred, 95) == Approx(95.05));
}

TEST_CASE("one sample is all its percentiles") {
  for (const double q : {0.0, 1.0, 50.0, 99.0, 100.0}) CHECK(percentile(std::vector<double>{7}, q) == 7);
}

TEST_CASE("mean and population deviation, in the unit asked for") {
  // numpy.std([15, 20, 35, 40, 50]) = 12.88409872672513; numpy.mean = 32. Seconds in, milliseconds out.
  const Distribution d = describe(std::vector<double>{50, 15, 40, 20, 35}, 1000);
  CHECK(d.mean == Approx(32000));
  CHECK(d.std == Approx(12884.09872672513));
  CHECK(d.median == 35000);
  CHECK(d.p90 == Approx(46000));
  CHECK(d.p95 == Approx(48000));
  CHECK(d.p99 == Approx(49600));
  // numpy.std([1, 2, 3, 4]) = 1.118033988749895
  CHECK(describe(std::vector<double>{4, 3, 2, 1}, 1).std == Approx(1.118033988749895));
}

TEST_CASE("no samples, no figures, equal samples, no spread") {
  const Distribution none = describe(std::vector<double>{}, 1000);
  CHECK(none.mean == 0);
  CHECK(none.p99 == 0);
  const Distribution same = describe(std::vector<double>(1000, 0.1), 1000);
  CHECK(same.std == Approx(0).epsilon(1e-9));
  CHECK(same.p99 == 100);
}

TEST_CASE("percentiles rise with q and stay within the samples") {
  std::mt19937_64 engine(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> samples(1 + engine() % 50);
    for (double& x : samples) x = std::lognormal_distribution<double>(0, 2)(engine);
    const Distribution d = describe(samples, 1);
    const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
    CHECK(*low <= d.median);
    CHECK(d.median <= d.p90);
    CHECK(d.p90 <= d.p95);
    CHECK(d.p95 <= d.p99);
    CHECK(d.p99 <= *high);
    CHECK(d.mean <= *high * (1 + 1e-12));
  }
}
