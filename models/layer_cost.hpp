// What the layers of one deployment cost, by what passes through them: the operators put together, with the
// coefficients that the deployment runs on. Steps are put together from these in step_cost.cpp.
#pragma once

#include <vector>

#include "models/calibration.hpp"
#include "models/operators/expert_exchange.hpp"
#include "models/operators/mla.hpp"
#include "models/operators/moe.hpp"

namespace flotilla::models {

/// Attention of decoding sequences over the cache, all layers: base + slope * K + window_slope * W.
struct DecodeAttention {
  CauseTimes base, slope, window_slope;
};

/// Times of all layers of the model together, on the busiest attention rank.
class LayerCost {
 public:
  LayerCost(const Deployment&, const CalibratedCell&);  ///< both must outlive it

  /// All but attention over the cache: `rank_tokens` pass through the attention rank, `group_tokens` through all ranks
  /// that share experts.
  [[nodiscard]] CauseTimes tokens(double rank_tokens, double group_tokens) const;
  /// The vocabulary projection of `rows` sequences.
  [[nodiscard]] CauseTimes sampling(double rows) const;
  [[nodiscard]] DecodeAttention decode_attention(double sequences) const;
  [[nodiscard]] CauseTimes prefill_attention(const MixedBatch&) const;
  /// Handing the activations of so many tokens from each pipeline stage to the next.
  [[nodiscard]] CauseTimes stage_transfers(double rank_tokens) const;
  /// Of the communication of tokens() and stage_transfers(), what empty messages would take.
  [[nodiscard]] double collective_latency() const;

 private:
  [[nodiscard]] CauseTimes multiply(const std::vector<GemmShape>&, const GemmCoefficients&, const Roofline&,
                                    double tokens) const;
  /// Keys and values of so many cached tokens from their latents, in one layer.
  [[nodiscard]] CauseTimes expand_latents(double tokens) const;
  [[nodiscard]] CauseTimes expert_layer(double rank_tokens, double group_tokens) const;
  [[nodiscard]] double all_reduce(int ranks, double bytes) const;
  [[nodiscard]] double exchange(double rank_tokens) const;
  [[nodiscard]] double reduce_of(double tokens) const;
  [[nodiscard]] double expert_collectives(double rank_tokens, double group_tokens) const;
  void set_attention(const Calibration&);
  void set_experts(const Calibration&, const Gpu&);

  const Deployment& d_;
  const CalibratedCell& cell_;
  OperatorScales scales_;
  ElementwiseCoefficients elementwise_;
  ElementwiseShape dense_elementwise_, sparse_elementwise_;
  std::vector<GemmShape> projections_, mlp_, shared_expert_;
  GemmShape router_, lm_head_;
  GemmCoefficients gemm_, attention_gemm_, bf16_gemm_;
  Roofline gemm_roofline_, attention_roofline_, bf16_roofline_, expert_roofline_;
  AttentionShape attention_shape_;
  AttentionDecodeCoefficients decode_, window_decode_;
  AttentionPrefillCoefficients prefill_, window_prefill_;
  MlaShape latent_shape_;
  MlaDecodeCoefficients latent_decode_;
  AttentionPrefillCoefficients latent_prefill_;
  MoeShape expert_shape_;
  MoeCoefficients experts_;
  std::vector<ExchangeCoefficients> exchanges_;  ///< not empty
  ExpertChoice expert_choice_;
  double nvlink_ = 0;
};

}  // namespace flotilla::models
