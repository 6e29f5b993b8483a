#include "models/llm.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flotilla::models {
namespace {

constexpr double kBf16Bytes = 2.0;

/// Parameters of one layer's matrices on one of `tp` GPUs. Query heads and MLP columns are divided, KV heads replicate.
double linear_per_layer(const Llm& llm, int tp) {
  const double hidden = llm.hidden;
  const double query = hidden * llm.heads * llm.head_dim / tp;
  const double key_value = 2 * hidden * kv_heads_per_gpu(llm, tp) * llm.head_dim;
  const double output = hidden * llm.heads * llm.head_dim / tp;
  const double mlp = 3 * hidden * llm.intermediate / tp;  // gate, up and down
  return query + key_value + output + mlp;
}

double norms_and_biases(const Llm& llm) {
  double per_layer = 2.0 * llm.hidden;
  if (llm.attention_bias) per_layer += (llm.heads + 2.0 * llm.kv_heads) * llm.head_dim;
  if (llm.qk_norm) per_layer += 2.0 * llm.head_dim;
  return llm.layers * per_layer + llm.hidden;
}

}  // namespace

Parameters parameters(const Llm& llm) {
  Parameters p;
  p.linear = llm.layers * linear_per_layer(llm, 1);
  p.embedding = static_cast<double>(llm.vocab) * llm.hidden;
  p.lm_head = llm.tied_embeddings ? 0 : p.embedding;
  p.norms = norms_and_biases(llm);
  return p;
}

Bytes weight_bytes(const Llm& llm, NumberFormat weights) {
  const auto p = parameters(llm);
  return Bytes(p.linear * bytes_per_element(weights) + (p.embedding + p.lm_head + p.norms) * kBf16Bytes);
}

Bytes weight_bytes_per_gpu(const Llm& llm, NumberFormat weights, int tensor_parallel_size) {
  const auto p = parameters(llm);
  const double linear = llm.layers * linear_per_layer(llm, tensor_parallel_size) * bytes_per_element(weights);
  const double vocabulary = (p.embedding + p.lm_head) / tensor_parallel_size;  // rows of the table are divided
  return Bytes(linear + (vocabulary + p.norms) * kBf16Bytes);
}

Bytes streamed_bytes(const Llm& llm, NumberFormat weights) {
  const auto p = parameters(llm);
  const double head = llm.tied_embeddings ? p.embedding : p.lm_head;
  return Bytes(p.linear * bytes_per_element(weights) + (head + p.norms) * kBf16Bytes);
}

int kv_heads_per_gpu(const Llm& llm, int tensor_parallel_size) {
  return std::max(1, (llm.kv_heads + tensor_parallel_size - 1) / tensor_parallel_size);
}

Bytes kv_bytes_per_token(const Llm& llm, NumberFormat kv_cache) { return kv_bytes_per_token_per_gpu(llm, kv_cache, 1); }

Bytes kv_bytes_per_token_per_gpu(const Llm& llm, NumberFormat kv_cache, int tensor_parallel_size) {
  const double elements = 2.0 * llm.layers * kv_heads_per_gpu(llm, tensor_parallel_size) * llm.head_dim;
  return Bytes(elements * bytes_per_element(kv_cache));
}

std::string unmodelled(const Llm& llm) {
  if (llm.kv_lora_rank > 0) {
    return fmt::format("multi-head latent attention (kv_lora_rank {}){}", llm.kv_lora_rank,
                       llm.experts > 0 ? fmt::format(" and a mixture of {} experts", llm.experts) : "");
  }
  if (llm.experts > 0) {
    return fmt::format("a mixture of experts ({} experts, {} per token)", llm.experts, llm.experts_per_token);
  }
  if (llm.window > 0) return fmt::format("sliding-window attention (window of {} tokens)", llm.window);
  return "";
}

}  // namespace flotilla::models
