// The decoding set never walks its sequences. Here it is held against a model that does.
#include <doctest/doctest.h>

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
        const RequestHandle handle = pool.allocate();
        Request& r = pool[handle];
        r.computed = static_cast<std::int32_t>(1 + engine() % 300);
        r.generated = 1;
        r.output_tokens = static_cast<std::int32_t>(2 + engine() % 60);
        r.admission = ++admissions;
        set.join(handle, r);
        walked[handle] = {r.computed, 1, r.output_tokens};
      } else if (dice == 3) {
        const auto victim = walked.begin();
        Request& r = pool[victim->first];
        set.leave(r);
        CHECK(r.computed == victim->second.stored);
        CHECK(r.generated == victim->second.made);
        pool.release(victim->first);
        walked.erase(victim);
      } else {
        const std::int64_t steps = 1 + static_cast<std::int64_t>(engine()) % set.steps_to_next_finish(pool);
        const std::int64_t most = steps < 1 ? 1 : steps;
        set.advance(most);
        for (auto& [handle, w] : walked) {
          w.stored += most;
          w.made += static_cast<std::int32_t>(most);
        }
        for (RequestHandle done = set.pop_finished(pool); done != kNoRequest; done = set.pop_finished(pool)) {
          REQUIRE(walked.count(done) == 1);
          CHECK(walked[done].made == walked[done].wanted);
          CHECK(pool[done].computed == walked[done].stored);
          walked.erase(done);
          pool.release(done);
        }
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
