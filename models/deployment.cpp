#include "models/deployment.hpp"

#include <numeric>
#include <utility>

namespace flotilla::models {

double Speculation::tokens_per_step() const {
  if (by_position.empty()) return tokens_per_step(acceptance);
  return std::accumulate(by_position.begin(), by_position.end(), 1.0);
}

double Speculation::tokens_per_step(double acceptance_of_request) const {
  double tokens = 1, chance = 1;
  for (int i = 0; i < draft_tokens; ++i) tokens += chance *= acceptance_of_request;
  return tokens;
}

Deployment default_deployment(Llm llm, Gpu gpu, Engine engine) {
  Deployment d;
  d.weights = llm.checkpoint_weights.value_or(NumberFormat::kBf16);
  d.gpu_memory_utilization = default_gpu_memory_utilization(engine, gpu);
  d.max_num_seqs = default_max_num_seqs(engine, gpu);
  d.max_num_batched_tokens = default_max_num_batched_tokens(engine, gpu);
  d.block_size = engine.block_size;
  d.llm = std::move(llm);
  d.gpu = std::move(gpu);
  d.engine = std::move(engine);
  return d;
}

}  // namespace flotilla::models
