// What would help where memory is short: neighbours of a deployment, each with the KV cache that it would have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/memory.hpp"

namespace flotilla::models {

/// One changed key, or another GPU, and what comes of it.
struct Alternative {
  std::string change;          ///< "weights: fp8", "tensor_parallel_size: 2", "on h200-sxm"
  std::int64_t kv_tokens = 0;  ///< of the whole replica
  Bytes kv_budget;             ///< on each GPU
};

/// Alternatives that fit and hold more KV than the deployment as it is; computed with memory_ledger, none assumed.
/// Narrower weights that the GPU multiplies natively, an FP8 KV cache, tensor parallelism 2, 4 and 8 where it divides
/// the heads, 256 sequences at most, a utilization of 0.95, and the catalogue's larger GPUs.
std::vector<Alternative> alternatives(const Deployment&);

/// The same in sentences: "weights: fp8: fits, KV for 12,345 tokens (2.0 GB per GPU)".
std::vector<std::string> fit_advice(const Deployment&);

}  // namespace flotilla::models
