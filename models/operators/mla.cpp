#include "models/operators/mla.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::models {

const reader::Schema<MlaDecodeCoefficients>& MlaDecodeCoefficients::schema() {
  using C = MlaDecodeCoefficients;
  static const auto s =
      reader::Schema<C>("mla_decode", "Latent attention of one new token per sequence")
          .key("launch", &C::launch, "fixed time of the kernel", {.min = 0, .unit = "s"})
          .key("per_sequence", &C::per_sequence, "time per sequence", {.min = 0, .unit = "s"})
          .key("per_head", &C::per_head, "time per sequence and head", {.min = 0, .unit = "s"})
          .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
               {.min = 0, .above_min = true})
          .key("compute_efficiency", &C::compute_efficiency, "share of the dense BF16 peak",
               {.min = 0, .above_min = true})
          .key("per_token", &C::per_token, "time per token of a sequence alone", {.min = 0, .unit = "s"});
  return s;
}

AffineTime mla_decode_time(const MlaDecodeCoefficients& c, const MlaShape& shape, const Roofline& bf16,
                           double sequences) {
  const double latent = shape.kv_lora_rank + shape.qk_rope_head_dim;
  const double memory = latent * shape.kv_bytes_per_element / (bf16.bandwidth * c.memory_efficiency);
  const double compute = 2 * shape.heads * (latent + shape.kv_lora_rank) / (bf16.peak * c.compute_efficiency);
  const double alone = c.per_token / sequences;
  const double joined = std::hypot(memory, compute, alone);
  AffineTime time;
  time.base.host = c.launch;
  time.base.memory = (c.per_sequence + c.per_head * shape.heads) * sequences;
  time.slope.compute = compute * (compute / joined);
  time.slope.memory = joined - time.slope.compute;
  return time;
}

GemmShape mla_expansion(const MlaShape& shape) {
  return {.n = shape.heads * (shape.qk_nope_head_dim + shape.v_head_dim), .k = shape.kv_lora_rank};
}

double mla_expansion_bytes(const MlaShape& shape) {
  constexpr double kActivationBytes = 2;
  const double latent = shape.kv_lora_rank + shape.qk_rope_head_dim;
  const double key = shape.qk_nope_head_dim + shape.qk_rope_head_dim;
  return latent * (shape.kv_bytes_per_element + kActivationBytes) +
         kActivationBytes * shape.heads * (shape.qk_nope_head_dim + key);
}

CauseTimes mla_prefill_time(const AttentionPrefillCoefficients& c, const MlaShape& shape, const Roofline& bf16,
                            const MixedBatch& batch) {
  constexpr double kActivationBytes = 2;
  const double query = shape.qk_nope_head_dim + shape.qk_rope_head_dim;
  const double chunk_tokens = static_cast<double>(batch.prefill_tokens);
  const double kv_tokens = chunk_tokens + static_cast<double>(batch.prefill_context);
  const double values = chunk_tokens + kv_tokens;  // queries and outputs of the chunk; keys and values of all
  CauseTimes time;
  time.host = c.launch;
  const double own = chunk_tokens * chunk_tokens / (2.0 * std::max(1, batch.prefill_seqs));
  const double before = std::fmax(0, batch.prefill_pairs - own);
  const double before_efficiency = c.context_efficiency > 0 ? c.context_efficiency : c.compute_efficiency;
  time.compute = 2 * shape.heads * (query + shape.v_head_dim) / bf16.peak *
                 ((batch.prefill_pairs - before) / c.compute_efficiency + before / before_efficiency);
  time.memory =
      kActivationBytes * shape.heads * (query + shape.v_head_dim) * values / (bf16.bandwidth * c.memory_efficiency);
  return time;
}

}  // namespace flotilla::models
