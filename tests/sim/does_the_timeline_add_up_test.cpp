// The timeline of a run: intervals worked out by hand, and sums that are those of the books whatever merges.
#include <doctest/doctest.h>

#include <numeric>
#include <random>

#include "sim/engine/timeline.hpp"
#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {

double total(const Timeline& timeline, std::size_t pool, Measure measure) {
  const std::vector<double> sums = timeline.sums(pool, measure);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

using Sums = std::vector<double>;

/// What the books of a run say, all pools together.
void check_against_books(const Timeline& timeline, const Outcome& o) {
  const auto all = [&](Measure measure) {
    double sum = 0;
    for (std::size_t p = 0; p < timeline.pools(); ++p) sum += total(timeline, p, measure);
    return sum;
  };
  CHECK(all(Measure::kOutputTokens) == static_cast<double>(o.books.output_tokens));
  CHECK(all(Measure::kPrefillTokens) == static_cast<double>(o.books.prefill_tokens));
  CHECK(all(Measure::kBusyGpus) == doctest::Approx(o.books.busy.total()));
  CHECK(all(Measure::kKvBlocks) == doctest::Approx(o.books.kv_block_seconds));
  double waited = 0;
  for (const auto& [id, r] : o.requests) waited += r.scheduled - r.enqueued;
  CHECK(all(Measure::kWaiting) == doctest::Approx(waited));
}

std::vector<Arrival> random_arrivals(int count) {
  std::mt19937_64 engine(7);
  std::vector<Arrival> arrivals;
  double now = 3.7;
  for (int i = 0; i < count; ++i) {
    now += 0.01 * static_cast<double>(engine() % 100);
    arrivals.push_back(
        {now, static_cast<std::int32_t>(1 + engine() % 300), static_cast<std::int32_t>(1 + engine() % 200)});
  }
  return arrivals;
}

}  // namespace

TEST_CASE("a level falls into intervals by overlap, an instant into one") {
  Timeline t(1, 1.0);
  t.count(0, Measure::kArrivals, 10, 1);  // the first thing that is heard of: intervals begin here
  t.level(0, Measure::kRunning, 10.5, 13.25, 4);
  t.count(0, Measure::kArrivals, 12, 2);
  CHECK(t.begin() == 10);
  CHECK(t.end() == 13.25);
  CHECK(t.sums(0, Measure::kRunning) == Sums{2, 4, 4, 1});
  CHECK(t.sums(0, Measure::kArrivals) == Sums{1, 0, 2, 0});
}

TEST_CASE("a ramp falls into intervals by the area below it") {
  Timeline t(1, 1.0);
  t.ramp(0, Measure::kKvBlocks, 0, 2, 0, 8);  // 4 x: 2 up to 1, 8 up to 2
  t.count(0, Measure::kArrivals, 2.5, 1);
  const Sums sums = t.sums(0, Measure::kKvBlocks);
  REQUIRE(sums.size() == 3);
  CHECK(sums[0] == doctest::Approx(2));
  CHECK(sums[1] == doctest::Approx(6));
  CHECK(sums[2] == 0);
}

TEST_CASE("a ramp that does not rise is a level, wherever it begins") {
  Timeline ramps(1, 0.1);
  Timeline levels(1, 0.1);
  double from = 0.01517485176;
  for (int i = 0; i < 2000; ++i) {
    // Every other one begins and ends where an interval seems to.
    const double to = i % 2 == 0 ? 0.01517485176 + 0.1 * (i + 1) : from + 0.07;

    ramps.ramp(0, Measure::kKvBlocks, from, to, 5, 5);
    levels.level(0, Measure::kKvBlocks, from, to, 5);
    from = to;
  }
  const Sums a = ramps.sums(0, Measure::kKvBlocks);
  const Sums b = levels.sums(0, Measure::kKvBlocks);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(a[i] == doctest::Approx(b[i]));
  }
}

TEST_CASE("the tokens of a stretch fall where its steps end") {
  flotilla::models::DecodeCost cost;
  cost.base = 0.5;
  cost.slope = 0.25;  // x 2 sequences: steps of 0.5, 1.0, 1.5 s end at 0.5, 1.5, 3.0
  Stretch stretch = Stretch::begin(0, cost, 2, 0);
  stretch.steps = 3;
  Timeline t(1, 1.0);
  t.count(0, Measure::kArrivals, 0, 1);
  t.tokens_of(0, stretch);
  CHECK(t.sums(0, Measure::kOutputTokens) == Sums{2, 2, 0, 2});
}

TEST_CASE("neighbours merge when the run outgrows them, and nothing is lost") {
  Timeline t(2, 1.0);
  t.level(1, Measure::kBusyGpus, 0, 1000, 3);
  for (int i = 0; i < 1000; ++i) t.count(1, Measure::kCompletions, i, 1);
  CHECK(t.width() == 1);
  t.count(1, Measure::kCompletions, 1024, 1);  // the 1,025th interval
  CHECK(t.width() == 2);
  const Sums done = t.sums(1, Measure::kCompletions);
  REQUIRE(done.size() == 513);
  CHECK(done[0] == 2);
  CHECK(done[512] == 1);
  CHECK(t.sums(1, Measure::kBusyGpus)[499] == 6);
  CHECK(total(t, 1, Measure::kBusyGpus) == 3000);
  t.count(1, Measure::kCompletions, 1e9, 1);  // a wild date
  CHECK(total(t, 1, Measure::kCompletions) == 1002);
  CHECK(total(t, 1, Measure::kBusyGpus) == 3000);
  CHECK(total(t, 0, Measure::kBusyGpus) == 0);
}

TEST_CASE("sums are those of the books with preemptions and a queue") {
  Timeline timeline(1);
  Setup setup;
  setup.timeline = &timeline;
  setup.times.base = 0.02;
  setup.times.per_kv_token = 1e-5;
  setup.times.per_prompt_token = 1e-4;
  setup.kv_blocks = 60;
  setup.replicas = 2;
  const Outcome o = simulate_list(setup, random_arrivals(400));
  REQUIRE(o.books.preemptions > 0);
  REQUIRE(timeline.width() > 0.1);  // intervals have merged
  check_against_books(timeline, o);
  CHECK(total(timeline, 0, Measure::kArrivals) == 400);
  CHECK(total(timeline, 0, Measure::kCompletions) == 400);
}

TEST_CASE("sums are those of the books where KV moves to another pool") {
  Timeline timeline(2);
  Setup setup;
  setup.timeline = &timeline;
  setup.times.base = 0.02;
  setup.times.per_prompt_token = 1e-4;
  setup.replicas = 1;
  setup.decode_replicas = 2;
  const Outcome o = simulate_list(setup, random_arrivals(200));
  check_against_books(timeline, o);
  CHECK(total(timeline, 0, Measure::kArrivals) == 200);
  CHECK(total(timeline, 0, Measure::kCompletions) == 200);  // prompts
  CHECK(total(timeline, 1, Measure::kPrefillTokens) == 0);
  CHECK(total(timeline, 1, Measure::kArrivals) == static_cast<double>(o.hand_off.count));
  CHECK(total(timeline, 1, Measure::kCompletions) == static_cast<double>(o.hand_off.count));
}
