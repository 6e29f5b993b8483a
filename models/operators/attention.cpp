#include "models/operators/attention.hpp"

namespace flotilla::models {

const reader::Schema<AttentionDecodeCoefficients>& AttentionDecodeCoefficients::schema() {
  using C = AttentionDecodeCoefficients;
  static const auto s =
      reader::Schema<C>("attention_decode", "Attention of one new token per sequence")
          .key("launch", &C::launch, "fixed time of the kernel", {.min = 0, .unit = "s"})
          .key("per_kv_head", &C::per_kv_head, "time per sequence and KV head", {.min = 0, .unit = "s"})
          .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
               {.min = 0, .above_min = true});
  return s;
}

const reader::Schema<AttentionPrefillCoefficients>& AttentionPrefillCoefficients::schema() {
  using C = AttentionPrefillCoefficients;
  static const auto s = reader::Schema<C>("attention_prefill", "Attention of the chunks of prompts")
                            .key("launch", &C::launch, "fixed time of the kernel", {.min = 0, .unit = "s"})
                            .key("compute_efficiency", &C::compute_efficiency, "share of the dense BF16 peak",
                                 {.min = 0, .above_min = true})
                            .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
                                 {.min = 0, .above_min = true})
                            .key("context_efficiency", &C::context_efficiency,
                                 "compute_efficiency for tokens before the chunk; 0 = the same", {.min = 0});
  return s;
}

namespace {

double kv_bytes_per_token(const AttentionShape& shape) {
  return 2 * shape.kv_heads * shape.head_dim * shape.kv_bytes_per_element;
}

}  // namespace

AffineTime attention_decode_time(const AttentionDecodeCoefficients& c, const AttentionShape& shape, double bandwidth,
                                 double sequences) {
  AffineTime time;
  time.base.host = c.launch;
  time.base.memory = c.per_kv_head * sequences * shape.kv_heads;
  time.slope.memory = kv_bytes_per_token(shape) / (bandwidth * c.memory_efficiency);
  return time;
}

CauseTimes attention_prefill_time(const AttentionPrefillCoefficients& c, const AttentionShape& shape, double bandwidth,
                                  double bf16_peak, const MixedBatch& batch) {
  constexpr double kActivationBytes = 2;
  const double query_and_output = 2 * shape.heads * shape.head_dim * kActivationBytes;
  const double chunk_tokens = static_cast<double>(batch.prefill_tokens);
  const double kv_tokens = chunk_tokens + static_cast<double>(batch.prefill_context);
  CauseTimes time;
  time.host = c.launch;
  time.compute = 4 * shape.heads * shape.head_dim * batch.prefill_pairs / (bf16_peak * c.compute_efficiency);
  time.memory =
      (chunk_tokens * query_and_output + kv_tokens * kv_bytes_per_token(shape)) / (bandwidth * c.memory_efficiency);
  return time;
}

}  // namespace flotilla::models
