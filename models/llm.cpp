#include "models/llm.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::models {
namespace {

constexpr double kBf16Bytes = 2.0;

double mlp_of(double hidden, double intermediate) { return 3 * hidden * intermediate; }  // gate, up and down

/// Projections of one layer on one of `tp` GPUs. Query heads are divided, KV heads replicate.
double grouped_query_projections(const Llm& llm, int tp) {
  const double hidden = llm.hidden, query = hidden * llm.heads * llm.head_dim / tp;
  const double key_value = 2 * hidden * kv_heads_per_gpu(llm, tp) * llm.head_dim;
  return 2 * query + key_value;  // q and o, k and v
}

/// Latents are projected down on every GPU, and up to its heads.
double latent_projections(const Llm& llm, int tp) {
  const double hidden = llm.hidden, heads = static_cast<double>(llm.heads) / tp;
  const double query_width = llm.qk_nope_head_dim + llm.qk_rope_head_dim;
  const double down = hidden * (llm.q_lora_rank + llm.kv_lora_rank + llm.qk_rope_head_dim);
  const double queries = heads * query_width * (llm.q_lora_rank > 0 ? llm.q_lora_rank : hidden);
  const double keys_values = heads * (llm.qk_nope_head_dim + llm.v_head_dim) * llm.kv_lora_rank;
  return down + queries + keys_values + heads * llm.v_head_dim * hidden;
}

double projections(const Llm& llm, int tp) {
  return llm.latent_attention() ? latent_projections(llm, tp) : grouped_query_projections(llm, tp);
}

struct Stage {
  double layers = 0, sparse = 0;
};

constexpr int kFewDense = 4;  // dense layers are few where at most one in so many is dense: 3 of 61, not 24 of 48

Stage fullest_stage(const Llm& llm, int stages) {
  const auto layers = static_cast<double>((llm.layers + stages - 1) / stages);
  if (kFewDense * llm.dense_layers() <= llm.layers) return {layers, std::min<double>(layers, llm.moe_layers)};
  return {layers, std::ceil(layers * llm.moe_layers / llm.layers)};
}

/// Of `experts`, those on one rank, in the mean over the ranks that share their width.
double experts_per_rank(const Llm& llm, const Sharding& by) {
  const double whole = std::ceil(static_cast<double>(llm.experts) / by.expert_parallel);
  return whole * by.expert_parallel / by.expert_ranks;
}

/// What each GPU of a division holds of the layers' matrices in the fullest stage, embedding and lm_head apart.
Parameters divided(const Llm& llm, const Sharding& by) {
  const double tp = by.tensor_parallel;
  const auto stage = fullest_stage(llm, by.stages);
  Parameters p;
  p.attention = stage.layers * projections(llm, by.tensor_parallel);
  p.mlp = (stage.layers - stage.sparse) * mlp_of(llm.hidden, llm.intermediate) / tp;
  p.experts = stage.sparse * experts_per_rank(llm, by) * mlp_of(llm.hidden, llm.moe_intermediate);
  p.shared = stage.sparse * mlp_of(llm.hidden, llm.shared_intermediate) / tp;
  p.router = stage.sparse * llm.hidden * llm.experts;
  p.linear = p.attention + p.mlp + p.experts + p.shared;
  return p;
}

/// Bytes of the layers' matrices.
double layer_bytes(const Llm& llm, NumberFormat weights, const Parameters& p) {
  const auto attention = attention_format(llm, weights);
  return p.attention * bytes_per_element(attention) + (p.linear - p.attention) * bytes_per_element(weights) +
         p.router * kBf16Bytes;
}

double norms_and_biases(const Llm& llm) {
  double per_layer = 2.0 * llm.hidden;
  if (llm.attention_bias) per_layer += (llm.heads + 2.0 * llm.kv_heads) * llm.head_dim;
  if (llm.qk_norm) per_layer += 2.0 * llm.head_dim;
  if (llm.latent_attention()) per_layer += llm.q_lora_rank + llm.kv_lora_rank;
  const double per_expert = llm.expert_bias ? 2.0 * llm.moe_intermediate + llm.hidden + 1 : 0;
  return llm.layers * per_layer + llm.hidden + static_cast<double>(llm.moe_layers) * llm.experts * per_expert;
}

}  // namespace

Parameters parameters(const Llm& llm) {
  Parameters p = divided(llm, {});
  p.embedding = static_cast<double>(llm.vocab) * llm.hidden;
  p.lm_head = llm.tied_embeddings ? 0 : p.embedding;
  p.norms = norms_and_biases(llm);
  return p;
}

NumberFormat attention_format(const Llm& llm, NumberFormat weights) {
  const bool fp4 = weights == NumberFormat::kNvfp4 || weights == NumberFormat::kMxfp4;
  if (fp4 && llm.fp4_attention_weights) return *llm.fp4_attention_weights;
  return llm.attention_weights.value_or(weights);
}

double active_parameters(const Llm& llm) {
  const auto p = parameters(llm);
  return llm.experts == 0 ? p.total()
                          : p.total() - p.experts * (1 - static_cast<double>(llm.experts_per_token) / llm.experts);
}

Bytes weight_bytes(const Llm& llm, NumberFormat weights) {
  const auto p = parameters(llm);
  return Bytes(layer_bytes(llm, weights, p) + (p.embedding + p.lm_head + p.norms) * kBf16Bytes);
}

Bytes weight_bytes_per_gpu(const Llm& llm, NumberFormat weights, const Sharding& by) {
  const auto p = parameters(llm);
  const double one_table = p.embedding, tables = p.embedding + p.lm_head;
  const double vocabulary = (by.stages == 1 ? tables : one_table) / by.tensor_parallel;  // rows are divided
  const double norms = p.norms * fullest_stage(llm, by.stages).layers / llm.layers;
  return Bytes(layer_bytes(llm, weights, divided(llm, by)) + (vocabulary + norms) * kBf16Bytes);
}

Bytes weight_bytes_per_gpu(const Llm& llm, NumberFormat weights, int tensor_parallel_size) {
  return weight_bytes_per_gpu(llm, weights, Sharding{tensor_parallel_size, tensor_parallel_size, 1});
}

Bytes streamed_bytes(const Llm& llm, NumberFormat weights) {
  auto p = parameters(llm);
  if (llm.experts > 0) {
    const double unread = p.experts * (1 - static_cast<double>(llm.experts_per_token) / llm.experts);
    p.experts -= unread, p.linear -= unread;
  }
  const double head = llm.tied_embeddings ? p.embedding : p.lm_head;
  return Bytes(layer_bytes(llm, weights, p) + (head + p.norms) * kBf16Bytes);
}

int kv_heads_per_gpu(const Llm& llm, int tensor_parallel_size) {
  return std::max(1, (llm.kv_heads + tensor_parallel_size - 1) / tensor_parallel_size);
}

Bytes kv_bytes_per_token(const Llm& llm, NumberFormat kv_cache) { return kv_bytes_per_token_per_gpu(llm, kv_cache, 1); }

double kv_elements_per_layer(const Llm& llm, int tensor_parallel_size) {
  if (llm.latent_attention()) return llm.kv_lora_rank + llm.qk_rope_head_dim;
  return 2.0 * kv_heads_per_gpu(llm, tensor_parallel_size) * llm.head_dim;
}

Bytes kv_bytes_per_token_per_gpu(const Llm& llm, NumberFormat kv_cache, int tensor_parallel_size) {
  return Bytes(llm.layers * kv_elements_per_layer(llm, tensor_parallel_size) * bytes_per_element(kv_cache));
}

Bytes kv_full_bytes_per_token(const Llm& llm, NumberFormat kv_cache) {
  return Bytes(llm.full_layers() * kv_elements_per_layer(llm, 1) * bytes_per_element(kv_cache));
}

Bytes kv_window_bytes_per_sequence(const Llm& llm, NumberFormat kv_cache) {
  const double tokens = static_cast<double>(llm.windowed_layers) * llm.window;
  return Bytes(tokens * kv_elements_per_layer(llm, 1) * bytes_per_element(kv_cache));
}

std::string unmodelled(const Llm& llm) { return llm.unknown_layers; }

}  // namespace flotilla::models
