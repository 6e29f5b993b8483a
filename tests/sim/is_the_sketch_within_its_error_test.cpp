#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "sim/engine/quantile_sketch.hpp"

using namespace flotilla::sim;

TEST_CASE("quantiles are within 0.5 % of the order statistic, over nine decades") {
  std::mt19937_64 engine(3);
  std::vector<double> values;
  QuantileSketch sketch;
  for (int i = 0; i < 20001; ++i) {
    const double value = std::exp(-14.0 + 21.0 * static_cast<double>(engine() >> 11) / 9007199254740992.0);
    values.push_back(value);
    sketch.add(value, 1);
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    CAPTURE(q);
    const double exact = values[static_cast<std::size_t>(q * 20000)];
    CHECK(std::abs(sketch.quantile(q) / exact - 1) <= QuantileSketch::kRelativeError * 1.0001);
  }
}

TEST_CASE("an arithmetic series is added as one by one, to the bit") {
  for (const double step : {0.0, 1e-9, 3.1e-6, 0.01}) {
    CAPTURE(step);
    QuantileSketch whole;
    QuantileSketch single;
    whole.add_arithmetic(0.0123, step, 5000, 7);
    for (int i = 0; i < 5000; ++i) single.add(0.0123 + step * i, 7);
    CHECK(whole.count() == single.count());
    for (int i = 0; i <= 1000; ++i) REQUIRE(whole.quantile(i / 1000.0) == single.quantile(i / 1000.0));
  }
}

TEST_CASE("an empty sketch answers zero, a merged one answers for both") {
  QuantileSketch a;
  CHECK(a.quantile(0.5) == 0);
  a.add(1.0, 1);
  QuantileSketch b;
  b.add(100.0, 3);
  a.merge(b);
  CHECK(a.count() == 4);
  CHECK(a.quantile(0) == doctest::Approx(1).epsilon(0.005));
  CHECK(a.quantile(1) == doctest::Approx(100).epsilon(0.005));
}
