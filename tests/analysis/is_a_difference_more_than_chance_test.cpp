// Comparison seed by seed: relative differences with Student's intervals, and what is made of them.
#include <doctest/doctest.h>

#include <cmath>

#include "analysis/compare/compare.hpp"

using namespace flotilla::analysis;

namespace {

/// A contender of whom only the mean TTFT is known, one value per seed.
Contender with_ttft(const std::vector<double>& values) {
  Contender contender;
  for (const double value : values) contender.runs.emplace_back().ttft.mean = value;
  return contender;
}

std::string scenario(const std::string& name) {
  return std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

const Difference& of(const std::vector<Difference>& differences, const std::string& key) {
  for (const Difference& d : differences) {
    if (compared_metrics()[d.metric].key == key) return d;
  }
  FAIL("no difference in ", key);
  return differences.front();
}

}  // namespace

TEST_CASE("t quantiles are those of the tables") {
  // Two-sided 95 %: any textbook's table.
  CHECK(student_t(0.95, 1) == doctest::Approx(12.706).epsilon(1e-4));
  CHECK(student_t(0.95, 4) == doctest::Approx(2.776).epsilon(1e-3));
  CHECK(student_t(0.95, 30) == doctest::Approx(2.042).epsilon(1e-3));
  CHECK(student_t(0.99, 10) == doctest::Approx(3.169).epsilon(1e-3));
}

TEST_CASE("a mean of replications has the interval of the textbook") {
  // 1, 2, 3: s = 1, 1 / sqrt(3) * 4.3027 = 2.4841.
  const Estimate e = estimate_mean(std::vector<double>{1, 2, 3});
  CHECK(e.mean == doctest::Approx(2));
  REQUIRE(e.interval);
  CHECK(e.interval->low == doctest::Approx(2 - 2.4841).epsilon(1e-4));
  CHECK(e.interval->high == doctest::Approx(2 + 2.4841).epsilon(1e-4));
  CHECK_FALSE(estimate_mean(std::vector<double>{7}).interval);
}

TEST_CASE("what chance does to both cancels") {
  // The seeds differ by a factor of three, the fleets always by a tenth.
  const auto differences = differences_between(with_ttft({10, 20, 30}), with_ttft({9, 18, 27}));
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].relative.mean == doctest::Approx(-0.1));
  CHECK(differences[0].distinguishable());
  CHECK(differences[0].better());
}

TEST_CASE("a difference within chance is none") {
  // +10, +20, +30 %: mean 20 %, half-width 24.8 %.
  const auto differences = differences_between(with_ttft({10, 10, 10}), with_ttft({11, 12, 13}));
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].relative.interval.value().low == doctest::Approx(-0.04841).epsilon(1e-3));
  CHECK_FALSE(differences[0].distinguishable());
  CHECK_FALSE(differences[0].better());
}

TEST_CASE("figures that one of them lacks are not compared") {
  CHECK(differences_between(with_ttft({10, 0}), with_ttft({9, 9})).empty());
}

TEST_CASE("a fleet with more bandwidth is faster, and one against itself shows no difference") {
  CompareOptions options;
  options.scenarios = {scenario("closed-loop/h100-tp2"), scenario("closed-loop/h100-tp2")};
  options.overrides = {"workload.num_prompts=100", "workload.max_concurrency=8"};
  options.seeds = 3;
  options.jobs = 2;
  const auto same = compare(options);
  REQUIRE(same);
  CHECK(same->seeds == std::vector<std::int64_t>{1, 2, 3});
  CHECK(same->same_requests);
  for (const Difference& d : same->differences[0]) {
    CHECK(d.relative.mean == 0);
    CHECK_FALSE(d.distinguishable());
  }
  // A summary for each seed, and each seed its own requests.
  CHECK(same->contenders[0].runs[0].total_input_tokens != same->contenders[0].runs[1].total_input_tokens);

  options.scenarios = {scenario("migration/h100"), scenario("migration/b200")};
  options.overrides = {"workload.num_prompts=300", "workload.request_rate=5", "workload.warmup=0s"};
  const auto better = compare(options);
  REQUIRE(better);
  CHECK(better->same_requests);
  CHECK(of(better->differences[0], "mean_tpot_ms").better());
  const std::string text = comparison_terminal(*better);
  CHECK(text.rfind("b200 against h100: better on ", 0) == 0);
}

TEST_CASE("other requests are noted") {
  CompareOptions options;
  options.scenarios = {scenario("closed-loop/h100-tp2"), scenario("trace/replay")};
  options.seeds = 2;
  const auto comparison = compare(options);
  REQUIRE(comparison);
  CHECK_FALSE(comparison->same_requests);
  CHECK(comparison_terminal(*comparison).find("note: these are not the same requests") != std::string::npos);
}

TEST_CASE("seeds are added until the intervals are as narrow as asked for, or there are too many") {
  CompareOptions options;
  options.scenarios = {scenario("closed-loop/h100-tp2")};
  options.overrides = {"workload.num_prompts=64", "workload.max_concurrency=8"};
  options.seeds = 2;
  options.jobs = 2;
  options.width = 0.05;
  const auto narrow = compare(options);
  REQUIRE(narrow);
  CHECK(narrow->seeds.size() > 2);
  CHECK(narrow->width_reached);
  options.width = 1e-6;
  options.most_seeds = 4;
  const auto never = compare(options);
  REQUIRE(never);
  CHECK(never->seeds.size() == 4);
  CHECK_FALSE(never->width_reached);
}
