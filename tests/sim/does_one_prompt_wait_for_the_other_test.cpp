// The policy one_prompt, worked out by hand: a decode step takes 1 s, a step with prefill 1 s and 0.01 s per prompt
// token. Beside it vLLM V1 with the same requests.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
Setup hand_setup(const char* scheduler) {
  Setup setup;
  setup.scheduler = scheduler;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  return setup;
}

/// A decodes when B and C come, both at 0.5.
const std::vector<Arrival> kTwoAtOnce{{0, 100, 5}, {0.5, 100, 2}, {0.5, 100, 2}};

bool is(double time, double date) { return time == doctest::Approx(date).epsilon(1e-12); }
}  // namespace

TEST_CASE("of two prompts that come at once the second enters a step later, and who decodes waits for one at a time") {
  // A's prompt: 0 .. 2. B's beside A's second token: 2 .. 4. C's beside A's third and B's second, its last: 4 .. 6. A's
  // fourth and C's second, its last: 6 .. 7. A's fifth: 8. Gaps of 2 s at most.
  const Outcome o = simulate_list(hand_setup("one_prompt"), kTwoAtOnce);
  CHECK(is(o.requests.at(1).first_token, 4));
  CHECK(is(o.requests.at(2).scheduled, 4));
  CHECK(is(o.requests.at(2).first_token, 6));
  CHECK(is(o.requests.at(1).last_token, 6));
  CHECK(is(o.requests.at(2).last_token, 7));
  CHECK(is(o.requests.at(0).last_token, 8));
  CHECK(o.books.mixed_steps == 3);
  CHECK(o.itl_longest == doctest::Approx(2).epsilon(0.01));
}

TEST_CASE("vLLM V1 takes both into one step, and who decodes waits for both") {
  // A's prompt: 0 .. 2. B's and C's beside A's second token: 2 .. 5. B and C end at 6, A at 8.
  const Outcome o = simulate_list(hand_setup("vllm_v1"), kTwoAtOnce);
  CHECK(is(o.requests.at(1).first_token, 5));
  CHECK(is(o.requests.at(2).first_token, 5));
  CHECK(is(o.requests.at(2).last_token, 6));
  CHECK(is(o.requests.at(0).last_token, 8));
  CHECK(o.books.mixed_steps == 2);
  CHECK(o.itl_longest == doctest::Approx(3).epsilon(0.01));
}

TEST_CASE("a prompt that is cut goes on before another enters, whatever the step has left") {
  // 101 tokens a step. A's 100: 0 .. 2. A's second token and 100 of B's 150: 2 .. 4. A's third and B's last 50: 4
  // .. 5.5; C's 10 would fit beside them, but enter with A's fourth token: 5.5 .. 6.6.
  Setup setup = hand_setup("one_prompt");
  setup.limits.max_num_batched_tokens = 101;
  const Outcome o = simulate_list(setup, {{0, 100, 4}, {0.5, 150, 1}, {0.5, 10, 1}});
  CHECK(is(o.requests.at(1).first_token, 5.5));
  CHECK(is(o.requests.at(2).scheduled, 5.5));
  CHECK(is(o.requests.at(2).first_token, 6.6));
  CHECK(is(o.requests.at(0).last_token, 6.6));
}

TEST_CASE("where memory runs out the last admitted is computed again, when there is room") {
  // 5 blocks of 4 tokens. A's 7 tokens (2 blocks): 0 .. 1.07. B's 7 (2 blocks) beside A's second token: 1.07 .. 2.14.
  // A's ninth stored token takes the last block: 2.14 .. 3.14. B's ninth finds none: B goes at 3.14, with two tokens
  // made. A's tokens at 4.14, 5.14, 6.14. B needs 3 blocks for 9 tokens and has them then: 6.14 .. 7.23 makes its
  // third, and three more end at 10.23.
  Setup setup = hand_setup("one_prompt");
  setup.block_size = 4;
  setup.kv_blocks = 5;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(1).preemptions == 1);
  CHECK(o.books.prefill_tokens == 7 + 7 + 9);
  CHECK(is(o.requests.at(1).first_token, 2.14));
  CHECK(is(o.requests.at(0).last_token, 6.14));
  CHECK(is(o.requests.at(1).last_token, 10.23));
}
