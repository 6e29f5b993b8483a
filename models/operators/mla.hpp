// Multi-head latent attention (DeepSeek-V2/V3 papers): all heads share one latent vector per token, which is all that
// the cache holds. Decode attends in the latent space (projections absorbed), prefill expands keys and values.
#pragma once

#include "models/operators/attention.hpp"
#include "models/operators/gemm.hpp"

namespace flotilla::models {

/// One layer's heads on one GPU, after sharding. The latent cache is not divided by tensor parallelism.
struct MlaShape {
  double heads = 0;
  double kv_lora_rank = 0;
  double qk_nope_head_dim = 0;
  double qk_rope_head_dim = 0;
  double v_head_dim = 0;
  double kv_bytes_per_element = 2;
};

/// Fitted per (GPU, engine, KV format).
struct MlaDecodeCoefficients {
  double launch = 15e-6;            ///< seconds
  double per_sequence = 50e-9;      ///< seconds per sequence
  double per_head = 1e-9;           ///< seconds per (sequence, head): queries in, outputs out, partial results joined
  double memory_efficiency = 0.7;   ///< share of the memory bandwidth
  double compute_efficiency = 0.4;  ///< share of the dense BF16 peak
  double per_token = 0.2e-9;        ///< seconds per token of a sequence alone, which cannot keep the whole GPU busy
  static const reader::Schema<MlaDecodeCoefficients>& schema();
};

/// launch + (per_sequence + per_head * heads) * n + K * (memory^2 + compute^2 + (per_token / n)^2)^(1/2), affine in the
/// KV tokens K:
/// memory  = (kv_lora_rank + rope) * bytes / (bandwidth * e_m)
/// compute = 2 * heads * (2 * kv_lora_rank + rope) / (BF16 peak * e_c)
AffineTime mla_decode_time(const MlaDecodeCoefficients&, const MlaShape&, const Roofline& bf16, double sequences);

/// Expanding latents of cached tokens to keys and values once more, which every chunk of a prompt does for all tokens
/// before it: a multiplication, and bytes per token that move beside it (latents out of the cache and into BF16, each
/// head's key put together from its own part and the shared rotary one). vllm/v1/attention/backends/mla/common.py,
/// _compute_prefill_context; SGLang and TensorRT-LLM do the same where a prompt is chunked or found in the cache.
GemmShape mla_expansion(const MlaShape&);
double mla_expansion_bytes(const MlaShape&);

/// launch + 2 * heads * (nope + rope + v) * pairs / (peak * e_c) + bytes of q, k, v and output / (bandwidth * e_m): the
/// attention kernel alone, keys and values expanded; the projections are multiplications of their own. Pairs with
/// tokens before the chunk, all but tokens^2 / (2 * chunks), count with `context_efficiency`.
CauseTimes mla_prefill_time(const AttentionPrefillCoefficients&, const MlaShape&, const Roofline& bf16,
                            const MixedBatch&);

}  // namespace flotilla::models
