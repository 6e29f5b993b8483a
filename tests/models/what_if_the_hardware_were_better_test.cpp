// Factors on the hardware reach the times that they are said to reach, and no others; what a step cannot be faster
// than.
#include <doctest/doctest.h>

#include <vector>

#include "models/bounds.hpp"
#include "models/calibration.hpp"
#include "models/step_cost.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

Deployment deployment(const std::string& llm, const std::string& gpu, NumberFormat weights, int tp, int dp = 1) {
  Deployment d = default_deployment(load_llm(llm), load_gpu(gpu), load_engine("vllm"));
  d.weights = weights;
  d.kv_cache = NumberFormat::kFp8;
  d.tensor_parallel_size = tp;
  d.data_parallel_size = dp;
  d.expert_parallel_size = d.llm.experts > 0 ? tp * dp : 1;
  return d;
}

Deployment with(Deployment d, const HardwareFactors& factors) {
  d.what_if = factors;
  return d;
}

MixedBatch prompts() {
  MixedBatch batch;
  batch.prefill_seqs = 2;
  batch.prefill_last_chunks = 2;
  batch.prefill_tokens = 4000;
  batch.prefill_pairs = 2 * 2000 * 1000.0;
  batch.decode_seqs = 30;
  batch.decode_kv_tokens = 30000;
  return batch;
}

CauseTimes decode(const Deployment& d, int sequences) {
  StepCost cost(d);
  CauseTimes time = cost.decode(sequences).base_by_cause;
  return time += cost.decode(sequences).slope_by_cause * (1000.0 * sequences);
}

}  // namespace

TEST_CASE("each factor speeds up what it is of, and only that") {
  for (const Deployment& d : {deployment("llama-3.3-70b", "h100-sxm", NumberFormat::kFp8, 4),
                              deployment("llama-3.3-70b", "b200-hgx", NumberFormat::kNvfp4, 8),
                              deployment("deepseek-r1", "h200-sxm", NumberFormat::kFp8, 1, 8),
                              deployment("gpt-oss-120b", "h100-sxm", NumberFormat::kMxfp4, 2)}) {
    CAPTURE(d.llm.name);
    const CauseTimes as_is = decode(d, 48);
    const CauseTimes mixed = StepCost(d).mixed(prompts());
    const auto faster = [&](const HardwareFactors& factors) { return decode(with(d, factors), 48); };

    const CauseTimes memory = faster({.hbm_bandwidth = 1.5});
    CHECK(memory.memory < as_is.memory);
    CHECK(memory.total() > as_is.total() / 1.5);
    CHECK(memory.host == as_is.host);
    CHECK(memory.communication == as_is.communication);

    const CauseTimes compute = faster({.compute = 1.5});
    CHECK(compute.total() <= as_is.total());
    CHECK(StepCost(with(d, {.compute = 1.5})).mixed(prompts()).compute < mixed.compute);
    CHECK(compute.host == as_is.host);
    CHECK(compute.communication == as_is.communication);

    const CauseTimes network = faster({.network = 1.5});
    CHECK(network.communication < as_is.communication);
    CHECK(network.communication > as_is.communication / 1.5);  // latencies stay
    CHECK(network.memory == as_is.memory);
    CHECK(network.host == as_is.host);

    const CauseTimes host = faster({.host_time = 0.5});
    CHECK(host.host == Approx(as_is.host / 2));
    CHECK(host.memory == as_is.memory);
    CHECK(StepCost(with(d, {.host_time = 0.5})).frontend().per_request ==
          Approx(StepCost(d).frontend().per_request / 2));
  }
}

TEST_CASE("memory, compute and network together scale all that no host has a hand in") {
  // A roofline's two sides halve alike, so that their norm halves; the fixed times are the host's, and those of a
  // sequence's own work in the attention kernels, which no factor touches, so that the rest is at least half.
  const Deployment d = deployment("llama-3.3-70b", "h100-sxm", NumberFormat::kFp8, 1);
  const CauseTimes as_is = StepCost(d).mixed(prompts());
  const CauseTimes twice = StepCost(with(d, {.hbm_bandwidth = 2, .compute = 2, .host_time = 0.5})).mixed(prompts());
  CHECK(twice.total() == Approx(as_is.total() / 2).epsilon(0.02));
  CHECK(twice.total() >= as_is.total() / 2);
}

TEST_CASE("other hardware is outside what was measured, and says so") {
  const Deployment d = deployment("llama-3.3-70b", "h100-sxm", NumberFormat::kFp8, 2);
  CHECK(StepCost(d).envelope().inside);
  const auto envelope = StepCost(with(d, {.network = 1.01})).envelope();
  CHECK_FALSE(envelope.inside);
  CHECK(envelope.reason == "what_if changes the hardware");
}

TEST_CASE("no decode step is faster than its floor") {
  for (const Deployment& d : {deployment("llama-3.3-70b", "h100-sxm", NumberFormat::kFp8, 2),
                              deployment("llama-3.3-70b", "b200-hgx", NumberFormat::kNvfp4, 1),
                              deployment("mixtral-8x7b", "h100-sxm", NumberFormat::kFp8, 2),
                              deployment("deepseek-r1", "h200-sxm", NumberFormat::kFp8, 1, 8),
                              deployment("gpt-oss-120b", "b200-hgx", NumberFormat::kMxfp4, 1)}) {
    CAPTURE(d.llm.name);
    for (const int sequences : {1, 8, 64, 256}) {
      CAPTURE(sequences);
      CHECK(decode(d, sequences).total() > decode_floor(d, sequences, 1000.0 * sequences).seconds());
    }
  }
}

TEST_CASE("the floor, by hand") {
  // Llama 3.3 70B in FP8 on H100s: 70.5 GB streamed by 3.35 TB/s, 21.1 ms; two GPUs halve it.
  Deployment d = deployment("llama-3.3-70b", "h100-sxm", NumberFormat::kFp8, 1);
  const double streamed = streamed_bytes(d.llm, d.weights).value();
  CHECK(decode_floor(d, 1, 0).memory == Approx(streamed / 3.35e12));
  // 100 sequences of 1,000 tokens read 100,000 * 163,840 bytes of FP8 KV more.
  CHECK(decode_floor(d, 100, 100000).memory == Approx((streamed + 100000 * 163840.0) / 3.35e12));
  // 2 FLOP per parameter and token by 1,979 TFLOPS.
  CHECK(decode_floor(d, 100, 0).compute == Approx(2 * active_parameters(d.llm) * 100 / 1979e12));
  d.tensor_parallel_size = 2;
  CHECK(decode_floor(d, 100, 100000).memory == Approx((streamed + 100000 * 163840.0) / (2 * 3.35e12)));
  d.what_if.hbm_bandwidth = 2;
  CHECK(decode_floor(d, 100, 100000).memory == Approx((streamed + 100000 * 163840.0) / (4 * 3.35e12)));
  // Mixtral: two tokens that choose 2 of 8 meet 8 * (1 - 0.75^2) = 3.5 experts of a layer, 1.5 more than one token.
  const Deployment sparse = deployment("mixtral-8x7b", "h100-sxm", NumberFormat::kFp8, 1);
  const double one = streamed_bytes(sparse.llm, sparse.weights).value();
  const double expert = parameters(sparse.llm).experts / 8;  // of all layers, one byte each
  CHECK(decode_floor(sparse, 1, 0).memory == Approx(one / 3.35e12));
  CHECK(decode_floor(sparse, 2, 0).memory == Approx((one + 1.5 * expert) / 3.35e12));
}
