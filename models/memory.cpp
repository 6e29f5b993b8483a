#include "models/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::models {
namespace {

constexpr double kBf16Bytes = 2;
constexpr double kExpertTokensAtOnce = 32 * 1024;     // vllm/envs.py: VLLM_FUSED_MOE_CHUNK_SIZE
constexpr double kLatentsExpandedAtOnce = 64 * 1024;  // vllm/v1/attention/backends/mla/common.py: workspace, in tokens

Bytes sampler_bytes(const Deployment& d, int sequences) {
  return Bytes(static_cast<double>(sequences) * d.llm.vocab * d.engine.sampler_bytes_per_logit);
}

/// Of a layer without experts.
double dense_mlp_bytes(const Deployment& d, double tokens) {
  const double columns = static_cast<double>(d.llm.intermediate) / d.tensor_parallel_size;
  return tokens * columns * (2 * kBf16Bytes + bytes_per_element(d.weights));
}

/// Of a layer with experts: the tokens of all attention ranks may come to one.
double expert_bytes(const Deployment& d, double tokens) {
  const double width = static_cast<double>(d.llm.moe_intermediate) / d.expert_tensor_parallel_size();
  const double hidden = d.llm.hidden;
  const double rows = std::min(tokens * d.data_parallel_size, kExpertTokensAtOnce) * d.llm.experts_per_token;
  return rows * (std::max(2 * width, hidden) + std::max(width, hidden)) * kBf16Bytes;
}

/// Keys and values of cached context, expanded from their latents for prefill.
double latent_attention_bytes(const Deployment& d) {
  const double heads = static_cast<double>(d.llm.heads) / d.tensor_parallel_size;
  return kLatentsExpandedAtOnce * heads * (d.llm.qk_nope_head_dim + d.llm.v_head_dim) * kBf16Bytes;
}

Bytes activation_bytes(const Deployment& d) {
  const double tokens = d.max_num_batched_tokens;
  const Bytes residual(tokens * 2 * d.llm.hidden * kBf16Bytes);
  double layer = 0;
  if (d.llm.dense_layers() > 0) layer = dense_mlp_bytes(d, tokens);
  if (d.llm.moe_layers > 0) layer = std::max(layer, expert_bytes(d, tokens));
  if (d.llm.latent_attention()) layer = std::max(layer, latent_attention_bytes(d));
  const int sequences = std::min<int>(d.max_num_seqs, d.engine.sampler_max_seqs);
  return residual + std::max(Bytes(layer), sampler_bytes(d, sequences));
}

/// What the engine takes of the GPU, by what it means by its share.
Bytes usable_bytes(const Deployment& d, const MemoryLedger& m) {
  const Bytes taken = m.weights + m.activations + m.runtime;
  switch (d.engine.memory_basis) {
    case MemoryBasis::kTotal:
      return m.capacity * d.gpu_memory_utilization;
    case MemoryBasis::kFree:
      return taken < m.capacity ? taken + (m.capacity - taken) * d.gpu_memory_utilization : m.capacity;
    case MemoryBasis::kStatic:  // of what was free before loading; the trial step lives in the rest
      return (m.capacity - m.runtime) * d.gpu_memory_utilization + m.runtime + m.activations;
  }
  return m.capacity;
}

}  // namespace

MemoryLedger memory_ledger(const Deployment& d) {
  MemoryLedger m;
  m.capacity = d.gpu.memory;
  m.weights = weight_bytes_per_gpu(
      d.llm, d.weights, {d.tensor_parallel_size, d.expert_ranks(), d.pipeline_parallel_size, d.expert_parallel_size});
  m.activations = activation_bytes(d);
  m.runtime = d.engine.runtime;
  m.usable = usable_bytes(d, m);
  m.kv_budget = m.usable - m.weights - m.activations - m.runtime;
  const int stage = (d.llm.layers + d.pipeline_parallel_size - 1) / d.pipeline_parallel_size;  // layers of the fullest
  m.kv_bytes_per_token = kv_bytes_per_token_per_gpu(d.llm, d.kv_cache, d.tensor_parallel_size) *
                         (static_cast<double>(stage) / d.llm.layers);
  m.layout = kv_layout(d);
  const double share = m.layout.layers == 0 ? 1 : static_cast<double>(m.layout.layers) / d.llm.layers;
  const double blocks = std::floor(m.kv_budget / (m.kv_bytes_per_token * (d.block_size * share)));
  m.kv_blocks = static_cast<std::int64_t>(std::max(0.0, blocks));
  m.kv_tokens = m.kv_blocks / m.layout.groups() * d.block_size;
  m.kv_longest = m.layout.longest(m.kv_blocks) * d.block_size;
  return m;
}

std::int64_t sequences_that_fit(const Deployment& d, std::int64_t tokens) {
  const auto blocks = kv_layout(d).blocks_for((tokens + d.block_size - 1) / d.block_size);
  return blocks > 0 ? memory_ledger(d).kv_blocks / blocks : 0;
}

std::vector<std::string> memory_notes(const Deployment& d) {
  std::vector<std::string> notes;
  if (!d.llm.caveat.empty()) notes.push_back(fmt::format("{}: {}.", d.llm.name, d.llm.caveat));
  const int counted = d.engine.sampler_max_seqs;
  const auto m = memory_ledger(d);
  const Bytes uncounted = sampler_bytes(d, d.max_num_seqs) - sampler_bytes(d, std::min(d.max_num_seqs, counted));
  const bool trial_is_measured = d.engine.memory_basis == MemoryBasis::kTotal;
  if (trial_is_measured && m.fits() && uncounted > m.kv_budget * 0.1) {
    notes.push_back(
        fmt::format("{} tries its sampler with all of max_num_seqs {} before it divides memory: up to {:.1f} GB beyond "
                    "this ledger, {} of its "
                    "{:.1f} GB for KV. Set max_num_seqs to {} or less.",
                    d.engine.title, d.max_num_seqs, uncounted.value() / 1e9, uncounted < m.kv_budget ? "a part" : "all",
                    m.kv_budget.value() / 1e9, counted));
  }
  return notes;
}

}  // namespace flotilla::models
