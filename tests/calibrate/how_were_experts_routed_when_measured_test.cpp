#include <doctest/doctest.h>

#include "analysis/calibrate/moe_routing.hpp"

using namespace flotilla::analysis;
using doctest::Approx;
using flotilla::models::MoeShape;

namespace {

MoeShape shape(int experts, int per_token, int ranks) {
  MoeShape s;
  s.experts = experts, s.experts_per_token = per_token, s.ranks = ranks;
  return s;
}

}  // namespace

TEST_CASE("balanced rows touch a new expert with each pair until none is left") {
  CollectedLoads loads;
  CHECK(loads.load(shape(256, 8, 1), "balanced", 4).touched == 32);
  CHECK(loads.load(shape(256, 8, 1), "balanced", 32).touched == 256);
  CHECK(loads.load(shape(256, 8, 1), "balanced", 500).touched == 256);
  CHECK(loads.load(shape(256, 8, 1), "balanced", 500).assignments == 4000);
}

TEST_CASE("a rank of balanced rows holds the first experts") {
  CollectedLoads loads;
  // By hand: 8 experts, 2 per token, strides of 4; 4 tokens visit {0,4}, {1,5}, {2,6}, {3,7}. Rank 0 of 4 holds 0
  // and 1.
  const auto load = loads.load(shape(8, 2, 4), "balanced", 4);
  CHECK(load.touched == 2);
  CHECK(load.assignments == 2);
  CHECK(load.pairs == 8);
}

TEST_CASE("drawn rows keep all pairs, touch fewer experts, and measure the busiest rank") {
  CollectedLoads loads;
  const auto whole = loads.load(shape(128, 8, 1), "power_law_1.2", 32);
  CHECK(whole.assignments == Approx(256));
  CHECK(whole.touched < 110);
  CHECK(whole.touched > 60);
  const auto busiest = loads.load(shape(128, 8, 8), "power_law_1.2", 4096);
  CHECK(busiest.assignments > 1.2 * 4096 * 8 / 8);
  CHECK(busiest.assignments < 3.0 * 4096 * 8 / 8);
  CHECK(busiest.touched <= 16);
  // No expert is given a token twice: with as many experts as visits every one gets every token.
  const auto all = loads.load(shape(2, 2, 1), "power_law_1.2", 100);
  CHECK(all.touched == Approx(2));
  CHECK(all.assignments == Approx(200));
}

TEST_CASE("the same row has the same load") {
  CollectedLoads one, other;
  other.load(shape(64, 4, 2), "power_law_1.2", 7);
  const auto a = one.load(shape(128, 4, 4), "power_law_1.01", 33),
             b = other.load(shape(128, 4, 4), "power_law_1.01", 33);
  CHECK(a.touched == b.touched);
  CHECK(a.assignments == b.assignments);
}
