#include <doctest/doctest.h>

#include "sim/engine/sample_set.hpp"

using namespace flotilla::sim;

TEST_CASE("up to the limit every value is kept, beyond it a sketch holds all of them") {
  SampleSet samples(1000);
  for (int i = 1; i <= 1000; ++i) samples.add(i);
  CHECK(samples.exact());
  CHECK(samples.values().size() == 1000);
  samples.add(1001);
  CHECK_FALSE(samples.exact());
  CHECK(samples.values().empty());
  CHECK(samples.count() == 1001);
  CHECK(samples.sketch().count() == 1001);
  CHECK(samples.mean() == doctest::Approx(501));
  CHECK(samples.sketch().quantile(0.5) == doctest::Approx(501).epsilon(0.005));
  CHECK(samples.sketch().quantile(1) == doctest::Approx(1001).epsilon(0.005));
}
