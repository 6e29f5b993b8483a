// A stated hit rate of the prefix cache: the cached part of a prompt is held in memory and read as context, not
// computed.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {

Setup half_cached() {
  Setup setup;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  setup.cached_share = 0.5;
  return setup;
}

}  // namespace

TEST_CASE("100 tokens, half of them cached: 50 are computed, memory holds all") {
  const Outcome o = simulate_list(half_cached(), {{0, 100, 3}});
  // One step of 1 + 0.01 * 50 s gives the first token, two of 1 s the others.
  CHECK(o.requests.at(0).first_token == doctest::Approx(1.5));
  CHECK(o.requests.at(0).last_token == doctest::Approx(3.5));
  CHECK(o.requests.at(0).cached_tokens == 50);
  CHECK(o.books.prefill_tokens == 50);
  // 100 tokens and the first two of the answer (the last is never stored) in blocks of 16: 7.
  CHECK(o.books.kv_peak_blocks == 7);
}

TEST_CASE("a chunk limit counts what is computed, the first chunk brings the cached part along") {
  Setup setup = half_cached();
  setup.limits.max_num_batched_tokens = 20;
  const Outcome o = simulate_list(setup, {{0, 100, 1}});
  // 20 + 20 + 10 tokens: 1.2 + 1.2 + 1.1 s.
  CHECK(o.requests.at(0).last_token == doctest::Approx(3.5));
  CHECK(o.books.mixed_steps == 3);
}

TEST_CASE("all cached: the last token of the prompt is computed all the same") {
  Setup setup = half_cached();
  setup.cached_share = 1;
  const Outcome o = simulate_list(setup, {{0, 100, 1}, {0, 1, 1}});
  CHECK(o.requests.at(0).cached_tokens == 99);
  CHECK(o.requests.at(1).cached_tokens == 0);
  CHECK(o.books.prefill_tokens == 2);
}

TEST_CASE("memory short: preempted and found in the cache again, step by step and jumping alike") {
  for (const char* const policy : {"vllm_v1", "trtllm_inflight", "sglang"}) {
    CAPTURE(policy);
    Setup setup = half_cached();
    setup.scheduler = policy;
    setup.kv_blocks = 20;
    const std::vector<Arrival> arrivals{{0, 100, 60}, {0, 90, 70}, {1, 80, 50}, {2, 120, 40}};
    const Outcome jumped = simulate_list(setup, arrivals);
    setup.step_by_step = true;
    const Outcome walked = simulate_list(setup, arrivals);
    CHECK(jumped.completed == 4);
    CHECK(jumped.books.prefill_tokens >= (100 + 90 + 80 + 120) / 2);
    for (const auto& [id, request] : walked.requests) CHECK(jumped.requests.at(id).last_token == request.last_token);
    if (std::string(policy) == "vllm_v1") CHECK(jumped.books.preemptions > 0);
    CHECK(jumped.books.preemptions == walked.books.preemptions);
  }
}
