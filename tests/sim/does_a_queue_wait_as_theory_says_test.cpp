// Where a replica is a queue that has been solved, its mean response time is that of the solution: one request at a
// time is M/M/1 or M/D/1, and decode steps that take as long as there are sequences are processor sharing.
//
// Requests come at random, at half the rate that the replica can bear, and the mean service time is 1 s; so the load is
// 1/2. Each case simulates independent replications. Its interval is Student's over their means, of 99 %: there are
// seven of them. A replication starts empty and ends when the last has left; its first and last tenths do not count.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "tests/sim/fleet_of_one.hpp"
#include "tests/sim/in_child.hpp"

using namespace flotilla::sim;

namespace {

constexpr double kLoad = 0.5;
constexpr int kReplications = 20;
constexpr int kRequests = 5000;  // of a replication

struct Interval {
  double mean;
  double half_width;
};

Interval interval_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.995);
  return {mean, t * std::sqrt(squares / (n - 1) / n)};
}

/// It holds the value, and says something.
void check(const char* what, const Interval& measured, double theory) {
  MESSAGE(fmt::format("{}: {:.4f} +- {:.4f}, by theory {:.4f}", what, measured.mean, measured.half_width, theory));
  CHECK(std::abs(measured.mean - theory) < measured.half_width);
  CHECK(measured.half_width < 0.05 * theory);
}

using Lengths = std::function<int(std::mt19937_64&)>;

/// The times from arrival to last token, of requests that `counts` by their output tokens.
Interval response_times(
    const Setup& setup, const Lengths& lengths, const std::function<bool(int)>& counts = [](int) { return true; }) {
  std::vector<double> means;
  for (int replication = 0; replication < kReplications; ++replication) {
    const auto mean = in_child([&] {
      std::mt19937_64 random(static_cast<std::uint64_t>(replication + 1));
      std::exponential_distribution<double> gap(kLoad);
      std::vector<Arrival> arrivals;
      double at = 0;
      for (int i = 0; i < kRequests; ++i) {
        at += gap(random);
        arrivals.push_back({at, 1, lengths(random)});
      }
      double sum = 0;
      int n = 0;
      for (const auto& [id, r] : simulate_list(setup, std::move(arrivals)).requests) {
        if (id < kRequests / 10 || id >= kRequests - kRequests / 10 || !counts(r.output_tokens)) continue;
        sum += r.last_token - r.arrival;
        ++n;
      }
      return std::vector<double>{sum / n};
    });
    REQUIRE(mean.size() == 1);
    means.push_back(mean.front());
  }
  return interval_of(means);
}

/// Steps of a millisecond, for one request at a time: the first for its prompt of one token, one for each further
/// token. A request of n tokens is served for n ms, and the next begins at that instant.
Setup one_at_a_time() {
  Setup setup;
  setup.limits.max_num_seqs = 1;
  setup.times.base = 1e-3;
  return setup;
}

/// A decode step of n sequences takes n / 2000 s, so that each advances at 1/n of its speed alone; a prompt of one
/// token costs nothing, and its first output token comes with it.
///
/// Sharing is not quite even: who arrives waits for the end of the step under way, and for that of the next, which
/// makes his first token. These are about 1.5 steps of the 2000 that a request takes on average: 0.08 %.
Setup shared_by_all() {
  Setup setup;
  setup.limits.max_num_seqs = 100000;
  setup.limits.max_num_batched_tokens = 1000000;
  setup.kv_blocks = std::int64_t{1} << 40;
  setup.times.base = 0;
  setup.times.per_sequence = 1.0 / 2000;
  return setup;
}

}  // namespace

TEST_CASE("one request at a time, of exponential length, waits as in M/M/1") {
  // 1 / (1 - 1/2). A geometric number of steps, 1000 on average, has 0.999 of the squared variation of an exponential
  // time: by Pollaczek and Khinchine the response time is shorter by 0.025 %.
  std::geometric_distribution<int> more(1e-3);
  check("M/M/1", response_times(one_at_a_time(), [&](std::mt19937_64& random) { return 1 + more(random); }), 2);
}

TEST_CASE("one request at a time, all of one length, waits as in M/D/1") {
  // 1 + 1/2 / (2 (1 - 1/2))
  check("M/D/1", response_times(one_at_a_time(), [](std::mt19937_64&) { return 1000; }), 1.5);
}

TEST_CASE("one request at a time, short or long, waits as Pollaczek and Khinchine say") {
  // Nine of ten take 0.5 s, one 5.5 s: mean 1, mean square 0.9 * 0.25 + 0.1 * 30.25 = 3.25. 1 + 1/2 * 3.25 / (2 (1 -
  // 1/2)).
  std::bernoulli_distribution long_one(0.1);
  check("M/G/1",
        response_times(one_at_a_time(), [&](std::mt19937_64& random) { return long_one(random) ? 5500 : 500; }), 2.625);
}

TEST_CASE("decode steps as long as there are sequences share the processor, whatever the lengths") {
  // 1 / (1 - 1/2), of the mean alone. The first token is free: one more than are served.
  std::geometric_distribution<int> more(1.0 / 2000);
  check("sharing, fixed lengths", response_times(shared_by_all(), [](std::mt19937_64&) { return 2001; }), 2);
  check("sharing, geometric lengths",
        response_times(shared_by_all(), [&](std::mt19937_64& random) { return 2 + more(random); }), 2);
}

TEST_CASE("where the processor is shared, response times are in proportion to lengths") {
  // Nine of ten take 0.5 s alone, one 5.5 s: 0.5 / (1 - 1/2) and 5.5 / (1 - 1/2).
  std::bernoulli_distribution long_one(0.1);
  const Lengths lengths = [&](std::mt19937_64& random) { return long_one(random) ? 11001 : 1001; };
  check("sharing, the short", response_times(shared_by_all(), lengths, [](int tokens) { return tokens == 1001; }), 1);
  check("sharing, the long", response_times(shared_by_all(), lengths, [](int tokens) { return tokens == 11001; }), 11);
}
