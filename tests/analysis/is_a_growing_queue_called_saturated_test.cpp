// The verdict on synthetic backlogs, whose truth is known, and on fleets below and above their capacity.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "analysis/run.hpp"
#include "analysis/summary/verdict.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

constexpr double kStay = 1;  // seconds in an empty fleet

struct Load {
  sim::BacklogSamples samples;
  std::int64_t arrivals = 0;
  [[nodiscard]] BacklogTrend trend(double stay = kStay) const { return backlog_trend(samples, arrivals, stay); }
};

/// `seconds` of Poisson arrivals at `rate`; each meets backlog(t).
Load known_backlog(double rate, double seconds, const std::function<double(double)>& backlog, std::uint64_t seed = 1) {
  std::mt19937_64 engine(seed);
  std::exponential_distribution<double> gap(rate);
  Load load;
  for (double t = gap(engine); t < seconds; t += gap(engine)) {
    ++load.arrivals;
    load.samples.time.push_back(t);
    load.samples.backlog.push_back(static_cast<std::int64_t>(backlog(t)));
  }
  return load;
}

/// Requests at `rate` for `servers` that take `stay` seconds for each, exactly or exponentially.
Load queue(double rate, double seconds, int servers, bool exponential, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::exponential_distribution<double> gap(rate);
  std::exponential_distribution<double> service(1 / kStay);
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;  // of each server
  std::priority_queue<double, std::vector<double>, std::greater<>> leaves;   // of those in the system
  for (int i = 0; i < servers; ++i) free_at.push(0);
  Load load;
  for (double t = gap(engine); t < seconds; t += gap(engine)) {
    while (!leaves.empty() && leaves.top() <= t) leaves.pop();
    const double end = std::max(t, free_at.top()) + (exponential ? service(engine) : kStay);
    free_at.pop();
    free_at.push(end);
    leaves.push(end);
    ++load.arrivals;
    load.samples.time.push_back(t);
    load.samples.backlog.push_back(static_cast<std::int64_t>(leaves.size()));
  }
  return load;
}

/// Share of runs with different seeds that are called saturated.
double saturated_share(double rate, int servers, bool exponential) {
  const std::uint64_t runs = servers >= 1000 ? 2 : servers >= 100 ? 10 : 100;
  const double seconds = servers >= 1000 ? 120 : 400;
  double saturated = 0;
  for (std::uint64_t seed = 1; seed <= runs; ++seed)
    saturated += queue(rate, seconds, servers, exponential, seed).trend().saturated ? 1 : 0;
  return saturated / static_cast<double>(runs);
}

std::string scenario(const std::string& name) {
  return std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/migration/" + name + ".yaml";
}

Summary simulate(const std::string& path, const std::vector<std::string>& overrides) {
  return run_in_child(load_scenario(path, overrides));
}

/// Requests per second that it answers at the best concurrency of a closed loop.
double capacity(const std::string& path) {
  double best = 0;
  for (const int concurrency : {1024, 2048, 4096}) {
    best = std::max(best, simulate(path, {"workload.request_rate=inf", "workload.warmup=0s",
                                          "workload.max_concurrency=" + std::to_string(concurrency),
                                          "workload.num_prompts=" + std::to_string(20 * concurrency)})
                              .request_throughput);
  }
  return best;
}

}  // namespace

TEST_CASE("a level backlog is stable, a rising one saturated, and its slope is found") {
  const Load level = known_backlog(50, 400, [](double) { return 200; });
  CHECK(!level.trend().saturated);
  CHECK(level.trend().growth_per_s == doctest::Approx(0));
  const Load rising = known_backlog(50, 400, [](double t) { return 200 + 5 * t; });
  CHECK(rising.trend().saturated);
  CHECK(rising.trend().growth_per_s == doctest::Approx(5).epsilon(0.02));
  CHECK(!known_backlog(50, 400, [](double t) { return 3000 - 5 * t; }).trend().saturated);
}

TEST_CASE("a fleet that fills up is not saturated, however long that takes it") {
  for (const double stay : {1.0, 5.0, 20.0, 60.0}) {
    CAPTURE(stay);
    const Load filling = known_backlog(50, 400, [&](double t) { return 50 * stay * (1 - std::exp(-t / stay)); });
    CHECK(!filling.trend().saturated);
    const Load at_once = known_backlog(50, 400, [&](double t) { return 50 * std::min(t, stay); });
    CHECK(!at_once.trend().saturated);
  }
}

TEST_CASE("a burst that passes is not saturation") {
  CHECK(!known_backlog(50, 400, [](double t) { return t > 200 && t < 250 ? 2000 : 100; }).trend().saturated);
  CHECK(!known_backlog(50, 400, [](double t) { return 500 + 400 * std::sin(t / 40); }).trend().saturated);
}

TEST_CASE("arrivals that end while the fleet fills up allow no verdict") {
  const Load brief = known_backlog(50, 20, [](double t) { return 50 * t; });
  CHECK(brief.trend(1.0).too_short);
  CHECK(!brief.trend(1.0).saturated);
  CHECK(!brief.trend(0.5).too_short);
  CHECK(known_backlog(1, 20, [](double) { return 1; }).trend(0.1).too_short);  // some 20 arrivals
  CHECK(Load{}.trend().too_short);
}

TEST_CASE("queues below capacity are hardly ever called saturated") {
  struct Case {
    double rate;
    int servers;
    bool exponential;
  };
  for (const Case& c : {Case{0.5, 1, false}, Case{0.7, 1, true}, Case{0.8, 1, false}, Case{8, 10, true},
                        Case{80, 100, true}, Case{90, 100, false}, Case{800, 1000, true}, Case{3, 1000, true}}) {
    CAPTURE(c.rate);
    CAPTURE(c.servers);
    CHECK(saturated_share(c.rate, c.servers, c.exponential) <= 0.02);
  }
}

TEST_CASE("queues above capacity are called saturated") {
  struct Case {
    double rate;
    int servers;
    double at_least;
  };
  for (const Case& c : {Case{11, 10, 0.95}, Case{12, 10, 0.99}, Case{110, 100, 1}, Case{105, 100, 0.9},
                        Case{1100, 1000, 1}, Case{2, 1, 0.99}}) {
    CAPTURE(c.rate);
    CAPTURE(c.servers);
    CHECK(saturated_share(c.rate, c.servers, true) >= c.at_least);
  }
}

TEST_CASE("a real fleet is stable at 80 % of what it can answer, and saturated at 110 %") {
  for (const std::string name : {"h100", "b200"}) {
    CAPTURE(name);
    const double most = capacity(scenario(name));
    CAPTURE(most);
    const auto at = [&](double share) {
      return simulate(scenario(name),
                      {"workload.request_rate=" + std::to_string(share * most), "workload.num_prompts=60000"});
    };
    const Summary below = at(0.8);
    CHECK(below.verdict == Verdict::kStable);
    CHECK(below.ttft.p99 < 2000);
    const Summary above = at(1.1);
    CHECK(above.verdict == Verdict::kSaturated);
    CHECK(above.backlog_growth_per_s > 0);
    CHECK(above.ttft.p99 > below.ttft.p99);
  }
}

TEST_CASE("no verdict is asked of closed loops, nor of all requests at once") {
  CHECK(simulate(scenario("b200"), {"workload.request_rate=inf", "workload.max_concurrency=64",
                                    "workload.num_prompts=500", "workload.warmup=0s"})
            .verdict == Verdict::kNotApplicable);
  CHECK(simulate(scenario("b200"), {"workload.request_rate=inf", "workload.num_prompts=500", "workload.warmup=0s"})
            .verdict == Verdict::kNotApplicable);
}

TEST_CASE("a few requests to an idle fleet: no verdict, and it says how many it would take") {
  const Summary s =
      simulate(scenario("b200"), {"workload.num_prompts=100", "workload.request_rate=20", "workload.warmup=0s"});
  CHECK(s.verdict == Verdict::kNotApplicable);
  REQUIRE(!s.warnings.empty());
  CHECK(s.warnings.front().rfind("no verdict on whether the fleet keeps up: requests arrive for ", 0) == 0);
}

namespace {

/// Backlog of a load that is a wave: what is beyond `capacity` waits, by the fluid's balance.
sim::BacklogSamples wave_backlog(double capacity, int periods) {
  constexpr double kPeriod = 1000, kRate = 20, kTwoPi = 6.283185307179586;
  sim::BacklogSamples samples;
  double waiting = 0;
  for (double t = 0; t < periods * kPeriod + 1; t += 1) {
    waiting = std::max(0.0, waiting + kRate * (1 - 0.8 * std::cos(kTwoPi * t / kPeriod)) - capacity);
    samples.time.push_back(t);
    samples.backlog.push_back(static_cast<std::int64_t>(waiting));
  }
  return samples;
}

}  // namespace

TEST_CASE("a wave is judged by whole periods: a queue that the night clears is none, one that it does not is") {
  CHECK_FALSE(backlog_trend(wave_backlog(24, 6), 120'000, 1, 1000).saturated);  // 20 in the mean, 36 at the peak
  CHECK(backlog_trend(wave_backlog(19, 6), 120'000, 1, 1000).saturated);
  CHECK(backlog_trend(wave_backlog(19, 6), 120'000, 1, 1000).growth_per_s == doctest::Approx(1).epsilon(0.05));
  CHECK(backlog_trend(wave_backlog(19, 3), 60'000, 1, 1000).too_short);
  // A line through less than a period would call the first morning saturation.
  CHECK(backlog_trend(wave_backlog(24, 1), 20'000, 1, 2000).too_short);
}
