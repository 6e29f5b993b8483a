// Attention over a paged KV cache: a decode kernel (one query per sequence) and a prefill kernel (chunks of a prompt).
#pragma once

#include "models/step_cost.hpp"

namespace flotilla::models {

/// One layer's heads on one GPU, after sharding.
struct AttentionShape {
  double heads = 0;
  double kv_heads = 0;
  double head_dim = 0;
  double kv_bytes_per_element = 2;
};

/// Fitted per (GPU, engine, KV format).
struct AttentionDecodeCoefficients {
  double launch = 10e-6;       ///< seconds
  double per_kv_head = 10e-9;  ///< seconds per (sequence, KV head): the kernel's unit of work
  double memory_efficiency = 0.8;
  static const reader::Schema<AttentionDecodeCoefficients>& schema();
};

/// Fitted per (GPU, engine, KV format). `compute_efficiency` is a share of the dense BF16 peak: FP8 attention may
/// exceed one half.
struct AttentionPrefillCoefficients {
  double launch = 15e-6;  ///< seconds
  double compute_efficiency = 0.5;
  double memory_efficiency = 0.5;
  /// The same as `compute_efficiency` for tokens before the chunk, where they go through a kernel of their own (latent
  /// attention: no table measured it, serving points do); 0 = no difference.
  double context_efficiency = 0;
  static const reader::Schema<AttentionPrefillCoefficients>& schema();
};

/// launch + per_kv_head * n * kv_heads + K * bytes / (bandwidth * e): affine in the KV tokens K. Returns base and slope
/// per token.
struct AffineTime {
  CauseTimes base, slope;
};
AffineTime attention_decode_time(const AttentionDecodeCoefficients&, const AttentionShape&, double bandwidth,
                                 double sequences);

/// launch + 4 * heads * head_dim * pairs / (peak * e_c) + (q and o of the chunks, K and V of chunks and contexts) /
/// (bandwidth * e_m)
CauseTimes attention_prefill_time(const AttentionPrefillCoefficients&, const AttentionShape&, double bandwidth,
                                  double bf16_peak, const MixedBatch&);

}  // namespace flotilla::models
