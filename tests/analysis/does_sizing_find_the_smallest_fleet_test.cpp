// The search agrees with trying every number of replicas; promises are read or refused.
#include <doctest/doctest.h>

#include <algorithm>

#include "analysis/capacity.hpp"
#include "analysis/run.hpp"
#include "analysis/size.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

const std::string kScenario = std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/migration/h200.yaml";
const std::vector<std::string> kSmall{"workload.num_prompts=5000", "workload.request_rate=12"};

bool keeps(const std::vector<Constraint>& constraints, int replicas) {
  std::vector<std::string> overrides = kSmall;
  overrides.push_back("serving[0].tensor_parallel_size=2");
  overrides.push_back("serving[0].replicas=" + std::to_string(replicas));
  overrides.push_back("fleet.pools[0].gpus=" + std::to_string(2 * replicas));
  const Summary s = run_in_child(load_scenario(kScenario, overrides));
  for (const Constraint& c : constraints) {
    if (!holds(c, s)) return false;
  }
  return s.verdict != Verdict::kSaturated;
}

}  // namespace

TEST_CASE("one replica fewer breaks a promise, as trying them all shows") {
  for (const std::string promise :
       {"p99_tpot_ms<=25", "p99_ttft_ms<=400", "goodput_ratio>=0.99", "kv.peak_usage<=0.1"}) {
    CAPTURE(promise);
    const std::vector<Constraint> constraints{parse_constraint(promise)};
    const auto found = smallest_fleets({kScenario}, kSmall, constraints, {.tensor_parallel_sizes = {2}});
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].feasible);
    int smallest = 1;
    while (!keeps(constraints, smallest)) ++smallest;
    CHECK(found[0].replicas == smallest);
    CHECK(found[0].gpus == 2 * smallest);
    if (smallest > 1) CHECK(found[0].binding.find(" with " + std::to_string(smallest - 1)) != std::string::npos);
  }
}

TEST_CASE("the cheapest fleet is that of an exhaustive search, with a tenth of its simulations or fewer") {
  // Three shipped cases: every number of replicas up to 40 of every tensor-parallel size, against the search.
  constexpr int kMost = 40;
  const std::vector<int> sizes{1, 2, 4, 8};
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=20"), parse_constraint("p99_ttft_ms<=1000")};
  const std::vector<std::string> shorter{"workload.num_prompts=4000", "workload.warmup=10s"};
  for (const std::string name : {"h100", "h200", "b200"}) {
    CAPTURE(name);
    const std::string scenario = std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/migration/" + name + ".yaml";
    int tried = 0, best_replicas = 0, best_size = 0;
    double best = 1e300;
    for (const int tp : sizes) {
      bool held = false;
      for (int replicas = 1; replicas <= kMost; ++replicas) {
        ++tried;
        if (held) continue;  // more replicas cost more: an exhaustive search would still have run them
        std::vector<std::string> overrides = shorter;
        overrides.push_back("serving[0].tensor_parallel_size=" + std::to_string(tp));
        overrides.push_back("serving[0].replicas=" + std::to_string(replicas));
        overrides.push_back("fleet.pools[0].gpus=" + std::to_string(tp * replicas));
        const Summary s = run_in_child(load_scenario(scenario, overrides));
        held = s.verdict != Verdict::kSaturated &&
               std::all_of(constraints.begin(), constraints.end(), [&](const Constraint& c) { return holds(c, s); });
        if (held && *s.cost.usd_per_hour < best) best = *s.cost.usd_per_hour, best_replicas = replicas, best_size = tp;
      }
    }
    const auto found = smallest_fleets({scenario}, shorter, constraints, {.tensor_parallel_sizes = sizes});
    int simulations = 0;
    for (const Candidate& c : found) simulations += c.simulations;
    CHECK(found.front().feasible);
    CHECK(found.front().replicas == best_replicas);
    CHECK(found.front().tensor_parallel_size == best_size);
    MESSAGE(name << ": " << simulations << " simulations, " << tried << " exhaustively");
    CHECK(10 * simulations <= tried);
  }
}

TEST_CASE("a fleet that is given up as dearer says why, and is dearer") {
  const auto found =
      smallest_fleets({kScenario}, kSmall, {parse_constraint("p99_tpot_ms<=25")}, {.tensor_parallel_sizes = {2, 8}});
  REQUIRE(found.size() == 2);
  CHECK(found[0].feasible);
  CHECK(found[1].dearer);
  CHECK_FALSE(found[1].feasible);
  CHECK(found[1].binding != "");
  // Searched to its end, it does hold, and costs more.
  const auto all = smallest_fleets({kScenario}, kSmall, {parse_constraint("p99_tpot_ms<=25")},
                                   {.tensor_parallel_sizes = {2, 8}, .all = true});
  CHECK(all[1].feasible);
  CHECK(*all[1].summary.cost.usd_per_hour >= *all[0].summary.cost.usd_per_hour);
}

TEST_CASE("the cheapest comes first, the impossible last, with its reason") {
  const auto found =
      smallest_fleets({kScenario}, kSmall, {parse_constraint("p99_tpot_ms<=12")}, {.tensor_parallel_sizes = {2, 3, 8}});
  REQUIRE(found.size() == 3);
  CHECK(found[0].feasible);
  CHECK(found[0].tensor_parallel_size == 8);
  for (const Candidate& c : found) {
    if (c.tensor_parallel_size == 3) CHECK(c.binding.find("do not divide by 3") != std::string::npos);
    if (!c.feasible) CHECK(!c.binding.empty());
  }
  CHECK(!found.back().feasible);
}

TEST_CASE("a fleet holds one rate and not one that is 1 % higher") {
  const std::vector<std::string> fleet{"workload.num_prompts=5000", "workload.warmup=10s",
                                       "workload.request_rate=3",   "serving[0].tensor_parallel_size=2",
                                       "serving[0].replicas=4",     "fleet.pools[0].gpus=8"};
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=25")};
  const Capacity found = capacity_of(kScenario, fleet, constraints, [](const std::string&) {});
  REQUIRE(found.rate > 0);
  CHECK(found.broken <= 1.01 * found.rate);
  CHECK(found.binding != "");
  const auto at = [&](double rate) {
    std::vector<std::string> overrides = fleet;
    overrides.push_back("workload.request_rate=" + std::to_string(rate));
    return broken_promise(run_in_child(load_scenario(kScenario, overrides)), constraints);
  };
  CHECK(at(found.rate) == "");
  CHECK(at(found.broken) != "");
  CHECK(at(found.rate / 2) == "");
  // Where the written rate is far too high, it looks below.
  std::vector<std::string> crowded = fleet;
  crowded[2] = "workload.request_rate=300";
  const Capacity below = capacity_of(kScenario, crowded, constraints, [](const std::string&) {});
  CHECK(below.rate == doctest::Approx(found.rate).epsilon(0.03));
  CHECK_THROWS_AS(capacity_of(kScenario, {"workload.max_concurrency=4"}, constraints, [](const std::string&) {}),
                  flotilla::InputError);
}

TEST_CASE("promises are read") {
  const Constraint c = parse_constraint("p99_tpot_ms<=20");
  CHECK(c.metric == "p99_tpot_ms");
  CHECK(c.at_most);
  CHECK(c.limit == 20);
  const Constraint least = parse_constraint("interactivity.p99>=50.5");
  CHECK(!least.at_most);
  CHECK(least.limit == 50.5);
  Summary s;
  s.interactivity.p99 = 50.5;
  CHECK(holds(least, s));
  s.interactivity.p99 = 50.4;
  CHECK(!holds(least, s));
  // A figure that is not there keeps no promise.
  CHECK(!holds(parse_constraint("cost.usd_per_month<=1000"), Summary{}));
}

TEST_CASE("promises that say nothing are refused") {
  for (const char* const text :
       {"", "p99_tpot_ms", "p99_tpot_ms=20", "p99_tpot_ms<20", "p99_tpot_ms<=", "p99_tpot_ms<=20ms", "<=20",
        "verdict<=1", "label>=1", "pools[].utilization<=1", "sim<=1"}) {
    CHECK_THROWS_AS(parse_constraint(text), std::invalid_argument);
  }
  CHECK_THROWS_WITH(parse_constraint("p99_tpott_ms<=20"), doctest::Contains("did you mean 'p99_tpot_ms'?"));
}
