// Does a wave send as much as a steady load, and when it should?
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "sim/workload/wave.hpp"
#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;
using doctest::Approx;

namespace {

std::string waved(const std::string& more, const std::string& wave = "{peak_to_average: 1.8, period: 1000s}") {
  return "{request_rate: 20, duration: 10000s, input_tokens: 1, output_tokens: 1, wave: " + wave + more + "}";
}

/// Requests whose time within its period lies in [from, to).
double count(const Load& l, double from, double to) {
  double n = 0;
  for (const auto& r : l.requests) {
    const double phase = std::fmod(r.arrival, 1000);
    n += phase >= from && phase < to ? 1 : 0;
  }
  return n;
}

}  // namespace

TEST_CASE("over whole periods the mean rate is request_rate") {
  for (const char* const arrivals : {"", ", arrivals: constant", ", burstiness: 0.5"}) {
    CAPTURE(arrivals);
    double sent = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed)
      sent += static_cast<double>(load(waved(arrivals), seed).requests.size());
    // 1,000,000 in five runs; the standard deviation of the burstiest, with CV^2 = 2, is 1,414: three of them.
    CHECK(std::abs(sent - 1'000'000) < 4243);
  }
}

TEST_CASE("the peak tenth has the share of the load that the sinusoid gives it, and the night its") {
  const Load l = load(waved(""));
  const double all = static_cast<double>(l.requests.size());
  // Mean of cos over a tenth of a turn around its top: sin(pi/10) / (pi/10) = 0.98363.
  const double top = std::sin(std::numbers::pi / 10) / (std::numbers::pi / 10);
  CHECK(count(l, 450, 550) / all == Approx(0.1 * (1 + 0.8 * top)).epsilon(0.02));
  CHECK((count(l, 0, 50) + count(l, 950, 1000)) / all == Approx(0.1 * (1 - 0.8 * top)).epsilon(0.05));
  const Load early = load(waved("", "{peak_to_average: 1.8, period: 1000s, peak_at: 250s}"));
  CHECK(count(early, 200, 300) / all == Approx(0.1 * (1 + 0.8 * top)).epsilon(0.03));
}

TEST_CASE("times are the steady load's, stretched: the random numbers are the same, and a wave of 1 is none") {
  const std::string rest = ", num_prompts: 5000, input_tokens: {uniform: [1, 99]}, output_tokens: 7}";
  const Load plain = load("{request_rate: 20" + rest);
  const Load flat = load("{request_rate: 20, wave: {peak_to_average: 1}" + rest);
  const Load day = load("{request_rate: 20, wave: {period: 100s}" + rest);
  const Wave wave({2, Seconds(100), std::nullopt});
  for (std::size_t i = 0; i < plain.requests.size(); ++i) {
    CHECK(flat.requests[i].arrival == plain.requests[i].arrival);
    CHECK(day.requests[i].input_tokens == plain.requests[i].input_tokens);
    CHECK(wave.steady(day.requests[i].arrival) == Approx(plain.requests[i].arrival).epsilon(1e-9));
    if (i > 0) CHECK(day.requests[i].arrival >= day.requests[i - 1].arrival);
  }
}

TEST_CASE("by hand: a quarter of the load has come after its share of the period") {
  // A ratio of 2 that begins at the lowest: steady(t) = t - P / (2 pi) * sin(2 pi t / P); half of it at half time, and
  // at a quarter of the period P/4 - P/(2 pi).
  const Wave wave({2, Seconds(24), std::nullopt});
  CHECK(wave.steady(12) == Approx(12));
  CHECK(wave.steady(24) == Approx(24));
  CHECK(wave.steady(6) == Approx(6 - 24 / (2 * std::numbers::pi)));
  CHECK(wave.when(6 - 24 / (2 * std::numbers::pi)) == Approx(6));
  CHECK(wave.when(0) >= 0);
}

TEST_CASE("a wave needs a rate of its own to be a wave of") {
  CHECK(contains(error_of([] {
                   workload(
                       "{request_rate: inf, num_prompts: 9, input_tokens: 1, output_tokens: 1, "
                       "wave: {period: 1h}}");
                 }),
                 "there are no gaps"));
  CHECK(contains(error_of([] { workload(waved("", "{peak_to_average: 2.5}")); }), "2"));
}
