// The frontier: points that no other beats for both the fleet and the user.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "analysis/summary/json.hpp"
#include "analysis/sweep/frontier.hpp"

using namespace flotilla::analysis;

namespace {

RatedPoint at(std::size_t point, double per_user, double per_gpu) {
  RatedPoint rated;
  rated.point = point, rated.per_user = per_user, rated.per_gpu = per_gpu;
  return rated;
}

std::vector<std::size_t> numbers(const std::vector<RatedPoint>& points) {
  std::vector<std::size_t> found;
  for (const RatedPoint& p : points) found.push_back(p.point);
  return found;
}

PointResult result(double per_user, double per_gpu, Verdict verdict, double usd) {
  Summary s;
  s.interactivity.median = per_user;
  s.output_throughput_per_gpu = per_gpu;
  s.verdict = verdict;
  s.cost.usd_per_million_output_tokens = usd;
  return {true, "", to_json(s).dump()};
}

}  // namespace

TEST_CASE("of two points one of which is better in both, that one stays") {
  CHECK(numbers(pareto_frontier({at(0, 10, 100), at(1, 20, 200)})) == std::vector<std::size_t>{1});
}

TEST_CASE("what is given up on one side must be won on the other") {
  // 3 is beaten by 1 (30 > 25, 150 > 140), 4 by 0.
  const auto frontier =
      pareto_frontier({at(0, 20, 200), at(1, 30, 150), at(2, 40, 50), at(3, 25, 140), at(4, 20, 190)});
  CHECK(numbers(frontier) == std::vector<std::size_t>{2, 1, 0});
}

TEST_CASE("of equal points the first stays") {
  CHECK(numbers(pareto_frontier({at(3, 10, 10), at(5, 10, 10)})) == std::vector<std::size_t>{3});
  CHECK(pareto_frontier({}).empty());
}

TEST_CASE("loads are compared each by itself, and saturated points not at all") {
  StoredSweep sweep;
  sweep.identity.swept_keys = {"workload.input_tokens", "workload.request_rate"};
  sweep.identity.values = {{"100", "1"}, {"100", "2"}, {"200", "1"}, {"200", "2"}};
  sweep.results[0] = result(30, 100, Verdict::kStable, 2.0);
  sweep.results[1] = result(20, 150, Verdict::kStable, 1.5);
  sweep.results[2] = result(10, 50, Verdict::kStable, 4.0);  // beaten by 0, but another load
  sweep.results[3] = result(40, 300, Verdict::kSaturated, 1.0);
  const auto loads = rate(sweep);
  REQUIRE(loads.size() == 2);
  CHECK(loads[0].keys == std::vector<std::size_t>{0});
  CHECK(loads[0].values == std::vector<std::string>{"100"});
  CHECK(numbers(loads[0].frontier) == std::vector<std::size_t>{0, 1});
  CHECK(loads[0].cheapest.value().point == 1);
  CHECK(loads[0].saturated == 0);
  CHECK(numbers(loads[1].frontier) == std::vector<std::size_t>{2});
  CHECK(loads[1].saturated == 1);
  CHECK(numbers(loads[1].saturated_points) == std::vector<std::size_t>{3});
}

TEST_CASE("points that differ in their seeds alone count as one, by their means") {
  StoredSweep sweep;
  sweep.identity.swept_keys = {"workload.max_concurrency", "seed"};
  sweep.identity.values = {{"4", "1"}, {"4", "2"}, {"4", "3"}, {"8", "1"}};
  sweep.results[0] = result(30, 100, Verdict::kStable, 2.0);
  sweep.results[1] = result(31, 102, Verdict::kStable, 1.0);
  sweep.results[2] = result(35, 104, Verdict::kStable, 3.0);
  sweep.results[3] = result(20, 150, Verdict::kStable, 2.5);
  const auto loads = rate(sweep);
  REQUIRE(loads.size() == 1);
  CHECK(numbers(loads[0].frontier) == std::vector<std::size_t>{0, 3});
  CHECK(loads[0].frontier[0].seeds == 3);
  CHECK(loads[0].frontier[0].per_user == doctest::Approx(32));
  CHECK(loads[0].frontier[0].per_gpu == doctest::Approx(102));
  CHECK(loads[0].cheapest.value().usd_per_million.value() == doctest::Approx(2.0));
}

TEST_CASE("seeds that saturate are counted together, apart from those that do not") {
  StoredSweep sweep;
  sweep.identity.swept_keys = {"workload.request_rate", "seed"};
  sweep.identity.values = {{"4", "1"}, {"4", "2"}, {"4", "3"}};
  sweep.results[0] = result(30, 100, Verdict::kSaturated, 2.0);
  sweep.results[1] = result(40, 80, Verdict::kStable, 2.0);
  sweep.results[2] = result(20, 120, Verdict::kSaturated, 2.0);
  const auto loads = rate(sweep);
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].saturated == 2);
  CHECK(numbers(loads[0].points) == std::vector<std::size_t>{1});
  CHECK(loads[0].points[0].seeds == 1);
  REQUIRE(numbers(loads[0].saturated_points) == std::vector<std::size_t>{0});
  CHECK(loads[0].saturated_points[0].seeds == 2);
  CHECK(loads[0].saturated_points[0].per_gpu == doctest::Approx(110));
}
