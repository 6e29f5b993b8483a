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

TEST_CASE("preempted for want of memory, a prompt is found in the cache again") {
  Setup setup = half_cached();
  setup.kv_blocks = 10;
  // Two prompts of 64 tokens take 4 blocks each; the answers of 40 need 3 more each, so that the second is preempted
  // when both want their sixth block. It computes its 32 uncached tokens and its answer so far again, never the cached
  // half.
  const Outcome o = simulate_list(setup, {{0, 64, 40}, {0, 64, 40}});
  CHECK(o.books.preemptions == 1);
  // Both have made 17 tokens then (5 blocks hold 80: the prompt and 16 stored ones).
  CHECK(o.books.prefill_tokens == 2 * 32 + 32 + 17);
  CHECK(o.completed == 2);
}
