#include <doctest/doctest.h>

#include "analysis/calibrate/closed_loop.hpp"

using namespace flotilla::analysis;
using doctest::Approx;

namespace {

struct Sums {
  double tpot = 0, ttft = 0;
};

Sums weights(const std::vector<WeightedBatch>& batches) {
  Sums sums;
  for (const auto& b : batches) sums.tpot += b.tpot_weight, sums.ttft += b.ttft_weight;
  return sums;
}

}  // namespace

TEST_CASE("TPOT weights add up to one token's gap, whatever the load") {
  for (const int concurrency : {1, 4, 64}) {
    for (const bool chunked : {true, false}) {
      ClosedLoop loop;
      loop.concurrency = concurrency;
      loop.requests = 5 * concurrency;
      loop.output_tokens = 200;
      loop.chunked_prefill = chunked;
      CHECK(weights(closed_loop_batches(loop)).tpot == Approx(1));
    }
  }
}

TEST_CASE("one client: each prompt runs alone, then its answer does") {
  ClosedLoop loop;
  loop.concurrency = 1;
  loop.requests = 1;
  loop.input_tokens = 100;
  loop.output_tokens = 11;
  loop.shortest = 1;
  const auto batches = closed_loop_batches(loop);
  REQUIRE(batches.size() == 2);
  const auto& decode = batches[0];
  CHECK(decode.batch.decode_seqs == 1);
  CHECK(decode.batch.decode_kv_tokens == 106);  // ten steps that read 101 to 110 tokens: 105.5 on the average
  CHECK(decode.tpot_weight == Approx(1));
  const auto& prefill = batches[1];
  CHECK(prefill.batch.prefill_tokens == 100);
  CHECK(prefill.batch.prefill_pairs == 5000);
  CHECK(prefill.batch.prefill_last_chunks == 1);
  CHECK(prefill.ttft_weight == Approx(1));
  CHECK(prefill.tpot_weight == 0);
}

TEST_CASE("a prompt longer than a step is cut into chunks that read the earlier ones") {
  ClosedLoop loop;
  loop.requests = 1;
  loop.input_tokens = 250;
  loop.output_tokens = 2;
  loop.shortest = 1;
  loop.max_num_batched_tokens = 100;
  double tokens = 0, pairs = 0, steps = 0;
  for (const auto& b : closed_loop_batches(loop)) {
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
  ClosedLoop loop;
  loop.concurrency = 8;
  loop.requests = 40;
  loop.input_tokens = 1000;
  loop.output_tokens = 50;
  loop.shortest = 1;
  loop.chunked_prefill = false;
  loop.max_num_batched_tokens = 2048;
  for (const auto& b : closed_loop_batches(loop)) {
    CHECK(b.batch.prefill_seqs == b.batch.prefill_last_chunks);
    CHECK(b.batch.prefill_tokens == 1000 * b.batch.prefill_seqs);
    CHECK(b.batch.prefill_seqs <= 2);
  }
}

TEST_CASE("waiting for prompts to share a step trades TTFT for fewer mixed steps") {
  ClosedLoop loop;
  loop.concurrency = 32;
  loop.requests = 320;
  loop.max_num_batched_tokens = 2068;
  loop.chunked_prefill = false;
  const auto mixed = [](const ClosedLoop& config) {
    double share = 0;
    for (const auto& b : closed_loop_batches(config)) share += b.batch.prefill_seqs > 0 ? b.tpot_weight : 0;
    return share;
  };
  auto waiting = loop;
  waiting.wait_ratio = 0.9;
  waiting.wait_steps = 20;
  CHECK(mixed(waiting) < mixed(loop));
  CHECK(weights(closed_loop_batches(waiting)).ttft > weights(closed_loop_batches(loop)).ttft);
}

TEST_CASE("requests of one length come in waves unless they start spread out") {
  ClosedLoop loop;
  loop.concurrency = 16;
  loop.requests = 160;
  loop.input_tokens = 100;
  loop.output_tokens = 128;
  loop.shortest = 1;
  const auto largest = [](const ClosedLoop& config) {
    int prompts = 0;
    for (const auto& b : closed_loop_batches(config)) prompts = std::max(prompts, b.batch.prefill_seqs);
    return prompts;
  };
  CHECK(largest(loop) == 16);
  loop.staggered = true;
  CHECK(largest(loop) < 8);
  CHECK(weights(closed_loop_batches(loop)).tpot == Approx(1));
}

TEST_CASE("the same seed gives the same batches") {
  ClosedLoop loop;
  loop.concurrency = 8;
  loop.requests = 80;
  const auto once = closed_loop_batches(loop), again = closed_loop_batches(loop);
  REQUIRE(once.size() == again.size());
  for (std::size_t i = 0; i < once.size(); ++i) {
    CHECK(once[i].tpot_weight == again[i].tpot_weight);
    CHECK(once[i].batch.decode_kv_tokens == again[i].batch.decode_kv_tokens);
  }
}
