#include "models/deployment.hpp"

#include <utility>

namespace flotilla::models {

double Speculation::tokens_per_step() const {
  double tokens = 1, chance = 1;
  for (int i = 0; i < draft_tokens; ++i) tokens += chance *= acceptance;
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
