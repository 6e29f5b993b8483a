#include <doctest/doctest.h>

#include "analysis/calibrate/step_replay.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

struct Sums {
  double tpot = 0, ttft = 0, steps = 0;
};

Sums weights(const StepReplay& replay) {
  Sums sums;
  for (const auto& b : replay.batches) sums.tpot += b.tpot_weight, sums.ttft += b.ttft_weight, sums.steps += b.steps;
  return sums;
}

ReplayLoad load(int concurrency, int requests, double input, double output, double shortest = 1) {
  ReplayLoad load;
  load.concurrency = concurrency;
  load.requests = requests;
  load.input_tokens = input;
  load.output_tokens = output;
  load.shortest = shortest;
  return load;
}

ReplayEngine engine(int max_num_batched_tokens, bool chunked = true) {
  ReplayEngine engine;
  engine.scheduler = chunked ? "vllm_v1" : "trtllm_inflight";
  engine.limits.max_num_batched_tokens = max_num_batched_tokens;
  engine.limits.enable_chunked_prefill = chunked;
  return engine;
}

}  // namespace

TEST_CASE("TPOT weights add up to one token's gap, whatever the load") {
  for (const int concurrency : {1, 4, 64}) {
    for (const bool chunked : {true, false})
      CHECK(weights(replay_steps(engine(8192, chunked), load(concurrency, 5 * concurrency, 1024, 200, 0.8))).tpot ==
            Approx(1));
  }
}

TEST_CASE("one client: each prompt runs alone, then its answer does") {
  const auto replay = replay_steps(engine(8192), load(1, 1, 100, 11));
  REQUIRE(replay.batches.size() == 2);
  const auto& decode = replay.batches[0];
  CHECK(decode.batch.decode_seqs == 1);
  CHECK(decode.batch.decode_kv_tokens == 106);  // ten steps that read 101 to 110 tokens: 105.5 on the average
  CHECK(decode.tpot_weight == Approx(1));
  CHECK(decode.steps == 10);
  const auto& prefill = replay.batches[1];
  CHECK(prefill.batch.prefill_tokens == 100);
  CHECK(prefill.batch.prefill_pairs == 5000);
  CHECK(prefill.batch.prefill_last_chunks == 1);
  CHECK(prefill.ttft_weight == Approx(1));
  CHECK(prefill.tpot_weight == 0);
  CHECK(replay.output_tokens == 11);
}

TEST_CASE("all requests at once: as many steps as memory makes of them") {
  // Prompts of 16 tokens and 17 more make 2 blocks of 16 each (the last token is never stored): 4 blocks hold two
  // requests, so that six requests take three rounds of one prefill and 16 decode steps.
  auto narrow = engine(8192, false);
  narrow.kv_blocks = 4;
  const auto replay = replay_steps(narrow, load(0, 6, 16, 17));
  CHECK(weights(replay).steps == 3 * 17);
  CHECK(replay.output_tokens == 6 * 17);
}

TEST_CASE("a prompt longer than a step is cut into chunks that read the earlier ones") {
  double tokens = 0, pairs = 0, steps = 0;
  for (const auto& b : replay_steps(engine(100), load(1, 1, 250, 2)).batches) {
    if (b.batch.prefill_seqs == 0) continue;
    tokens += static_cast<double>(b.batch.prefill_tokens) * b.ttft_weight;
    pairs += b.batch.prefill_pairs * b.ttft_weight;
    steps += b.ttft_weight;
  }
  CHECK(steps == Approx(3));
  CHECK(tokens == Approx(250));
  CHECK(pairs == Approx(250.0 * 250 / 2));
}

TEST_CASE("an engine without chunked prefill takes a prompt whole or waits") {
  for (const auto& b : replay_steps(engine(2048, false), load(8, 40, 1000, 50)).batches) {
    CHECK(b.batch.prefill_seqs == b.batch.prefill_last_chunks);
    CHECK(b.batch.prefill_tokens == 1000 * b.batch.prefill_seqs);
    CHECK(b.batch.prefill_seqs <= 2);
  }
}

TEST_CASE("a prompt waits for one step more where steps are planned ahead") {
  // Two clients, answers of 64 and more tokens: all but the first two prompts come in the middle of a step of the
  // other.
  auto ahead = engine(8192);
  ahead.limits.async_scheduling = true;
  const auto ttft_steps = [](const ReplayEngine& e) {
    return weights(replay_steps(e, load(2, 200, 100, 100, 0.64))).ttft;
  };
  CHECK(ttft_steps(ahead) - ttft_steps(engine(8192)) == Approx(1).epsilon(0.05));
}

TEST_CASE("requests of one length come in waves unless they start spread out") {
  auto waves = load(16, 160, 100, 128);
  const auto largest = [](const ReplayLoad& load) {
    int prompts = 0;
    for (const auto& b : replay_steps(engine(8192), load).batches) {
      if (b.ttft_weight > 0) prompts = std::max(prompts, b.batch.prefill_last_chunks);
    }
    return prompts;
  };
  CHECK(largest(waves) == 16);
  waves.staggered = true;
  CHECK(largest(waves) < 8);
  CHECK(weights(replay_steps(engine(8192), waves)).tpot == Approx(1));
}

TEST_CASE("windowed layers see a prompt and its answer through their window") {
  auto windowed = engine(8192);
  windowed.window = {64, false};
  const auto replay = replay_steps(windowed, load(1, 1, 100, 11));
  REQUIRE(replay.batches.size() == 2);
  CHECK(replay.batches[0].batch.decode_window_tokens == 64);
  CHECK(replay.batches[1].batch.prefill_window_pairs == 64 * 64 / 2 + 64 * 36);
}

TEST_CASE("the cached part of a prompt is held, not computed") {
  auto cached = load(1, 1, 1000, 11);
  cached.cached_share = 0.75;
  const auto replay = replay_steps(engine(8192), cached);
  REQUIRE(replay.batches.size() == 2);
  CHECK(replay.batches[1].batch.prefill_tokens == 250);
  CHECK(replay.batches[1].batch.prefill_context == 750);
  CHECK(replay.mean_input_tokens == 1000);
}

TEST_CASE("the same seed gives the same steps") {
  const auto once = replay_steps(engine(8192), load(8, 80, 1024, 1024, 0.8));
  const auto again = replay_steps(engine(8192), load(8, 80, 1024, 1024, 0.8));
  REQUIRE(once.batches.size() == again.batches.size());
  for (std::size_t i = 0; i < once.batches.size(); ++i) {
    CHECK(once.batches[i].tpot_weight == again.batches[i].tpot_weight);
    CHECK(once.batches[i].batch.decode_kv_tokens == again.batches[i].batch.decode_kv_tokens);
  }
}
