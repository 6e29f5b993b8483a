// KV blocks in host memory, worked out by hand: a step with prefill takes 1 s and 0.01 s per prompt token.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
/// Room for 8 blocks of 16 tokens: one prompt of 100.
Setup small_memory() {
  Setup setup;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  setup.block_size = 16;
  setup.kv_blocks = 8;
  setup.keeps_prefixes = true;
  setup.offload_blocks = 100;
  return setup;
}
const std::vector<std::uint64_t> kOne = {1, 2, 3, 4, 5, 6}, kOther = {11, 12, 13, 14, 15, 16};

/// Two links of 250 ns, 65,536 bytes a token (Llama 3.1 8B in FP8) at 63 GB/s.
double seconds_for(int tokens) { return 2 * 250e-9 + tokens * 65536 / 63e9; }
}  // namespace

TEST_CASE("what memory had no room for comes back from the host, and the rest is computed") {
  // A: 0 .. 2; its 6 whole blocks go to the host. B, at 3, needs 7 of 8 blocks: of A's the first stays. C, at 10, is A
  // again: 5 blocks come, 80 tokens; then 4 of 100 are computed.
  const Outcome o = simulate_list(small_memory(), {{0, 100, 1, kOne}, {3, 100, 1, kOther}, {10, 100, 1, kOne}});
  CHECK(o.books.stored_tokens == 96 + 96);
  CHECK(o.books.fetched_from_host == 80);
  CHECK(o.books.prefill_tokens == 100 + 100 + 4);
  CHECK(o.requests.at(2).cached_tokens == 96);
  CHECK(o.requests.at(2).scheduled == doctest::Approx(10 + seconds_for(80)).epsilon(1e-12));
  CHECK(o.requests.at(2).first_token == doctest::Approx(11.04 + seconds_for(80)).epsilon(1e-12));
}

TEST_CASE("without such a tier it is computed again") {
  Setup setup = small_memory();
  setup.offload_blocks = 0;
  const Outcome o = simulate_list(setup, {{0, 100, 1, kOne}, {3, 100, 1, kOther}, {10, 100, 1, kOne}});
  CHECK(o.requests.at(2).cached_tokens == 16);
  CHECK(o.requests.at(2).first_token == doctest::Approx(11.84).epsilon(1e-12));
}

TEST_CASE("a tier that is full lets the least recently used go, its end first") {
  // Room for 8 blocks: B's 6 leave 2 of A's. Of these the first is on the GPU: one block comes, 16 tokens.
  Setup setup = small_memory();
  setup.offload_blocks = 8;
  const Outcome o = simulate_list(setup, {{0, 100, 1, kOne}, {3, 100, 1, kOther}, {10, 100, 1, kOne}});
  CHECK(o.books.fetched_from_host == 16);
  CHECK(o.requests.at(2).cached_tokens == 32);
}

TEST_CASE("others do not wait for what somebody fetches") {
  // C fetches from 10 on; D, 20 tokens of which nothing is known, came with it and enters at once, in one block and a
  // bit; C joins when D's step is over, at 11.2: 4 tokens.
  Setup setup = small_memory();
  setup.kv_blocks = 12;
  const Outcome o = simulate_list(
      setup,
      {{0, 100, 1, kOne}, {3, 180, 1, {21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}}, {10, 100, 1, kOne}, {10, 20, 1}});
  CHECK(o.requests.at(3).first_token == doctest::Approx(11.2).epsilon(1e-12));
  CHECK(o.requests.at(2).scheduled == doctest::Approx(11.2).epsilon(1e-12));
  CHECK(o.requests.at(2).first_token == doctest::Approx(12.24).epsilon(1e-12));
}

TEST_CASE("a prefix that is used often outlives one that was used last, where the least often used goes first") {
  // Room for 14 blocks: 6 of the one, used at 0 and 3, and 6 of the other, used at 6. At 9 a third takes 10.
  Setup setup = small_memory();
  setup.offload_blocks = 0;
  setup.kv_blocks = 14;
  const std::vector<Arrival> arrivals = {{0, 100, 1, kOne},
                                         {3, 100, 1, kOne},
                                         {6, 100, 1, kOther},
                                         {9, 160, 1, {31, 32, 33, 34, 35, 36, 37, 38, 39, 40}},
                                         {12, 100, 1, kOne}};
  setup.eviction = PrefixCache::Eviction::kLeastFrequentlyUsed;
  const Outcome lfu = simulate_list(setup, arrivals);
  // Of the 12 that were held 4 stay: of the one, which was used twice.
  CHECK(lfu.requests.at(4).cached_tokens == 64);
}

TEST_CASE("the same under LRU finds none of it") {
  Setup setup = small_memory();
  setup.offload_blocks = 0;
  setup.kv_blocks = 14;
  const Outcome lru = simulate_list(setup, {{0, 100, 1, kOne},
                                            {3, 100, 1, kOne},
                                            {6, 100, 1, kOther},
                                            {9, 160, 1, {31, 32, 33, 34, 35, 36, 37, 38, 39, 40}},
                                            {12, 100, 1, kOne}});
  CHECK(lru.requests.at(4).cached_tokens == 0);
}
