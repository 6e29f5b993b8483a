// What fits: the memory ledger of one GPU of a replica.
#pragma once

#include <cstdint>

#include "models/deployment.hpp"

namespace flotilla::models {

/// Bytes on each GPU of the replica. KV budget = capacity * utilization - weights - activations - runtime (may be negative:
/// it does not fit, by that much).
struct MemoryLedger {
  Bytes capacity;          ///< what the driver reports
  Bytes usable;            ///< capacity * gpu_memory_utilization
  Bytes weights;
  Bytes activations;       ///< peak of a step of max_num_batched_tokens, and CUDA graphs
  Bytes runtime;           ///< CUDA context, NCCL, allocator slack
  Bytes kv_budget;
  Bytes kv_bytes_per_token;      ///< on one GPU, after sharding (KV heads replicate beyond their number)
  std::int64_t kv_blocks = 0;    ///< whole blocks that fit
  std::int64_t kv_tokens = 0;    ///< kv_blocks * block_size
  [[nodiscard]] bool fits() const { return kv_blocks > 0; }
};

MemoryLedger memory_ledger(const Deployment&);

}  // namespace flotilla::models
