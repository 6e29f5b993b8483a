// The search agrees with trying every number of replicas; promises are read or refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "analysis/run.hpp"
#include "analysis/size/capacity.hpp"
#include "analysis/size/size.hpp"

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
    CHECK(found[0].replicas == std::vector{smallest});
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
    CHECK(found.front().replicas == std::vector{best_replicas});
    CHECK(found.front().tensor_parallel_sizes == std::vector{best_size});
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
  CHECK(found[0].tensor_parallel_sizes == std::vector{8});
  for (const Candidate& c : found) {
    if (c.tensor_parallel_sizes == std::vector{3}) CHECK(c.binding.find("do not divide by 3") != std::string::npos);
    if (!c.feasible) CHECK(!c.binding.empty());
    CHECK(c.name == "h200");  // the scenario's name, of what cannot be, too
  }
  CHECK(!found.back().feasible);
}

TEST_CASE("the cheapest pair of prefill and decode replicas is that of an exhaustive search") {
  const std::string scenario = std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/fabric/hgx-prefill-nvl72-decode.yaml";
  // Prices of 2 and 1, so that the cheapest pair is not the one with the fewest GPUs.
  const std::vector<std::string> words{"workload.request_rate=12", "workload.num_prompts=1500", "workload.warmup=5s",
                                       "fleet.pools[0].price={usd_per_gpu_hour: 2}",
                                       "fleet.pools[1].price={usd_per_gpu_hour: 1}"};
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=16"), parse_constraint("p99_ttft_ms<=1200")};
  double best = 1e300;
  std::vector<int> cheapest;
  int exhaustive = 0;
  for (int prefill = 1; prefill <= 9; ++prefill) {
    for (int decode = 1; decode <= 9; ++decode) {
      std::vector<std::string> changes = words;
      changes.insert(changes.end(), {"fleet.pools[0].nodes=null", "fleet.pools[0].gpus=" + std::to_string(prefill),
                                     "serving[0].replicas=" + std::to_string(prefill),
                                     "fleet.pools[1].gpus=" + std::to_string(2 * decode),
                                     "serving[1].replicas=" + std::to_string(decode)});
      const double cost = 2.0 * prefill + 2.0 * decode;
      ++exhaustive;
      if (cost >= best) continue;
      if (broken_promise(run_in_child(load_scenario(scenario, changes)), constraints).empty()) {
        best = cost;
        cheapest = {prefill, decode};
      }
    }
  }
  REQUIRE(!cheapest.empty());
  const auto found = smallest_fleets({scenario}, words, constraints, {});
  REQUIRE(found.size() == 1);
  REQUIRE(found[0].feasible);
  CAPTURE(replicas_text(found[0]));
  CHECK(*found[0].summary.cost.usd_per_hour == doctest::Approx(best));
  CHECK(found[0].gpus == found[0].replicas[0] + 2 * found[0].replicas[1]);
  MESSAGE("pair: " << found[0].simulations << " simulations, " << exhaustive << " exhaustively");
  CHECK(2 * found[0].simulations <= exhaustive);
  // With one fewer of either it does not hold; the fleet says what fails.
  CHECK(found[0].binding.find("prefill") != std::string::npos);
  CHECK(found[0].binding.find("decode") != std::string::npos);
}

TEST_CASE("values of a key are kinds of fleet, and least watts and least cost may differ") {
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=25")};
  std::vector<std::string> words = kSmall;
  words.push_back("serving[0].scheduler.policy=vllm_v1,sglang");
  const auto found = smallest_fleets({kScenario}, words, constraints, {.tensor_parallel_sizes = {2, 4}, .all = true});
  REQUIRE(found.size() == 4);
  int sglang = 0;
  for (const Candidate& c : found) {
    CHECK(c.feasible);
    CHECK(c.watts == 700.0 * c.gpus);  // H200: 700 W each
    sglang += c.name == "h200 sglang" ? 1 : 0;
  }
  CHECK(sglang == 2);
  // The same kind alone comes to the same.
  const auto alone = smallest_fleets({kScenario},
                                     [&] {
                                       auto w = kSmall;
                                       w.push_back("serving[0].scheduler.policy=sglang");
                                       return w;
                                     }(),
                                     constraints, {.tensor_parallel_sizes = {2}, .all = true});
  for (const Candidate& c : found) {
    if (c.name == "h200 sglang" && c.tensor_parallel_sizes == std::vector{2}) CHECK(c.replicas == alone[0].replicas);
  }
  words.back() = "serving[0].scheduler.policy=vllm_v1,sgland";
  CHECK_THROWS_AS(smallest_fleets({kScenario}, words, constraints, {}), flotilla::InputError);
  // Half the price, twice the power: cheaper in dollars, not in watts.
  const std::string b200 = std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/migration/b200.yaml";
  std::vector<std::string> few = kSmall;
  const auto by = [&](Least least) {
    return smallest_fleets({kScenario, b200}, few, {parse_constraint("p99_tpot_ms<=30")},
                           {.tensor_parallel_sizes = {2}, .all = true, .least = least});
  };
  const auto cost = by(Least::kCost), watts = by(Least::kWatts), gpus = by(Least::kGpus);
  CHECK(*cost[0].summary.cost.usd_per_hour <= *cost[1].summary.cost.usd_per_hour);
  CHECK(watts[0].watts <= watts[1].watts);
  CHECK(gpus[0].gpus <= gpus[1].gpus);
}

TEST_CASE("with several seeds a fleet holds where the interval does, not just one run") {
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=25")};
  const auto one = smallest_fleets({kScenario}, kSmall, constraints, {.tensor_parallel_sizes = {2}});
  const auto sure = smallest_fleets({kScenario}, kSmall, constraints, {.tensor_parallel_sizes = {2}, .seeds = 4});
  REQUIRE(sure[0].feasible);
  CHECK(sure[0].replicas[0] >= one[0].replicas[0]);
  CHECK(sure[0].simulations % 4 == 0);
  // By hand: 20, 22, 24 have the mean 22 and t = 4.303, s = 2, so that the interval is 22 +- 4.303 * 2 / sqrt(3)
  // = 4.97.
  std::vector<Summary> runs(3);
  for (std::size_t i = 0; i < 3; ++i) {
    runs[i].e2el.mean = 1;
    runs[i].tpot.p99 = 20 + 2.0 * static_cast<double>(i);
  }
  CHECK(broken_promise(runs, {parse_constraint("p99_tpot_ms<=27")}) == "");
  CHECK(broken_promise(runs, {parse_constraint("p99_tpot_ms<=26.9")}) == "p99_tpot_ms is 22 [17.03, 26.97]");
  CHECK(broken_promise(runs, {parse_constraint("p99_tpot_ms>=17")}) == "");
  CHECK(broken_promise(runs, {parse_constraint("p99_tpot_ms>=17.1")}) != "");
  runs[1].verdict = Verdict::kSaturated;
  CHECK(broken_promise(runs, {}) == "saturated with seed 0");
}

TEST_CASE("headroom: at the promises' edge the fleet holds, beyond saturation it drowns") {
  const std::vector<Constraint> constraints{parse_constraint("p99_tpot_ms<=25")};
  const auto found = smallest_fleets({kScenario}, kSmall, constraints, {.tensor_parallel_sizes = {2}});
  const Headroom headroom = headroom_of(found[0], constraints, [](const std::string&) {});
  CHECK(headroom.to_promises >= 1);
  CHECK(headroom.to_saturation >= headroom.to_promises);
  const auto at = [&](double factor) {
    std::vector<std::string> changes = found[0].sizing;
    changes.push_back("workload.request_rate=" + std::to_string(12 * factor));
    changes.push_back("workload.num_prompts=" + std::to_string(static_cast<int>(5000 * std::max(1.0, factor))));
    return run_in_child(load_scenario(kScenario, changes));
  };
  CHECK(broken_promise(at(headroom.to_promises), constraints) == "");
  CHECK(at(1.1 * headroom.to_saturation).verdict == Verdict::kSaturated);
  // A closed loop has no rate.
  Candidate loop = found[0];
  loop.sizing.insert(loop.sizing.end(), {"workload.request_rate=inf", "workload.max_concurrency=8"});
  CHECK(headroom_of(loop, constraints, [](const std::string&) {}).to_saturation == 0);
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
    // A run as long as that of the written rate, 3.
    overrides.push_back("workload.num_prompts=" +
                        std::to_string(static_cast<int>(std::ceil(5000 * std::max(1.0, rate / 3)))));
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
