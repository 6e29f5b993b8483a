// What fits: the memory ledger of one GPU of a replica.
//
//   weights      from the model's shape and number format (llm.hpp); what each rank holds under tensor parallelism
//   activations  residual + max(MLP, experts, latents, sampler), the peak of the trial step in which engines measure
//   what
//                is left for KV:
//                residual = tokens * 2 * hidden * 2 bytes (the stream and its copy before a norm, BF16)
//                MLP      = tokens * intermediate/tp * (2*2 + b) bytes: gate and up in BF16, the input of down
//                           in b bytes (the weights' format: the quantisation is fused)
//                experts  = tokens * dp * experts_per_token * (max(2w, hidden) + max(w, hidden)) * 2 bytes, w the width
//                           of an expert on one GPU: the two workspaces of vLLM's fused experts
//                           (vllm/model_executor/layers/fused_moe), at most 32,768 tokens at once
//                latents  = 65,536 * heads/tp * (nope + v) * 2 bytes: keys and values of cached context, expanded for
//                           prefill (vllm/v1/attention/backends/mla/common.py)
//                sampler  = sequences * vocab * sampler_bytes_per_logit (engine): sorted logits, indices, probabilities
//                with tokens = max_num_batched_tokens and sequences = min(max_num_seqs, sampler_max_seqs (engine))
//   runtime      a constant of the engine: CUDA context, libraries, CUDA graphs, rotary tables, allocator slack
//
// The constants of vLLM (runtime 816 MiB, 38 bytes per logit) are fitted on what vLLM 0.15 logged for Llama 3.3 70B in
// NVFP4 on one B200 at 0.9 of 183,359 MiB: 119.35 GiB of KV with up to 128 sequences (782,160 tokens), 119.17 with 256
// and 118.00 with 512: met within 0.02 %. What vLLM 0.19 logged for DeepSeek-R1 in NVFP4 on four and eight B200s, with
// the default of 1,024 sequences, was not fitted and is met within 1.0 % (four) and 0.6 % (eight): there, too, the
// sampler is the peak, which is why the overhead beside the weights (4.8 GiB) is 2.9 GiB more than the 70B's and the
// same on four and on eight GPUs. Communication buffers of tensor parallelism are not counted: those ledgers leave no
// room for any.
//
// The share `gpu_memory_utilization` means what the engine means by it (MemoryBasis): of the total (vLLM), of what
// weights and trial step leave free (TensorRT-LLM), or of the total for weights and KV together (SGLang).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/deployment.hpp"
#include "models/kv_layout.hpp"

namespace flotilla::models {

/// Bytes on each GPU of the replica. KV budget = usable - weights - activations - runtime (may be negative: it does not
/// fit, by that much).
struct MemoryLedger {
  Bytes capacity;  ///< what the driver reports
  Bytes usable;    ///< what the engine takes of it: weights + activations + runtime + KV budget
  Bytes weights;
  Bytes activations;  ///< peak of a step of max_num_batched_tokens
  Bytes runtime;      ///< CUDA context, CUDA graphs, libraries, allocator slack
  Bytes kv_budget;
  Bytes kv_bytes_per_token;    ///< on one GPU, after sharding (KV heads replicate beyond their number)
  KvLayout layout;
  std::int64_t kv_blocks = 0;   ///< whole blocks that fit, each of one group of layers
  std::int64_t kv_tokens = 0;   ///< in sequences no longer than a window: the whole blocks of all groups * block_size
  std::int64_t kv_longest = 0;  ///< tokens of one sequence at most
  [[nodiscard]] bool fits() const { return kv_blocks > 0; }
};

MemoryLedger memory_ledger(const Deployment&);

/// Sequences of `tokens` tokens (prompt and output) that the KV cache holds at once, in whole blocks.
std::int64_t sequences_that_fit(const Deployment&, std::int64_t tokens);

/// What a user should know beside the ledger's figures, in sentences; empty as a rule.
std::vector<std::string> memory_notes(const Deployment&);

}  // namespace flotilla::models
