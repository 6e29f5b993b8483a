#include <doctest/doctest.h>

#include <cmath>

#include "models/operators/expert_exchange.hpp"
#include "models/operators/mla.hpp"
#include "models/operators/moe.hpp"

using namespace flotilla::models;
using doctest::Approx;

namespace {

// DeepSeek-V3's routed experts: 256, of which a token visits 8.
MoeShape deepseek(int ranks) {
  MoeShape shape;
  shape.hidden = 7168, shape.intermediate = 2048, shape.experts = 256, shape.experts_per_token = 8;
  shape.ranks = ranks, shape.weight_bytes_per_element = 1;
  return shape;
}

// DeepSeek-V3 under TP 8: 16 of 128 heads, latents of 512 and 64.
const MlaShape kLatent{16, 512, 128, 64, 128, 2};
const Roofline kRound{1e15, 1e12};

}  // namespace

TEST_CASE("latent decode reads the latent cache once for all heads, and multiplies for each") {
  const MlaDecodeCoefficients c{10e-6, 20e-9, 1e-9, 0.5, 0.25, 0};
  const auto time = mla_decode_time(c, kLatent, kRound, 64);
  CHECK(time.base.total() == Approx(10e-6 + 64 * (20e-9 + 16 * 1e-9)));
  // By hand: 576 values of 2 bytes over 0.5e12 bytes/s; 16 heads * 2 * (576 + 512) over 0.25e15.
  const double memory = 1152 / 0.5e12, compute = 34816 / 0.25e15;
  CHECK(time.slope.total() == Approx(std::hypot(memory, compute)));
  CHECK(time.slope.memory > time.slope.compute);
  auto all_heads = kLatent;
  all_heads.heads = 128;
  CHECK(mla_decode_time({0, 0, 0, 1, 0.01, 0}, all_heads, kRound, 1).slope.compute ==
        Approx(278528 / 1e13).epsilon(0.01));
}

TEST_CASE("a sequence alone reads its latents slower than the GPU could") {
  const MlaDecodeCoefficients c{0, 0, 0, 1, 1, 3e-9};
  // By hand: memory 1152 / 1e12 = 1.152 ns; compute 34816 / 1e15 = 0.034816 ns; 3 ns alone, 0.3 ns each of ten.
  CHECK(mla_decode_time(c, kLatent, kRound, 1).slope.total() == Approx(std::hypot(1.152e-9, 0.034816e-9, 3e-9)));
  CHECK(mla_decode_time(c, kLatent, kRound, 10).slope.total() == Approx(std::hypot(1.152e-9, 0.034816e-9, 0.3e-9)));
}

TEST_CASE("latent prefill multiplies keys of 192 and values of 128, and moves them once") {
  const AttentionPrefillCoefficients c{0, 0.5, 0.5};
  MixedBatch batch;
  batch.prefill_tokens = 1000;
  batch.prefill_pairs = 500000;
  const auto whole = mla_prefill_time(c, kLatent, kRound, batch);
  CHECK(whole.compute == Approx(2.0 * 16 * 320 * 500000 / 5e14));
  // q, k (192 each), v and output (128 each), 2 bytes, 16 heads.
  CHECK(whole.memory == Approx(1000.0 * 16 * 2 * (192 + 192 + 128 + 128) / 5e11));
  batch.prefill_context = 3000;
  CHECK(mla_prefill_time(c, kLatent, kRound, batch).memory - whole.memory == Approx(3000.0 * 16 * 2 * 320 / 5e11));
}

TEST_CASE("tokens before a chunk count with an efficiency of their own, and are expanded from their latents anew") {
  AttentionPrefillCoefficients c{0, 0.5, 0.5};
  MixedBatch batch;
  batch.add_prefill(3000, 1000, true, {});
  CHECK(batch.prefill_context == 3000);
  // By hand: 1000 * 1000 / 2 pairs among themselves, 1000 * 3000 with the context.
  const double pair = 2.0 * 16 * 320 / 1e15;
  CHECK(mla_prefill_time(c, kLatent, kRound, batch).compute == Approx(pair * 3.5e6 / 0.5).epsilon(1e-3));
  c.context_efficiency = 0.25;
  CHECK(mla_prefill_time(c, kLatent, kRound, batch).compute == Approx(pair * (0.5e6 / 0.5 + 3e6 / 0.25)).epsilon(1e-3));
  // 16 heads of 128 (keys) + 128 (values) from 512. Latents of 576 in 2 bytes read and written, 16 keys put together of
  // 128, read and written with their 64.
  CHECK(mla_expansion(kLatent).n == 16 * 256);
  CHECK(mla_expansion(kLatent).k == 512);
  CHECK(mla_expansion_bytes(kLatent) == 576 * 4 + 2 * 16 * (128 + 192));
}

TEST_CASE("balanced routing on one rank touches E (1 - (1 - k/E)^M) experts") {
  CHECK(expert_load(deepseek(1), 0, 1).touched == Approx(8));
  CHECK(expert_load(deepseek(1), 0, 2).touched == Approx(16 - 64.0 / 256));
  CHECK(expert_load(deepseek(1), 0, 64).touched == Approx(256 * (1 - std::pow(31.0 / 32, 64))));
  CHECK(expert_load(deepseek(1), 0, 64).assignments == Approx(512));
  CHECK(expert_load(deepseek(1), 0, 0).assignments == 0);
}

TEST_CASE("the busiest of two ranks gets its share and 0.564 standard deviations") {
  MoeShape shape;
  shape.experts = 4, shape.experts_per_token = 1, shape.ranks = 2;
  // By hand: 100 tokens, a chance of 1/4 each: the experts' draws vary by 4 * 1/4 * 3/4, of which a rank has a quarter.
  const double expected = 50 + 0.5642 * std::sqrt(100 * 0.75 / 2 / 2);
  CHECK(expert_load(shape, 0, 100).assignments == Approx(expected));
  // One token brings no more than one pair.
  CHECK(expert_load(shape, 0, 1).assignments <= 1);
}

TEST_CASE("skewed routing touches fewer experts and loads the busiest rank more") {
  const auto even = expert_load(deepseek(1), 0, 32), skewed = expert_load(deepseek(1), 1.2, 32);
  CHECK(skewed.touched < 0.85 * even.touched);
  CHECK(skewed.assignments == Approx(even.assignments));
  CHECK(expert_load(deepseek(8), 1.2, 4096).assignments > 1.2 * expert_load(deepseek(8), 0, 4096).assignments);
  // With as many visits as experts, every expert is visited by every token, whatever its popularity.
  MoeShape all;
  all.experts = all.experts_per_token = 4;
  CHECK(expert_load(all, 1.2, 1).touched == Approx(4));
}

TEST_CASE("a rank's load and time rise with the tokens, and never pass what it holds") {
  const MoeCoefficients c;
  for (const int ranks : {1, 4, 32, 256}) {
    for (const double skew : {0.0, 0.6, 1.0, 1.2}) {
      ExpertLoad last;
      double last_time = 0;
      for (double tokens = 1; tokens < 20000; tokens = std::ceil(tokens * 1.3)) {
        const auto load = expert_load(deepseek(ranks), skew, tokens);
        const double time = moe_time(c, deepseek(ranks), kRound, skew, tokens).total();
        CHECK(load.touched >= last.touched);
        CHECK(load.assignments >= last.assignments);
        CHECK(time >= last_time);
        CHECK(load.touched <= 256.0 / ranks * (1 + 1e-12));
        CHECK(load.assignments >= tokens * 8 / ranks * (1 - 1e-12));
        CHECK(load.assignments <= tokens * 8);
        last = load, last_time = time;
      }
    }
  }
}

TEST_CASE("experts take their touched weights over the bandwidth, or their pairs over the peak") {
  MoeShape shape;
  shape.hidden = 1000, shape.intermediate = 500, shape.weight_bytes_per_element = 1;
  const MoeCoefficients c{0.5, 0.8, 7e-6, 2e-6, 1, 10, 5e5, 3, 0.5};
  const ExpertLoad load{20, 60, 120};
  const auto time = moe_time(c, shape, kRound, load);
  CHECK(time.host == 7e-6);
  // By hand: an expert has 1.5e6 weights; 60 pairs and 10 lost per touched expert; 2 operations each.
  CHECK(time.compute == Approx(2 * 1.5e6 * (60 + 200) / 5e14));
  // 20 * (1.5e6 + 0.5e6) bytes of weights, 3 passes of 2,000 bytes for 60 pairs and half a pass for 120.
  CHECK(time.memory == Approx((20 * 2e6 + 2000 * (3.0 * 60 + 0.5 * 120)) / 8e11));
  shape.ranks = 2;
  CHECK(moe_time(c, shape, kRound, load).host == 9e-6);
  CHECK(moe_time(c, shape, kRound, ExpertLoad{}).total() == 0);
}

TEST_CASE("a token crosses to each other rank that holds one of its experts, once") {
  CHECK(exchange_destinations(1, 8) == 0);
  CHECK(exchange_destinations(2, 1) == Approx(0.5));
  // Two experts over two ranks: both fall to this rank with a chance of 1/4.
  CHECK(exchange_destinations(2, 2) == Approx(0.75));
  CHECK(exchange_destinations(1 << 20, 8) == Approx(8).epsilon(1e-4));
  const ExchangeCoefficients c{10e-6, 0.5};
  CHECK(expert_exchange_time(c, 1e11, 1, 8, 7168, 1, 64) == 0);
  // 100 tokens, 0.75 destinations, 1,000 values of 1 byte there and 2 back, at 5e10 bytes/s.
  CHECK(expert_exchange_time(c, 1e11, 2, 2, 1000, 1, 100) == Approx(20e-6 + 75 * 3000 / 5e10));
}
