// Small schedules worked out by hand. Unless said otherwise a decode step takes 1 s, and a step with prefill 1 s and
// 0.01 s per prompt token.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
Setup hand_setup() {
  Setup setup;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  return setup;
}
}  // namespace

TEST_CASE("one request: a prefill step, then a step per further token") {
  // Prefill of 100 tokens: 0 .. 2. It makes token 1; tokens 2, 3, 4 end at 3, 4, 5.
  const Outcome o = simulate_list(hand_setup(), {{0, 100, 4}});
  const Request& r = o.requests.at(0);
  CHECK(r.scheduled == 0);
  CHECK(r.first_token == doctest::Approx(2).epsilon(1e-12));
  CHECK(r.last_token == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.books.steps == 4);
  CHECK(o.books.mixed_steps == 1);
  CHECK(o.books.output_tokens == 4);
  CHECK(o.itl_count == 3);
}

TEST_CASE("a newcomer waits for the step under way and then shares one with the decoding sequence") {
  // A: prefill 0 .. 2, token 2 at 3. B arrives at 2.5, is taken at 3: step 3 .. 5 (1 + 100 * 0.01) makes B's first
  // token and A's third. Both go on at 6, 7: A (5 tokens) ends at 7; B (3 tokens) ends at 7.
  const Outcome o = simulate_list(hand_setup(), {{0, 100, 5}, {2.5, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.order == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("an arrival at the very instant of a step boundary is seen by the step that begins there") {
  const Outcome o = simulate_list(hand_setup(), {{0, 100, 5}, {3, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3).epsilon(1e-12));
}

TEST_CASE("a long prompt is cut into chunks, and decoding sequences get their token first") {
  // Budget 60. A (50 tokens): 0 .. 1.5. B (100 tokens) arrives at 1: from 1.5 on A takes 1 token of the budget, B 59:
  // 1.5 .. 3.09; then 41 left: 3.09 .. 4.50 with A's third token. A (3 tokens) ends there; B's token 2 at 5.50.
  Setup setup = hand_setup();
  setup.limits.max_num_batched_tokens = 60;
  const Outcome o = simulate_list(setup, {{0, 50, 3}, {1, 100, 2}});
  CHECK(o.requests.at(0).last_token == doctest::Approx(4.50).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(4.50).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(5.50).epsilon(1e-12));
  CHECK(o.books.prefill_tokens == 150);
}

TEST_CASE("max_num_seqs holds the queue back until somebody leaves") {
  // One at a time: A 0 .. 2, 3; B scheduled at 3: 3 .. 5, 6.
  Setup setup = hand_setup();
  setup.limits.max_num_seqs = 1;
  const Outcome o = simulate_list(setup, {{0, 100, 2}, {0, 100, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(6).epsilon(1e-12));
}

TEST_CASE("where memory runs out the last admitted is preempted and computed again with what it had made") {
  // Blocks of 4 tokens, 5 blocks. A and B: 7 tokens in, 6 out. Prefill of both (14 tokens): 0 .. 1.14; 2 blocks each, 1
  // free. Stored 7 each. Step 1 (1.14 .. 2.14) stores the 8th: no new block. Step 2 needs a block for each of the two,
  // 1 is free: B is preempted at 2.14 with 2 tokens made; A takes a block. Steps end at 3.14, 4.14, 5.14, 6.14 for A's
  // tokens 3, 4, 5, 6. 2 blocks free: B needs 7 + 2 = 9 tokens, 3 blocks: not before A's end at 6.14. Then 9 prompt
  // tokens: 6.14 .. 7.23 make its third token; its tokens 4, 5, 6 end at 8.23, 9.23, 10.23.
  Setup setup = hand_setup();
  setup.block_size = 4;
  setup.kv_blocks = 5;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(0).last_token == doctest::Approx(6.14).epsilon(1e-12));
  CHECK(o.requests.at(1).preemptions == 1);
  CHECK(o.requests.at(1).first_token == doctest::Approx(1.14).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(10.23).epsilon(1e-12));
  CHECK(o.books.prefill_tokens == 7 + 7 + 9);
  CHECK(o.books.output_tokens == 12);
  CHECK(o.itl_count == 10);
}

TEST_CASE("where whole prompts must fit, one of which only the first chunk would waits instead of being thrown out") {
  // Blocks of 4 tokens, 5 blocks, a budget of 8. A (7 in, 10 out): prefill 0 .. 1.07 in 2 blocks, then a token each
  // second to 10.07. B needs 14 tokens, 4 blocks, and finds 3 free at the start, fewer later: it waits until A has
  // left, then 8 tokens 10.07 .. 11.15 and 6 tokens 11.15 .. 12.21.
  Setup setup = hand_setup();
  setup.block_size = 4;
  setup.kv_blocks = 5;
  setup.limits.max_num_batched_tokens = 8;
  setup.limits.reserve_full_isl = true;
  const Outcome whole = simulate_list(setup, {{0, 7, 10}, {0, 14, 1}});
  CHECK(whole.books.preemptions == 0);
  CHECK(whole.requests.at(0).last_token == doctest::Approx(10.07).epsilon(1e-12));
  CHECK(whole.requests.at(1).scheduled == doctest::Approx(10.07).epsilon(1e-12));
  CHECK(whole.requests.at(1).first_token == doctest::Approx(12.21).epsilon(1e-12));
  CHECK(whole.books.prefill_tokens == 7 + 14);
}

TEST_CASE("otherwise a prompt enters with what the budget leaves, and has to be computed again") {
  // The same, without the rule: B enters the first step with 1 token.
  Setup setup = hand_setup();
  setup.block_size = 4;
  setup.kv_blocks = 5;
  setup.limits.max_num_batched_tokens = 8;
  const Outcome chunk = simulate_list(setup, {{0, 7, 10}, {0, 14, 1}});
  CHECK(chunk.requests.at(1).scheduled == 0);
  CHECK(chunk.books.preemptions > 0);
  CHECK(chunk.books.prefill_tokens > 7 + 14);
}

TEST_CASE("a request that no empty replica could hold is refused at the door") {
  Setup setup = hand_setup();
  setup.kv_blocks = 4;
  const Outcome o = simulate_list(setup, {{0, 60, 10}, {0, 60, 4}});
  CHECK(o.rejected == 1);
  CHECK(o.completed == 1);
}

TEST_CASE("a closed loop keeps max_concurrency requests in flight and sends the next when one ends") {
  // One at a time, 1 token each of 100 prompt tokens: the client notices at 2 and sends; the idle replica begins at 2.
  Setup setup = hand_setup();
  setup.max_concurrency = 1;
  const Outcome o = simulate_list(setup, {{0, 100, 1}, {0, 100, 1}, {0, 100, 1}});
  CHECK(o.requests.at(1).arrival == doctest::Approx(2).epsilon(1e-12));
  CHECK(o.requests.at(1).wished_arrival == 0);
  CHECK(o.requests.at(2).last_token == doctest::Approx(6).epsilon(1e-12));
}

TEST_CASE("a prompt waits for a whole step's budget where chunked prefill is off") {
  // Budget 120, A: 100, B: 50: not both in the first step. A 0 .. 2; B 2 .. 3.5 with A's second token.
  Setup setup = hand_setup();
  setup.limits.max_num_batched_tokens = 120;
  setup.limits.enable_chunked_prefill = false;
  const Outcome o = simulate_list(setup, {{0, 100, 2}, {0, 50, 1}});
  CHECK(o.requests.at(0).first_token == doctest::Approx(2).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(3.5).epsilon(1e-12));
}

TEST_CASE("a prompt takes no more of a step than its attention rank can") {
  // Two ranks of 60 tokens each: 120 in a step, of one prompt 60. A and B (100 tokens each) go side by side: 60 of both
  // in 0 .. 2.2, 40 of both in 2.2 .. 4.0. (As one rank of 120 A would be done at 2.2.)
  Setup setup = hand_setup();
  setup.limits.max_num_batched_tokens = 120;
  setup.limits.max_chunk_tokens = 60;
  const Outcome o = simulate_list(setup, {{0, 100, 1}, {0, 100, 1}});
  CHECK(o.requests.at(0).first_token == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(4).epsilon(1e-12));
}

TEST_CASE("a sliding window that is full costs no more") {
  // A window of 5 tokens, 1 s per token seen in a decode step, 1 s per pair in prefill. 3 prompt tokens: 1 + 0.03 + 3 *
  // 3 / 2 = 5.53 (each token sees those before it and half of itself). Contexts 4, 5, 6, 7 see 4, 5, 5, 5: steps of 5,
  // 6, 6, 6 to 28.53.
  Setup setup = hand_setup();
  setup.window = {5, false};
  setup.times.per_window_token = 1;
  setup.times.per_window_pair = 1;
  const Outcome o = simulate_list(setup, {{0, 3, 5}});
  CHECK(o.requests.at(0).first_token == doctest::Approx(5.53).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(28.53).epsilon(1e-12));
}

TEST_CASE("a chunked window begins anew") {
  // Chunks of 5. The third step's token is the first of the second chunk: contexts 4, 5, 6, 7 see 4, 5, 1, 2: steps of
  // 5, 6, 2, 3.
  Setup setup = hand_setup();
  setup.window = {5, true};
  setup.times.per_window_token = 1;
  const Outcome o = simulate_list(setup, {{0, 3, 5}});
  CHECK(o.requests.at(0).last_token == doctest::Approx(1.03 + 16).epsilon(1e-12));
}

TEST_CASE("the frontend delays a request on its way to the queue, in the order of arrival") {
  // 0.5 s and 0.01 s per input token. A (100 tokens) arrives at 0 and is queued at 1.5: 1.5 .. 3.5, 4.5, 5.5. B (10
  // tokens) arrives at 0.2, would be through at 0.8, but is behind A: 1.5, too, in the same step, which makes it 1
  // + 1.1 s: 1.5 .. 3.6, and A ends at 5.6.
  Setup setup = hand_setup();
  setup.frontend = {0.5, 0.01};
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {0.2, 10, 1}});
  CHECK(o.requests.at(0).enqueued == doctest::Approx(1.5).epsilon(1e-12));
  CHECK(o.requests.at(0).scheduled == doctest::Approx(1.5).epsilon(1e-12));
  CHECK(o.requests.at(1).arrival == doctest::Approx(0.2).epsilon(1e-12));
  CHECK(o.requests.at(1).enqueued == doctest::Approx(1.5).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(3.6).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(5.6).epsilon(1e-12));
}

TEST_CASE(
    "a request that the frontend passes on at the very instant of a step boundary is seen by the step that begins "
    "there") {
  // As where nobody delays it: A 0.25 .. 2.25, 3.25; B arrives at 3 and is passed on at 3.25.
  Setup setup = hand_setup();
  setup.frontend = {0.25, 0};
  const Outcome o = simulate_list(setup, {{0, 100, 5}, {3, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3.25).epsilon(1e-12));
}

TEST_CASE("clients notice the end of a request as before, and their next one passes the frontend") {
  // One at a time, 1 token of 100 prompt tokens each, 0.5 s of frontend: 0.5 .. 2.5, 3 .. 5.
  Setup setup = hand_setup();
  setup.max_concurrency = 1;
  setup.frontend = {0.5, 0};
  const Outcome o = simulate_list(setup, {{0, 100, 1}, {0, 100, 1}});
  CHECK(o.requests.at(1).arrival == doctest::Approx(2.5).epsilon(1e-12));
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(5).epsilon(1e-12));
}

TEST_CASE("layers with a window free what lies before it: a sequence that is long needs no more of them") {
  // Blocks of 4 tokens, two groups of layers, one of which keeps 2 blocks of a sequence: 12 tokens take 3 + 2. A (12 in)
  // and B (12 in) together 10 of 12 blocks: prefill 0 .. 1.24. Stored 12 each: their 13th token needs one block each,
  // 2 are free, none in the group with a window. 17th: none free, and B goes; it has 5 tokens by then, made at 1.24,
  // 2.24, 3.24, 4.24, 5.24. Without freeing 24 tokens would take 12 blocks at once: B would go at the first step.
  Setup setup = hand_setup();
  setup.block_size = 4;
  setup.kv_blocks = 12;
  setup.layout = {1, 1, 2, 1};
  const Outcome o = simulate_list(setup, {{0, 12, 8}, {0, 12, 8}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(0).last_token == doctest::Approx(8.24).epsilon(1e-12));
  // A leaves at 8.24 with all its blocks; B's 12 + 5 tokens: 8.24 .. 9.41, then two more.
  CHECK(o.requests.at(1).last_token == doctest::Approx(11.41).epsilon(1e-12));
  CHECK(o.books.prefill_tokens == 12 + 12 + 17);
}
