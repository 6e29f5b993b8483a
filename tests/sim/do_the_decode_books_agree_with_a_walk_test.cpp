// The decoding set never walks its sequences. Here it is held against a model that does.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include "sim/engine/decode_set.hpp"

using namespace flotilla::sim;

namespace {

struct Walked {
  std::int64_t stored;
  std::int32_t made;
  std::int32_t wanted;
};

/// New blocks that `steps` steps need, sequence by sequence.
std::int64_t blocks_by_walking(const std::map<RequestHandle, Walked>& all, std::int64_t steps, std::int64_t block) {
  std::int64_t blocks = 0;
  for (const auto& [handle, w] : all) blocks += (w.stored + steps + block - 1) / block - (w.stored + block - 1) / block;
  return blocks;
}

/// A new sequence, in the set and in the walk.
void join(DecodeSet& set, RequestPool& pool, std::map<RequestHandle, Walked>& walked, std::mt19937_64& engine,
          std::uint64_t admission) {
  const RequestHandle handle = pool.allocate();
  Request& r = pool[handle];
  r.computed = static_cast<std::int32_t>(1 + engine() % 300);
  r.generated = 1;
  r.output_here = static_cast<std::int32_t>(2 + engine() % 60);
  r.admission = admission;
  set.join(handle, r);
  walked[handle] = {r.computed, 1, r.output_here};
}

/// One sequence leaves before its end.
void leave(DecodeSet& set, RequestPool& pool, std::map<RequestHandle, Walked>& walked) {
  const auto victim = walked.begin();
  Request& r = pool[victim->first];
  set.leave(r);
  CHECK(r.computed == victim->second.stored);
  CHECK(r.generated == victim->second.made);
  pool.release(victim->first);
  walked.erase(victim);
}

/// All make `steps` tokens; those that are done leave. True if the set says that a view has turned.
bool advance(DecodeSet& set, RequestPool& pool, std::map<RequestHandle, Walked>& walked, std::int64_t steps) {
  const bool turned = set.advance(steps, pool);
  for (auto& [handle, w] : walked) {
    w.stored += steps;
    w.made += static_cast<std::int32_t>(steps);
  }
  for (RequestHandle done = set.pop_finished(pool); done != kNoRequest; done = set.pop_finished(pool)) {
    REQUIRE(walked.count(done) == 1);
    CHECK(walked[done].made == walked[done].wanted);
    CHECK(pool[done].computed == walked[done].stored);
    walked.erase(done);
    pool.release(done);
  }
  return turned;
}

/// A number of steps within the next end and the next turn.
std::int64_t some_steps(DecodeSet& set, const RequestPool& pool, std::mt19937_64& engine) {
  const std::int64_t most = std::min(set.steps_to_next_finish(pool), set.steps_to_next_turn(pool));
  REQUIRE(most >= 1);
  return 1 + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(most));
}

}  // namespace

TEST_CASE("numbers, KV tokens, remaining tokens, blocks and ends agree with a walk over the sequences") {
  for (const int block : {1, 2, 16, 64}) {
    CAPTURE(block);
    std::mt19937_64 engine(static_cast<std::uint64_t>(block));
    RequestPool pool;
    DecodeSet set(block);
    std::map<RequestHandle, Walked> walked;
    std::uint64_t admissions = 0;
    for (int round = 0; round < 3000; ++round) {
      const auto dice = engine() % 10;
      if (dice < 3 || walked.empty()) {
        join(set, pool, walked, engine, ++admissions);
      } else if (dice == 3) {
        leave(set, pool, walked);
      } else {
        advance(set, pool, walked, some_steps(set, pool, engine));
      }
      std::int64_t kv = 0;
      std::int64_t remaining = 0;
      for (const auto& [handle, w] : walked) {
        kv += w.stored + 1;
        remaining += w.wanted - w.made;
        CHECK(w.made < w.wanted);
      }
      REQUIRE(set.size() == static_cast<std::int64_t>(walked.size()));
      REQUIRE(set.kv_tokens() == kv);
      REQUIRE(set.remaining_tokens() == remaining);
      if (walked.empty()) continue;
      for (const std::int64_t steps : {1, 2, 15, 16, 17, 100}) {
        REQUIRE(set.blocks_needed(steps) == blocks_by_walking(walked, steps, block));
      }
      for (const std::int64_t free : {0, 1, 7, 100}) {
        const std::int64_t steps = set.steps_within(free);
        REQUIRE(blocks_by_walking(walked, steps, block) <= free);
        REQUIRE(blocks_by_walking(walked, steps + 1, block) > free);
      }
    }
  }
}

TEST_CASE("blocks of layers with a window, which are freed before it, agree with a walk over the sequences") {
  for (const std::int64_t window_blocks : {1, 2, 9, 30}) {
    for (const int block : {1, 7, 16}) {
      CAPTURE(window_blocks);
      CAPTURE(block);
      const flotilla::models::KvLayout layout{2, 3, window_blocks, 6};
      std::mt19937_64 engine(static_cast<std::uint64_t>(window_blocks * block));
      RequestPool pool;
      DecodeSet set(block, {}, layout);
      std::map<RequestHandle, Walked> walked;
      const auto blocks_of = [&](std::int64_t tokens) { return layout.blocks_for((tokens + block - 1) / block); };
      for (int round = 0; round < 400; ++round) {
        if (walked.size() < 12) join(set, pool, walked, engine, static_cast<std::uint64_t>(round));
        if (engine() % 9 == 0) leave(set, pool, walked);
        if (walked.empty()) continue;
        const std::int64_t steps = some_steps(set, pool, engine);
        std::int64_t needed = 0;
        for (const auto& [handle, w] : walked) needed += blocks_of(w.stored + steps) - blocks_of(w.stored);
        REQUIRE(set.blocks_needed(steps) == needed);
        // So many steps fit, and not one more, unless something turns before.
        if (needed > 0) {
          CHECK(set.steps_within(needed) >= steps);
          CHECK(set.steps_within(needed - 1) < steps);
        }
        advance(set, pool, walked, steps);
      }
    }
  }
}

TEST_CASE("what windowed layers see, how it grows and when it turns agree with a walk over the sequences") {
  using flotilla::models::AttentionWindow;
  for (const AttentionWindow window :
       {AttentionWindow{1, false}, AttentionWindow{128, false}, AttentionWindow{1000, false}, AttentionWindow{1, true},
        AttentionWindow{7, true}, AttentionWindow{128, true}}) {
    CAPTURE(window.size);
    CAPTURE(window.chunked);
    std::mt19937_64 engine(static_cast<std::uint64_t>(window.size));
    RequestPool pool;
    DecodeSet set(16, window);
    std::map<RequestHandle, Walked> walked;
    const auto seen_after = [&](std::int64_t steps) {
      std::int64_t seen = 0;
      for (const auto& [handle, w] : walked) seen += window.seen(w.stored + 1 + steps);
      return seen;
    };
    int turns = 0;
    for (std::uint64_t round = 1; round <= 3000; ++round) {
      const auto dice = engine() % 10;
      if (dice < 3 || walked.empty()) {
        join(set, pool, walked, engine, round);
      } else if (dice == 3) {
        leave(set, pool, walked);
      } else {
        turns += advance(set, pool, walked, some_steps(set, pool, engine)) ? 1 : 0;
      }
      REQUIRE(set.window_tokens() == seen_after(0));
      if (walked.empty()) continue;
      const std::int64_t straight = std::min(set.steps_to_next_finish(pool), set.steps_to_next_turn(pool));
      for (std::int64_t k = 1; k < straight; ++k)
        REQUIRE(set.window_tokens() + k * set.window_growth() == seen_after(k));
    }
    // A sliding window of one token is full from the start, one of 1,000 is never filled by 360 tokens.
    CHECK((turns > 0) == (window.chunked || window.size == 128));
  }
}

TEST_CASE("without a window nothing is seen through one, and nothing turns") {
  RequestPool pool;
  DecodeSet set(16);
  Request& r = pool[pool.allocate()];
  r.computed = 100;
  r.generated = 1;
  r.output_here = 50;
  set.join(0, r);
  CHECK_FALSE(set.advance(20, pool));
  CHECK(set.window_tokens() == 0);
  CHECK(set.window_growth() == 0);
  CHECK(set.steps_to_next_turn(pool) == std::numeric_limits<std::int64_t>::max());
}
