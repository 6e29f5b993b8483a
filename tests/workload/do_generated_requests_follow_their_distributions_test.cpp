// Means and spreads of what is generated, with fixed seeds; and that one stream does not disturb another.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/workload/load.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

struct Moments {
  double mean = 0;
  double cv = 0;
};

template <class F>
Moments moments(std::size_t count, const F& value) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += value(i);
    squares += value(i) * value(i);
  }
  const double mean = sum / static_cast<double>(count);
  return {mean, std::sqrt(squares / static_cast<double>(count) - mean * mean) / mean};
}

Moments gaps(const Load& l) {
  const auto& r = l.requests;
  return moments(r.size() - 1, [&](std::size_t i) { return r[i + 1].arrival - r[i].arrival; });
}

Moments inputs(const Load& l) {
  return moments(l.requests.size(), [&](std::size_t i) { return static_cast<double>(l.requests[i].input_tokens); });
}

Load lengths(const std::string& input, int count = 100000) {
  return load("{request_rate: inf, num_prompts: " + std::to_string(count) +
              ", output_tokens: 1, input_tokens: " + input + "}");
}

}  // namespace

TEST_CASE("Poisson arrivals have the rate asked for and gaps of CV 1") {
  const Load l = load("{request_rate: 50, num_prompts: 200000, input_tokens: 800, output_tokens: 400}");
  REQUIRE(l.requests.size() == 200000);
  CHECK(gaps(l).mean == doctest::Approx(1.0 / 50).epsilon(0.01));
  CHECK(gaps(l).cv == doctest::Approx(1).epsilon(0.01));
  CHECK(l.requests.front().arrival > 0);
  std::size_t long_gaps = 0;  // exp(-3) of all gaps are longer than three means
  for (std::size_t i = 1; i < l.requests.size(); ++i)
    long_gaps += l.requests[i].arrival - l.requests[i - 1].arrival > 3.0 / 50 ? 1 : 0;
  CHECK(static_cast<double>(long_gaps) / 200000 == doctest::Approx(std::exp(-3)).epsilon(0.03));
}

TEST_CASE("constant arrivals stand on a grid that does not drift") {
  const Load l = load("{request_rate: 3, arrivals: constant, num_prompts: 30001, input_tokens: 1, output_tokens: 1}");
  CHECK(l.requests[0].arrival == 0);
  CHECK(l.requests[30000].arrival == 10000);
  for (std::size_t i = 0; i < l.requests.size(); i += 997) CHECK(l.requests[i].arrival == static_cast<double>(i) / 3);
}

TEST_CASE("Gamma arrivals have the burstiness asked for, however it is written") {
  const std::string rest = ", request_rate: 10, num_prompts: 200000, input_tokens: 1, output_tokens: 1}";
  for (const char* const half :
       {"{arrivals: {gamma: {burstiness: 0.25}}", "{arrivals: {gamma: {cv: 2}}", "{burstiness: 0.25"}) {
    const Load l = load(half + rest);
    CHECK(gaps(l).mean == doctest::Approx(0.1).epsilon(0.02));
    CHECK(gaps(l).cv == doctest::Approx(2).epsilon(0.02));
  }
  CHECK(gaps(load("{burstiness: 16" + rest)).cv == doctest::Approx(0.25).epsilon(0.02));
}

TEST_CASE("duration ends the load, num_prompts counts it") {
  const Load l = load("{request_rate: 100, duration: 100s, input_tokens: 1, output_tokens: 1}");
  CHECK(l.requests.back().arrival < 100);
  CHECK(static_cast<double>(l.requests.size()) == doctest::Approx(10000).epsilon(0.03));
  CHECK(load("{request_rate: 100, num_prompts: 7, input_tokens: 1, output_tokens: 1}").requests.size() == 7);
}

TEST_CASE("a closed loop and an offline load put every arrival at 0") {
  for (const char* const limit : {"", ", max_concurrency: 4"}) {
    const Load l =
        load(std::string("{request_rate: inf, num_prompts: 20, input_tokens: 5, output_tokens: 6") + limit + "}");
    REQUIRE(l.requests.size() == 20);
    for (const auto& r : l.requests) CHECK(r.arrival == 0);
  }
  const WorkloadSpec endless =
      workload("{request_rate: inf, max_concurrency: 4, duration: 1min, input_tokens: 5, output_tokens: 6}");
  CHECK(endless.closed_loop());
  CHECK(load(endless, 1, 1000).requests.size() == 1000);  // the engine ends it
}

TEST_CASE("lengths follow their distributions") {
  CHECK(inputs(lengths("800")).mean == 800);

  const Load uniform = lengths("{uniform: [819, 1024]}");
  CHECK(inputs(uniform).mean == doctest::Approx(921.5).epsilon(0.002));
  std::int32_t low = 9999;
  std::int32_t high = 0;
  for (const auto& r : uniform.requests) {
    low = std::min(low, r.input_tokens);
    high = std::max(high, r.input_tokens);
  }
  CHECK(low == 819);
  CHECK(high == 1024);

  const double sigma = std::sqrt(2 * std::log(1155.0 / 1020.0));
  const double cv = std::sqrt(std::exp(sigma * sigma) - 1);
  for (const std::string& text : {std::string("{lognormal: {mean: 1155, p50: 1020}}"),
                                  "{lognormal: {mean: 1155, sigma: " + std::to_string(sigma) + "}}",
                                  "{lognormal: {p50: 1020, sigma: " + std::to_string(sigma) + "}}"}) {
    const Load l = lengths(text);
    CHECK(inputs(l).mean == doctest::Approx(1155).epsilon(0.01));
    CHECK(inputs(l).cv == doctest::Approx(cv).epsilon(0.02));
  }
  const Load cut = lengths("{lognormal: {mean: 1155, p50: 1020, max: 1500}}");
  std::int32_t longest = 0;
  for (const auto& r : cut.requests) longest = std::max(longest, r.input_tokens);
  CHECK(longest == 1500);

  const Load empirical = lengths("{empirical: '" + kData + "lengths.csv'}");  // 100 three times, 200 once
  CHECK(inputs(empirical).mean == doctest::Approx(125).epsilon(0.005));
  const Load column = lengths("{empirical: {path: '" + kData + "vidur_lengths.csv', column: num_prefill_tokens}}");
  CHECK(inputs(column).mean == doctest::Approx(5000.0 / 3).epsilon(0.01));
}

TEST_CASE("the mean and the longest length are known beforehand") {
  CHECK(LengthSampler(FixedLength{800}).mean() == 800);
  CHECK(LengthSampler(UniformLength{10, 20}).mean() == 15);
  CHECK(LengthSampler(UniformLength{10, 20}).max() == 20);
  LognormalLength lognormal;
  lognormal.p50 = 100;
  lognormal.sigma = 1;
  CHECK(LengthSampler(lognormal).mean() == doctest::Approx(100 * std::exp(0.5)));
  EmpiricalLength empirical;
  empirical.path = InputFile(kData + "lengths.csv");
  CHECK(LengthSampler(empirical).mean() == 125);
  CHECK(LengthSampler(empirical).max() == 200);
}

TEST_CASE("the lengths of request i depend on the seed and i alone") {
  const std::string ends = ", input_tokens: {uniform: [1, 1000]}, output_tokens: {lognormal: {mean: 300, p50: 200}}}";
  const Load base = load("{request_rate: 50, num_prompts: 500" + ends, 7);
  for (const std::string& other :
       {"{request_rate: 5, num_prompts: 500" + ends, "{request_rate: 50, arrivals: constant, num_prompts: 500" + ends,
        "{request_rate: 50, num_prompts: 900" + ends,
        "{request_rate: inf, max_concurrency: 3, num_prompts: 500" + ends}) {
    const Load l = load(other, 7);
    for (std::size_t i = 0; i < 500; ++i) {
      CHECK(l.requests[i].input_tokens == base.requests[i].input_tokens);
      CHECK(l.requests[i].output_tokens == base.requests[i].output_tokens);
    }
  }
  const Load shorter = load(
      "{request_rate: 50, num_prompts: 500, input_tokens: 8, output_tokens: {lognormal: {mean: 300, p50: 200}}}", 7);
  for (std::size_t i = 0; i < 500; ++i) {
    CHECK(shorter.requests[i].arrival == base.requests[i].arrival);
    CHECK(shorter.requests[i].output_tokens == base.requests[i].output_tokens);
  }
  const Load faster = load("{request_rate: 100, num_prompts: 500" + ends, 7);
  for (std::size_t i = 0; i < 500; ++i)
    CHECK(faster.requests[i].arrival == doctest::Approx(base.requests[i].arrival / 2));
  const Load other_seed = load("{request_rate: 50, num_prompts: 500" + ends, 8);
  CHECK(other_seed.requests[0].input_tokens != base.requests[0].input_tokens);
  CHECK(other_seed.requests[0].arrival != base.requests[0].arrival);
}
