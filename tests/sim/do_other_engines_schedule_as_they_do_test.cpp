// TensorRT-LLM's and SGLang's decisions, worked out by hand: a decode step takes 1 s, a step with prefill 1 s and 0.01
// s per prompt token.
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
}  // namespace

TEST_CASE("TensorRT-LLM admits only what can reach its end, and never preempts") {
  // Blocks of 4 tokens, 5 blocks; A and B: 7 tokens in, 6 out, hence 12 stored tokens, 3 blocks each: the memory holds
  // one of them. B waits for A: A 0 .. 1.07, then 5 steps to 6.07; B 6.07 .. 7.14, 12.14.
  Setup setup = hand_setup("trtllm_inflight");
  setup.block_size = 4;
  setup.kv_blocks = 5;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 0);
  CHECK(o.requests.at(0).last_token == doctest::Approx(6.07).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(12.14).epsilon(1e-12));
}

namespace {
/// Prompts wait for 50 tokens in a step, for 3 steps at most.
Setup waiting_setup() {
  Setup setup = hand_setup("trtllm_inflight");
  setup.limits.max_num_batched_tokens = 100;
  setup.limits.batch_wait_max_tokens_ratio = 0.5;
  setup.limits.batch_wait_timeout_iters = 3;
  return setup;
}
}  // namespace

TEST_CASE("TensorRT-LLM's batch waiting holds a small prompt back until the steps run out") {
  // A (100 tokens) meets nobody who decodes: let in at once, 0 .. 2. B (20 tokens) comes at 2.5: at 3, 4 and 5 a step
  // would have 21 tokens; it has waited 3 steps at 6: 6 .. 7.2, and its second token at 8.2. A's tenth token: 3, 4, 5,
  // 6, 7.2, 8.2, .. 11.2.
  const Outcome o = simulate_list(waiting_setup(), {{0, 100, 10}, {2.5, 20, 2}});
  CHECK(o.requests.at(0).scheduled == 0);
  CHECK(o.requests.at(1).scheduled == doctest::Approx(6).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(7.2).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(8.2).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(11.2).epsilon(1e-12));
}

TEST_CASE("TensorRT-LLM's batch waiting ends when prompts and decoding sequences fill the share") {
  // As above, and C (29 tokens) comes at 4.5, in the midst of a wait: 1 + 20 + 29 = 50 tokens at 5: both enter, 5
  // .. 6.49.
  const Outcome o = simulate_list(waiting_setup(), {{0, 100, 10}, {2.5, 20, 2}, {4.5, 29, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(2).first_token == doctest::Approx(6.49).epsilon(1e-12));
}

TEST_CASE("TensorRT-LLM counts draft tokens of decoding sequences towards the share") {
  // A: 0 .. 1.7, 2.7. With 29 drafts it counts for 30 tokens, and B's 20 make 50: B enters at the first boundary that
  // sees it.
  Setup setup = waiting_setup();
  setup.limits.tokens_per_decode = 30;
  const Outcome o = simulate_list(setup, {{0, 70, 10}, {2.5, 20, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(2.7).epsilon(1e-12));
}

TEST_CASE("TensorRT-LLM's count of waited steps outlives a step in which nobody decodes") {
  // A: 0 .. 2, 3, ends at 4. B (20 tokens) waits in 3 .. 4 (one step); at 4 nobody decodes: it enters without a new
  // count, 4 .. 5.2. C comes at 5.3: it waits from 6.2 on for the two steps that are left: 7.2, 8.2.
  const Outcome o = simulate_list(waiting_setup(), {{0, 100, 3}, {2.5, 20, 10}, {5.3, 20, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(8.2).epsilon(1e-12));
}

TEST_CASE("TensorRT-LLM does not wait for prompts that have no room anyway") {
  // One sequence at a time: B is not at hand while A runs, no step is counted, and it enters when A ends.
  Setup setup = waiting_setup();
  setup.limits.max_num_seqs = 1;
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {2.5, 20, 2}, {2.5, 20, 1}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(6.2).epsilon(1e-12));
}

TEST_CASE("SGLang prefills first, and decoding sequences wait meanwhile") {
  // A: 100 tokens, 0 .. 2; its second token at 3. B arrives at 2.5: prefill alone 3 .. 5, A waits. Then both decode:
  // 6, 7. A (4 tokens) makes its third at 6 and its fourth at 7; B (3 tokens) ends at 7. A's gaps: 1, 3, 1; B's: 1, 1.
  // The median of the five is 1.
  const Outcome o = simulate_list(hand_setup("sglang"), {{0, 100, 4}, {2.5, 100, 3}});
  CHECK(o.requests.at(1).first_token == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.itl_count == 5);
  CHECK(o.itl_median == doctest::Approx(1).epsilon(0.005));
  CHECK(o.itl_longest == doctest::Approx(3).epsilon(0.005));
}

TEST_CASE("SGLang admits where the prompt, the answer and a share of the running answers fit") {
  // 40 blocks of 1 token. A: 10 in, 20 out: admitted alone, 0 .. 1.1; 19 to make; 30 free. B: 10 in, 18 out: 28 + 0.098
  // * 19 = 29.9 fit: admitted at 1.1. (With 19 out it would wait.)
  Setup setup = hand_setup("sglang");
  setup.block_size = 1;
  setup.kv_blocks = 40;
  const Outcome o = simulate_list(setup, {{0, 10, 20}, {0.5, 10, 18}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(1.1).epsilon(1e-12));
  CHECK(o.books.preemptions >= 1);  // 29 and 27 stored tokens do not fit together in the end
}

TEST_CASE("SGLang keeps a request out whose estimate does not fit") {
  Setup setup = hand_setup("sglang");
  setup.block_size = 1;
  setup.kv_blocks = 40;
  // As above with 19 out: 29 + 1.862 > 30. As A goes on what is free shrinks faster than A's estimate: B enters when A
  // has ended.
  const Outcome o = simulate_list(setup, {{0, 10, 20}, {0.5, 10, 19}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(20.1).epsilon(1e-12));
  CHECK(o.books.preemptions == 0);
}
