// One model on one group of GPUs: all that the cost model needs to know about a replica.
#pragma once

#include "models/engine.hpp"
#include "models/gpu.hpp"
#include "models/llm.hpp"
#include "models/number_format.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// How the ranks of a group reach each other, as the topology found it. Per GPU and direction.
struct GroupLinks {
  BytesPerSecond bandwidth{0};
  Seconds latency{0};
  bool crosses_fabric = false;  ///< some pair of ranks is not in one NVLink domain
};

/// tp GPUs that share each layer (pipeline, expert and attention-data parallelism: not in this version).
struct Deployment {
  Llm llm;
  Gpu gpu;
  Engine engine;
  NumberFormat weights = NumberFormat::kBf16;
  NumberFormat kv_cache = NumberFormat::kBf16;
  int tensor_parallel_size = 1;
  double gpu_memory_utilization = 0.9;
  int max_num_batched_tokens = 8192;
  int max_num_seqs = 1024;
  int block_size = 16;  ///< tokens per KV block
  GroupLinks links;
};

/// A deployment with the engine's defaults on this GPU; weights as the checkpoint stores them, BF16 where it does not
/// say.
Deployment default_deployment(Llm, Gpu, Engine);

}  // namespace flotilla::models
