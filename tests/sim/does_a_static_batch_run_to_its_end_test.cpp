// Static batching, worked out by hand: a decode step takes 1 s, a step with prefill 1 s and 0.01 s per prompt token.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
Setup static_setup() {
  Setup setup;
  setup.scheduler = "static_batch";
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  return setup;
}
}  // namespace

TEST_CASE("a batch is formed of those who wait, and the next one when its last sequence has ended") {
  // Two at a time. A and B (100 tokens each): 0 .. 3; A (3 tokens) ends at 5, B (5 tokens) at 7. C, who has waited
  // since 0, enters at 7, not at 5: 7 .. 8.5.
  Setup setup = static_setup();
  setup.limits.max_num_seqs = 2;
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {0, 100, 5}, {0, 50, 1}});
  CHECK(o.requests.at(0).last_token == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.requests.at(2).last_token == doctest::Approx(8.5).epsilon(1e-12));
}

TEST_CASE("nobody joins a batch under way, whatever room there is") {
  // A: 0 .. 2, 3, 4, 5. B and C come at 2.5 and 4.5 and make the next batch, 5 .. 7.
  const Outcome o = simulate_list(static_setup(), {{0, 100, 4}, {2.5, 50, 1}, {4.5, 50, 1}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(2).last_token == doctest::Approx(7).epsilon(1e-12));
}

TEST_CASE("a batch holds what fits to its end") {
  // 5 blocks of 4 tokens; 7 tokens in, 6 out store 12 tokens, 3 blocks: one at a time. A 0 .. 1.07, then 5 steps.
  Setup setup = static_setup();
  setup.block_size = 4;
  setup.kv_blocks = 5;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 0);
  CHECK(o.requests.at(1).scheduled == doctest::Approx(6.07).epsilon(1e-12));
}

TEST_CASE("no prompt is cut to fill up a batch") {
  // Steps of ten tokens: 3 of B's 7 would fit beside A's. B waits for A's end as above.
  Setup setup = static_setup();
  setup.limits.max_num_batched_tokens = 10;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(6.07).epsilon(1e-12));
}

TEST_CASE("a prompt longer than a step is a batch of its own, in chunks") {
  // Steps of 60: A (100 tokens): 0 .. 1.6, 1.6 .. 3.0, and its second token at 4. B: 4 .. 5.1.
  Setup setup = static_setup();
  setup.limits.max_num_batched_tokens = 60;
  const Outcome o = simulate_list(setup, {{0, 100, 2}, {0, 10, 1}});
  CHECK(o.requests.at(0).last_token == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(5.1).epsilon(1e-12));
}

TEST_CASE("who lost its replica may be longer than any step, and is cut though prompts are not") {
  // 100 tokens a step. A's prompt: 0 .. 2; tokens at 3 and 4; lost at 4.5. From 6 on its 103 tokens: 100 in 6 .. 8, 3 in
  // 8 .. 9.03, which make its fourth token; the fifth at 10.03.
  Setup setup = static_setup();
  setup.limits.enable_chunked_prefill = false;
  setup.limits.max_num_batched_tokens = setup.limits.max_chunk_tokens = 100;
  setup.outages = {{0, 4.5, 6}};
  const Outcome o = simulate_list(setup, {{0, 100, 5}});
  CHECK(o.requests.at(0).last_token == doctest::Approx(10.03).epsilon(1e-12));
}
