// Blocks of prompts that are alike: kept while nobody needs their memory, shared while several sequences hold them.
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <numeric>
#include <random>

#include "scenarios/reader/load.hpp"
#include "sim/engine/prefix_cache.hpp"
#include "sim/workload/source.hpp"
#include "tests/sim/fleet_of_one.hpp"
#include "tests/sim/in_child.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

using Names = std::vector<PrefixCache::Name>;

Names names(std::uint64_t first, std::size_t count) {
  Names all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

/// 16 tokens a block, a second a step and 10 ms for each prompt token.
Setup keeping(std::int64_t blocks = 1000) {
  Setup setup;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  setup.keeps_prefixes = true;
  setup.kv_blocks = blocks;
  return setup;
}

}  // namespace

TEST_CASE("blocks are found from the front, go by age and end before beginning, and come back") {
  PrefixCache cache;
  const Names a = names(100, 4), b = names(200, 3);
  PrefixCache::Blocks of_a, of_b;
  CHECK(cache.match(a) == 0);
  CHECK(cache.add(a, 4, of_a) == 0);
  CHECK(cache.add(b, 3, of_b) == 0);
  CHECK(cache.match(a) == 4);
  cache.trim(0);  // all are referred to: nothing goes
  CHECK(cache.size() == 7);
  CHECK(cache.release(of_a) == 4);
  CHECK(cache.release(of_b) == 3);
  CHECK(cache.idle() == 7);
  CHECK(cache.unreferenced(a, 4) == 4);
  cache.trim(5);  // a is the older: its last two go
  CHECK(cache.match(a) == 2);
  CHECK(cache.match(b) == 3);
  cache.acquire(a, 2, of_a);
  cache.trim(0);  // a's are in use again
  CHECK(cache.match(a) == 2);
  CHECK(cache.match(b) == 0);
  CHECK(cache.release(of_a) == 2);
}

TEST_CASE("what several sequences refer to is shared, and idle only when the last lets go") {
  PrefixCache cache;
  const Names a = names(1, 3);
  Names b = a;
  b.push_back(99);
  PrefixCache::Blocks first, second, third;
  cache.add(a, 3, first);
  CHECK(cache.unreferenced(b, 3) == 0);
  cache.acquire(b, 3, second);
  CHECK(cache.shared() == 3);
  CHECK(cache.add(b, 4, second) == 0);
  // A third one has computed the same blocks itself meanwhile: all four were known.
  CHECK(cache.add(b, 4, third) == 4);
  CHECK(cache.shared() == 7);
  CHECK(cache.release(second) == 0);
  CHECK(cache.release(first) == 0);
  CHECK(cache.release(third) == 4);
  CHECK(cache.shared() == 0);
  CHECK(cache.idle() == 4);
}

TEST_CASE("the index of names agrees with a map, whatever is added and dropped") {
  BlockIndex index;
  std::map<std::uint64_t, std::int32_t> map;
  std::mt19937_64 engine(3);
  for (int i = 0; i < 200000; ++i) {
    const std::uint64_t name = engine() % 3000 * (engine() % 2 == 0 ? 1 : 0x100000000ULL);
    const auto known = map.find(name);
    REQUIRE(index.find(name) == (known == map.end() ? BlockIndex::kNone : known->second));
    if (known == map.end()) {
      index.insert(name, i);
      map[name] = i;
    } else if (engine() % 3 > 0) {
      index.erase(name);
      map.erase(known);
    }
  }
  CHECK(index.size() == map.size());
}

TEST_CASE("the second of two like prompts computes what is left of it, and at least a token") {
  // 64 tokens each, the second when the first is gone. First: 1 + 0.64 s. Second: three of its four blocks are found
  // (a full hit would leave nothing to compute): 1 + 0.16 s.
  const Outcome o = simulate_list(keeping(), {{0, 64, 1, names(1, 4)}, {10, 64, 1, names(1, 4)}});
  CHECK(o.requests.at(0).first_token == doctest::Approx(1.64));
  CHECK(o.requests.at(0).cached_tokens == 0);
  CHECK(o.requests.at(1).first_token == doctest::Approx(11.16));
  CHECK(o.requests.at(1).cached_tokens == 48);
  CHECK(o.books.prefill_tokens == 64 + 16);
  CHECK(o.books.kv_peak_blocks == 4);
}

TEST_CASE("like prompts of one step: the second finds what the first is about to compute, and their memory is one") {
  // As in vLLM, whose blocks have their names from the moment they are given out. Both run to their ends in the steps
  // after: 48 tokens are shared, and each has a block of its own for its last 16 and one for its answer.
  const Outcome o = simulate_list(keeping(), {{0, 64, 3, names(1, 4)}, {0, 64, 3, names(1, 4)}});
  CHECK(o.requests.at(0).first_token == doctest::Approx(1 + 0.64 + 0.16));
  CHECK(o.requests.at(1).cached_tokens == 48);
  CHECK(o.books.prefill_tokens == 80);
  // The last prompt block of the second is the first's, too, once it is named: 4 shared, and 2 for the answers.
  CHECK(o.books.kv_peak_blocks == 6);
}

TEST_CASE("idle blocks make way for whoever needs the memory: the oldest first") {
  // 10 blocks. A and B leave 4 each; C, unlike both, needs 6: two are free, of A all four go. Then B is found, A is
  // not.
  const Outcome o = simulate_list(keeping(10), {{0, 64, 1, names(100, 4)},
                                                {10, 64, 1, names(200, 4)},
                                                {20, 96, 1, names(300, 6)},
                                                {30, 64, 1, names(200, 4)},
                                                {40, 64, 1, names(100, 4)}});
  CHECK(o.requests.at(3).cached_tokens == 48);
  CHECK(o.requests.at(4).cached_tokens == 0);
  CHECK(o.completed == 5);
}

TEST_CASE("a conversation goes on: the answer is part of the next prompt, and found with it") {
  // 32 tokens in, 33 out (the last token is never stored: 64 are, four blocks). The next turn brings them and 16 more.
  const Outcome o = simulate_list(keeping(), {{0, 32, 33, names(1, 4)}, {100, 81, 1, names(1, 5)}});
  CHECK(o.requests.at(1).cached_tokens == 64);
  CHECK(o.requests.at(1).first_token == doctest::Approx(100 + 1 + 0.17));
}

TEST_CASE("sharing is memory: twice as many run at once as would without") {
  // 20 blocks; prompts of 128 tokens (8 blocks) that share 7 of them, answers of 17 tokens: a block more. Alone a
  // sequence takes 9; two share 7 and have 2 each.
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 6; ++i) {
    Names text = names(1, 7);
    text.push_back(1000 + static_cast<std::uint64_t>(i));
    arrivals.push_back({0, 128, 17, text});
  }
  for (const std::string policy : {"vllm_v1", "sglang", "trtllm_inflight"}) {
    CAPTURE(policy);
    const auto run = [&](bool keeps_prefixes) {
      return in_child([&] {
        Setup setup = keeping(20);
        setup.scheduler = policy;
        setup.keeps_prefixes = keeps_prefixes;
        const Outcome o = simulate_list(setup, arrivals);
        double last = 0;
        for (const auto& [id, r] : o.requests) last = std::max(last, r.last_token);
        return std::vector<double>{static_cast<double>(o.completed), static_cast<double>(o.books.preemptions),
                                   static_cast<double>(o.books.kv_peak_blocks), last};
      });
    };
    const std::vector<double> shared = run(true), apart = run(false);
    CHECK(shared[0] == 6);
    CHECK(apart[0] == 6);
    CHECK(shared[1] == 0);
    // 7 + 6 * 2 = 19 of 20 blocks: all six run together. Without sharing two at a time do.
    CHECK(shared[2] == 19);
    CHECK(apart[3] > 2.5 * shared[3]);
  }
}

TEST_CASE("a preempted sequence finds again what has not made way") {
  // Two unlike prompts of 64 tokens and answers of 40 in 10 blocks: the second is preempted when both want their sixth.
  // Of its prompt, four blocks that are idle now, what the first takes meanwhile is lost.
  const auto run = [](bool keeps_prefixes) {
    return in_child([&] {
      Setup setup = keeping(10);
      setup.keeps_prefixes = keeps_prefixes;
      const Outcome o = simulate_list(setup, {{0, 64, 40, names(1, 4)}, {0, 64, 40, names(100, 4)}});
      return std::vector<double>{static_cast<double>(o.completed), static_cast<double>(o.books.preemptions),
                                 static_cast<double>(o.requests.at(1).cached_tokens),
                                 static_cast<double>(o.books.prefill_tokens)};
    });
  };
  const std::vector<double> with = run(true), without = run(false);
  CHECK(with[0] == 2);
  CHECK(with[1] == 1);
  CHECK(with[2] == 0);  // as of its first admission
  // 64 each, and the second's prompt and the 17 tokens of its answer again.
  CHECK(without[3] == 2 * 64 + 64 + 17);
  CHECK(with[3] < without[3]);
}

TEST_CASE("a preempted sequence finds what it has made of its answer, too") {
  // Two prompts of 64 tokens and answers of 40 in 12 blocks, with names for all of it. When both want their seventh,
  // the second has stored 96 tokens and made one more. The first takes its last block; five are left when it comes back
  // after the first has ended: of 97 tokens it computes 17.
  const Outcome o = simulate_list(keeping(12), {{0, 64, 40, names(1, 6)}, {0, 64, 40, names(100, 6)}});
  CHECK(o.completed == 2);
  CHECK(o.books.preemptions == 1);
  CHECK(o.books.prefill_tokens == 2 * 64 + 17);
}

TEST_CASE("nothing is named, nothing is found, and nothing changes") {
  const auto run = [](bool keeps_prefixes) {
    return in_child([&] {
      Setup setup = keeping(30);
      setup.keeps_prefixes = keeps_prefixes;
      const Outcome o = simulate_list(setup, {{0, 100, 30}, {1, 120, 40}, {2, 90, 50}, {2.5, 80, 20}});
      std::vector<double> dates{o.books.kv_block_seconds};
      for (const auto& [id, r] : o.requests) dates.push_back(r.last_token);
      return dates;
    });
  };
  CHECK(run(true) == run(false));
}

namespace {

/// The share of all blocks of a trace that are found in a cache of so many, if each request names its blocks from front
/// to back and is gone at once.
double share_found(const std::string& file, std::int64_t capacity) {
  const auto document = reader::Document::from_text("trace: {path: " + file + "}\n", "trace.yaml");
  const auto source = make_source(reader::read<WorkloadSpec>(document.root()), 1);
  ArrivingRequest request;
  std::int64_t blocks = 0, found = 0;
  PrefixCache cache;
  while (source->next(request)) {
    blocks += static_cast<std::int64_t>(request.hash_ids.size());
    for (const std::uint64_t& id : request.hash_ids) {
      const std::span<const std::uint64_t> one(&id, 1);
      found += cache.match(one);
      PrefixCache::Blocks named;
      cache.add(one, 1, named);
      cache.release(named);
      cache.trim(capacity);
    }
  }
  return static_cast<double>(found) / static_cast<double>(blocks);
}

}  // namespace

TEST_CASE("the share of blocks found in two public traces is that of an LRU of any size") {
  // Mooncake's FAST25 traces (github.com/kvcache-ai/Mooncake), 512 tokens a block.
  const std::string folder = std::string(FLOTILLA_SOURCE_DIR) + "/../shared/traces/mooncake/";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no Mooncake traces beside this tree");
    return;
  }
  struct Row {
    std::int64_t capacity;
    double conversation, synthetic;
  };
  for (const Row& row :
       {Row{1000, .0445, .0825}, Row{3000, .0650, .1878}, Row{10000, .2112, .4235}, Row{30000, .3257, .6242},
        Row{50000, .3546, .6396}, Row{100000, .3637, .6396}, Row{1'000'000'000, .3664, .6396}}) {
    CAPTURE(row.capacity);
    CHECK(share_found(folder + "conversation_trace.jsonl.gz", row.capacity) ==
          doctest::Approx(row.conversation).epsilon(0.0012));
    CHECK(share_found(folder + "synthetic_trace.jsonl", row.capacity) ==
          doctest::Approx(row.synthetic).epsilon(0.0012));
  }
}
