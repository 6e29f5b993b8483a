#include "models/deployment.hpp"

#include <utility>

namespace flotilla::models {

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
