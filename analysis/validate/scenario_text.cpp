#include <fmt/format.h>

#include "analysis/validate/protocol.hpp"

namespace flotilla::analysis {
namespace {

template <class T>
void add(std::string& text, const char* key, const std::optional<T>& value) {
  if (value) text += fmt::format(", {}: {}", key, *value);
}

void add_size(std::string& text, const char* key, int size) {
  if (size != 1) text += fmt::format(", {}: {}", key, size);
}

/// One serving group: all of the fleet, or the workers of one role.
std::string serving(const Setup& s, const char* role = "", const Workers* workers = nullptr) {
  std::string text =
      fmt::format("pool: bench, engine: {}, weights: {}, kv_cache_dtype: {}", s.engine, s.weights, s.kv_cache);
  if (!s.engine_version.empty()) text += fmt::format(", engine_version: '{}'", s.engine_version);
  if (workers != nullptr) text += fmt::format(", role: {}, replicas: {}", role, workers->count);
  add_size(text, "tensor_parallel_size", workers ? workers->tp : s.tp);
  add_size(text, "pipeline_parallel_size", workers ? workers->pp : s.pp);
  add_size(text, "expert_parallel_size", workers ? workers->ep : s.ep);
  add_size(text, "data_parallel_size", workers ? workers->dp : s.dp);
  add(text, "gpu_memory_utilization", s.memory_share);
  add(text, "block_size", s.block_size);
  if (s.draft_tokens > 0)
    text += fmt::format(", speculation: {{draft_tokens: {}, acceptance: {}}}", s.draft_tokens, s.acceptance);
  std::string limits;
  add(limits, "max_num_batched_tokens", s.max_num_batched_tokens);
  const bool decodes = workers != nullptr && workers == &s.workers->decode;
  add(limits, "max_num_seqs", decodes ? std::optional(workers->batch) : s.max_num_seqs);
  add(limits, "enable_chunked_prefill", s.chunked_prefill);
  if (s.batch_wait_steps > 0)
    limits += fmt::format(", batch_wait_max_tokens_ratio: {}, batch_wait_timeout_iters: {}", s.batch_wait_ratio,
                          s.batch_wait_steps);
  if (!s.policy.empty()) limits += ", policy: " + s.policy;
  if (!limits.empty()) text += fmt::format(", scheduler: {{{}}}", limits.substr(2));
  return text;
}

std::string groups(const Setup& s) {
  if (!s.workers) return fmt::format("{{{}}}", serving(s));
  return fmt::format("{{{}}}, {{{}}}", serving(s, "prefill", &s.workers->prefill),
                     serving(s, "decode", &s.workers->decode));
}

std::string workload(const Setup& s) {
  std::string text = fmt::format("request_rate: {}", s.request_rate);
  add(text, "max_concurrency", s.max_concurrency);
  if (s.cached_share > 0) text += fmt::format(", prefix_cache_hit_rate: {:.4g}", s.cached_share);
  if (!s.warmup.empty()) text += fmt::format(", warmup: {}", s.warmup);
  return text + fmt::format(", input_tokens: {}, output_tokens: {}, num_prompts: {}", s.input_tokens, s.output_tokens,
                            s.requests);
}

}  // namespace

std::string to_scenario(const Setup& s) {
  return fmt::format(
      "name: \"{}\"\n"
      "model: {}\n"
      "fleet: {{pools: [{{name: bench, system: {}, gpus: {}}}]}}\n"
      "serving: [{}]\n"
      "workload: {{{}}}\n",
      s.name, s.model, s.system, s.gpus, groups(s), workload(s));
}

}  // namespace flotilla::analysis
