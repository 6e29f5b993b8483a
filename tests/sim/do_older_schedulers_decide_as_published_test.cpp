// Orca, vLLM V0, Sarathi-Serve, TensorRT-LLM's MAX_UTILIZATION and SGLang's retraction, worked out by hand: a decode
// step takes 1 s, a step with prefill 1 s and 0.01 s per prompt token.
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

/// Blocks of 4 tokens, of which there are 5.
Setup tight_setup(const char* scheduler) {
  Setup setup = hand_setup(scheduler);
  setup.block_size = 4;
  setup.kv_blocks = 5;
  return setup;
}

/// From a GPU of an HGX H100 to its host: two links of 250 ns, the KV of Llama 3.1 8B in FP8 (32 layers, 8 heads of
/// 128, keys and values: 65,536 bytes a token) at 63 GB/s.
double swap_seconds(int tokens) { return 2 * 250e-9 + tokens * 65536 / 63e9; }

bool ends_at(const Request& r, double date) { return r.last_token == doctest::Approx(date).epsilon(1e-12); }
}  // namespace

TEST_CASE("Orca lets a whole prompt in beside who decodes, and lets each go with its last token") {
  // A (100 tokens): 0 .. 2. B (100) came at 0.5: 2 .. 4 with A's second token. A's third and B's second at 5.
  const Outcome o = simulate_list(hand_setup("orca"), {{0, 100, 3}, {0.5, 100, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(2).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(4).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(0), 5));
  CHECK(ends_at(o.requests.at(1), 5));
}

TEST_CASE("a static batch of the same two makes the second wait for the first") {
  // A: 0 .. 2, 3, 4. B: 4 .. 6, 7.
  const Outcome o = simulate_list(hand_setup("static_batch"), {{0, 100, 3}, {0.5, 100, 2}});
  CHECK(ends_at(o.requests.at(0), 4));
  CHECK(ends_at(o.requests.at(1), 7));
}

TEST_CASE("Orca sets memory aside for the whole answer, so that nobody is preempted") {
  // 7 tokens in, 6 out: 12 stored tokens, 3 of 5 blocks each. A: 0 .. 1.07, 6.07. B: 6.07 .. 7.14, 12.14.
  const Outcome o = simulate_list(tight_setup("orca"), {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 0);
  CHECK(ends_at(o.requests.at(0), 6.07));
  CHECK(ends_at(o.requests.at(1), 12.14));
}

TEST_CASE("Orca does not cut a prompt to what a step has left") {
  // 100 tokens a step. A (60): 0 .. 1.6. B (100) does not fit beside A's token until A is gone at 3.6: 3.6 .. 5.6.
  Setup setup = hand_setup("orca");
  setup.limits.max_num_batched_tokens = 100;
  setup.limits.enable_chunked_prefill = false;
  const Outcome o = simulate_list(setup, {{0, 60, 3}, {0.5, 100, 1}});
  CHECK(ends_at(o.requests.at(0), 3.6));
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3.6).epsilon(1e-12));
}

TEST_CASE("vLLM V0 computes prompts first, and decoding waits meanwhile") {
  // A (100 tokens): 0 .. 2, second token 3. B came at 2.5: 3 .. 5 alone. Then both: 6, 7 (B's third), 8 (A's fifth).
  const Outcome o = simulate_list(hand_setup("vllm_v0"), {{0, 100, 5}, {2.5, 100, 3}});
  CHECK(o.requests.at(1).first_token == doctest::Approx(5).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(1), 7));
  CHECK(ends_at(o.requests.at(0), 8));
  CHECK(o.itl_longest == doctest::Approx(3).epsilon(0.01));  // from A's second token, at 3, to its third, at 6
}

TEST_CASE("vLLM V0 computes the last admitted again where memory runs out") {
  // Both prompts (14 tokens): 0 .. 1.14, 2 blocks each. 1.14 .. 2.14 stores the eighth of each. At 2.14 each needs a
  // block and 1 is free: B goes, with 2 tokens made. A's tokens at 3.14, 4.14, 5.14, 6.14. B needs 3 blocks for 9
  // tokens and has them then: 6.14 .. 7.23, and three more tokens: 10.23.
  const Outcome o = simulate_list(tight_setup("vllm_v0"), {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.books.swaps == 0);
  CHECK(o.books.prefill_tokens == 7 + 7 + 9);
  CHECK(ends_at(o.requests.at(0), 6.14));
  CHECK(ends_at(o.requests.at(1), 10.23));
}

TEST_CASE("vLLM V0 moves the last admitted to host memory where it is told to swap") {
  // As above, but B's 8 stored tokens go to the host before A's step of 2.14, and come back when A is gone; no prompt
  // is computed twice. B has 2 tokens: four more steps.
  Setup setup = tight_setup("vllm_v0");
  setup.limits.swap = true;
  setup.host_blocks = 2;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.books.swaps == 1);
  CHECK(o.books.prefill_tokens == 7 + 7);
  CHECK(ends_at(o.requests.at(0), 6.14 + swap_seconds(8)));
  CHECK(ends_at(o.requests.at(1), 10.14 + 2 * swap_seconds(8)));
  CHECK(o.itl_count == 10);
}

TEST_CASE("a preempted sequence that has outgrown the step is cut all the same") {
  // 8 tokens a step, whole prompts. B, preempted after two tokens, has 9 to compute: 8 and 1. A's end as above at 6.14:
  // 6.14 .. 7.22, 7.22 .. 8.23 makes the third token, then three more.
  Setup setup = tight_setup("vllm_v0");
  setup.limits.max_num_batched_tokens = 8;
  setup.limits.enable_chunked_prefill = false;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.completed == 2);
  CHECK(o.books.prefill_tokens == 7 + 7 + 9);
}

TEST_CASE("what a preempted prompt took in the same step goes back") {
  // 6 blocks of 4 tokens, 4 tokens of a prompt in a step. A (priority 1, 16 tokens) has 3 blocks after three steps, B
  // (priority 0, 12 tokens), a step later, 2. In the fourth A takes the last, B finds none, and A goes.
  Setup setup = tight_setup("vllm_v1");
  setup.kv_blocks = 6;
  setup.queue_order = "priority";
  setup.limits.long_prefill_token_threshold = 4;
  const Outcome o = simulate_list(setup, {{0, 16, 2, {}, -1, 1}, {0.5, 12, 2, {}, -1, 0}});
  CHECK(o.completed == 2);
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(0).preemptions == 1);
}

TEST_CASE("each key that only some policies know is known by one") {
  for (const char* const key :
       {"watermark", "long_prefill_token_threshold", "max_num_partial_prefills", "preemption_mode", "swap_space",
        "capacity_scheduler_policy", "batch_wait_max_tokens_ratio", "batch_wait_timeout_iters", "reserve_full_isl"}) {
    CAPTURE(key);
    const auto& all = schedulers();
    CHECK(std::any_of(all.begin(), all.end(), [&](const SchedulerEntry& entry) {
      return std::find(entry.keys.begin(), entry.keys.end(), key) != entry.keys.end();
    }));
  }
}

TEST_CASE("vLLM V0 lets nobody in while KV waits in host memory") {
  // C (3 tokens, 1 block) comes at 3 and would fit beside A. It is let in when B is back: B decodes from 6.14 on, and
  // C's prompt goes first in the step after that, 7.14 .. 8.17. B's third token is made by then, its sixth at 11.17.
  Setup setup = tight_setup("vllm_v0");
  setup.limits.swap = true;
  setup.host_blocks = 2;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}, {3, 3, 1}});
  const double swaps = 2 * swap_seconds(8);
  CHECK(o.requests.at(2).scheduled == doctest::Approx(7.14 + swaps).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(2), 8.17 + swaps));
  CHECK(ends_at(o.requests.at(1), 11.17 + swaps));
}

TEST_CASE("a host without room makes vLLM V0 compute again") {
  Setup setup = tight_setup("vllm_v0");
  setup.limits.swap = true;
  setup.host_blocks = 1;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.books.swaps == 0);
  CHECK(ends_at(o.requests.at(1), 10.23));
}

TEST_CASE("vLLM V0 keeps a watermark free when it lets a prompt in, unless nothing runs") {
  // 10 blocks of 4 tokens, 1 kept free. A (8 tokens, 2 blocks): 0 .. 1.08, ends at 2.08. B (32 tokens, 8 blocks) would
  // leave none: it waits for A. C (40 tokens, all 10 blocks) runs alone.
  Setup setup = tight_setup("vllm_v0");
  setup.kv_blocks = 10;
  setup.limits.watermark_blocks = 1;
  const Outcome o = simulate_list(setup, {{0, 8, 2}, {0, 32, 1}, {10, 39, 1}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(2.08).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(10).epsilon(1e-12));
}

TEST_CASE("Sarathi fills a budget of tokens with chunks of prompts behind who decodes") {
  // 60 tokens a step. A (50): with 10 of B's 100 in the first step? B comes at 1, when that step has begun: 0 .. 1.5.
  // A's token and 59 of B's: 1.5 .. 3.09; A's third and B's last 41: 3.09 .. 4.50; B's second 5.50.
  Setup setup = hand_setup("sarathi");
  setup.limits.max_num_batched_tokens = 60;
  const Outcome o = simulate_list(setup, {{0, 50, 3}, {1, 100, 2}});
  CHECK(ends_at(o.requests.at(0), 4.50));
  CHECK(o.requests.at(1).first_token == doctest::Approx(4.50).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(1), 5.50));
}

TEST_CASE("Sarathi takes memory for a whole prompt when its first chunk enters") {
  // 8 tokens a step, 5 blocks of 4. A (7 tokens, 2 blocks) and 1 token of B (12 tokens, 3 blocks at once): 0 .. 1.08.
  // A's second token beside 7 of B's: 1.08 .. 2.15. A's ninth stored token finds no block: B goes. A: 3.15, 4.15. B
  // again: 8 tokens 4.15 .. 5.23, 4 tokens 5.23 .. 6.27.
  Setup setup = tight_setup("sarathi");
  setup.limits.max_num_batched_tokens = 8;
  const Outcome o = simulate_list(setup, {{0, 7, 4}, {0, 12, 1}});
  CHECK(o.books.kv_peak_blocks == 5);
  CHECK(o.books.preemptions == 1);
  CHECK(o.books.prefill_tokens == 7 + 8 + 12);
  CHECK(ends_at(o.requests.at(0), 4.15));
  CHECK(ends_at(o.requests.at(1), 6.27));
}

TEST_CASE("TensorRT-LLM under MAX_UTILIZATION lets in what fits now, and pauses the last to start") {
  // GUARANTEED_NO_EVICT runs these two one after the other, to 12.14. Here both start, and B is paused at 2.14.
  Setup setup = tight_setup("trtllm_inflight");
  setup.limits.max_utilization = true;
  const Outcome o = simulate_list(setup, {{0, 7, 6}, {0, 7, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(ends_at(o.requests.at(0), 6.14));
  CHECK(ends_at(o.requests.at(1), 10.23));
}

TEST_CASE("SGLang retracts who has made the fewest tokens, among equals the longest prompt") {
  // A (7 tokens in, 6 out: 2 blocks) and B (5 in: 2 blocks) of 5 blocks of 4: prompts 0 .. 1.12. At 2.12 A takes the
  // last block. At 4.12 B's ninth stored token finds none; both have made 4 tokens: A goes, though it came first. B's
  // last tokens at 5.12 and 6.12. A has 11 tokens to compute: 6.12 .. 7.23, and its sixth token at 8.23.
  const Outcome o = simulate_list(tight_setup("sglang"), {{0, 7, 6}, {0, 5, 6}});
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(0).preemptions == 1);
  CHECK(ends_at(o.requests.at(1), 6.12));
  CHECK(ends_at(o.requests.at(0), 8.23));
}

TEST_CASE("vLLM V1 gives a long prompt no more than the threshold, so that a short one shares the step") {
  // 100 tokens a step. A (90 tokens) takes 40 of them, then B (30) is whole: 0 .. 1.7. A: 40 more beside B's second
  // token, 1.7 .. 3.1; 10 more: 3.1 .. 4.2.
  Setup setup = hand_setup("vllm_v1");
  setup.limits.max_num_batched_tokens = 100;
  setup.limits.long_prefill_token_threshold = 40;
  const Outcome o = simulate_list(setup, {{0, 90, 1}, {0, 30, 2}});
  CHECK(o.requests.at(1).first_token == doctest::Approx(1.7).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(1), 3.1));
  CHECK(ends_at(o.requests.at(0), 4.2));
}

TEST_CASE("vLLM V1 cuts no second prompt while as many are cut as may be") {
  // As above with three prompts of 90: 40 of A, 40 of B, 20 of C without the limit; with one cut at a time A goes alone
  // (40, 40, then 10 beside 40 of B).
  Setup setup = hand_setup("vllm_v1");
  setup.limits.max_num_batched_tokens = 100;
  setup.limits.long_prefill_token_threshold = 40;
  setup.limits.max_num_partial_prefills = 1;
  const Outcome o = simulate_list(setup, {{0, 90, 1}, {0, 90, 1}});
  // 1.4, 2.8, then 10 + 40 tokens 2.8 .. 4.3, 40 .. 5.7, 10 .. 6.8.
  CHECK(ends_at(o.requests.at(0), 4.3));
  CHECK(o.requests.at(1).scheduled == doctest::Approx(2.8).epsilon(1e-12));
  CHECK(ends_at(o.requests.at(1), 6.8));
}
