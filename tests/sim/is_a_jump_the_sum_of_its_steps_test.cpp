// The closed form against the naive sum, step by step: a stretch alone, with step times of real models, and a whole
// run.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "models/step_cost.hpp"
#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;
namespace models = flotilla::models;

TEST_CASE("a stretch of a real model's steps lasts as long as their sum, within 1e-9") {
  std::mt19937_64 engine(7);
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(engine() % static_cast<unsigned>(high - low + 1));
  };
  for (const char* name : {"llama-3.3-70b", "gpt-oss-120b", "deepseek-r1"}) {
    CAPTURE(name);
    models::Deployment d =
        models::default_deployment(models::load_llm(name), models::load_gpu("b200-hgx"), models::load_engine("vllm"));
    d.tensor_parallel_size = 8;
    models::StepCost cost(d);
    for (int i = 0; i < 20; ++i) {
      const int n = pick(1, 256);
      const std::int64_t kv = std::int64_t{n} * pick(1, 30'000);
      const std::int64_t window = kv / pick(1, 100);
      const std::int64_t growth = pick(0, n);
      const double start = pick(0, 100'000);
      const auto& step = cost.decode(n);
      const Stretch s = Stretch::begin(start, step, n, kv, window, growth);
      double naive = 0;
      for (int k = 0; k < 8000; ++k) {
        naive += step.base + step.slope * static_cast<double>(kv + std::int64_t{k} * n) +
                 step.window_slope * static_cast<double>(window + k * growth);
        REQUIRE(std::abs(s.boundary(k + 1) - (start + naive)) <= 1e-9 * (start + naive));
      }
    }
  }
}

TEST_CASE("requests of a whole run end when a naive walk says so, within 1e-9") {
  Setup setup;
  setup.times.base = 0.0123;
  setup.times.per_sequence = 1.7e-5;
  setup.times.per_kv_token = 3.3e-8;
  setup.times.per_prompt_token = 2.9e-6;
  setup.kv_blocks = 1'000'000;
  setup.limits.max_num_batched_tokens = 1'000'000;
  std::mt19937_64 engine(9);
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 50; ++i) {
    arrivals.push_back(
        {0, static_cast<std::int32_t>(1 + engine() % 2000), static_cast<std::int32_t>(1 + engine() % 9000)});
  }
  const Outcome outcome = simulate_list(setup, arrivals);
  REQUIRE(outcome.completed == 50);

  // All prompts are taken by the first step; from then on whoever is not done makes a token with each step.
  const LinearTimes& t = setup.times;
  double now = t.base;
  for (const Arrival& a : arrivals) now += t.per_prompt_token * a.input;
  for (std::int32_t made = 1; made <= 9000; ++made) {
    double step = t.base;
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      const Arrival& a = arrivals[i];
      const double end = outcome.requests.at(static_cast<std::int64_t>(i)).last_token;
      if (a.output == made) CHECK(std::abs(end - now) <= 1e-9 * now);
      if (a.output > made) step += t.per_sequence + t.per_kv_token * (a.input + made);
    }
    now += step;
  }
}
