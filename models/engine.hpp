// A serving engine's defaults: what a user gets who states nothing. The engine's speed is calibrated elsewhere, its decisions
// are scheduler policies of the simulator; here are the limits it sets and how it divides memory.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/gpu.hpp"
#include "models/sourced.hpp"
#include "scenarios/reader/node.hpp"

namespace flotilla::models {

/// Of what `gpu_memory_utilization` is a share. Three engines, three meanings.
enum class MemoryBasis {
  kTotal,   ///< all the engine may use, of the GPU's total: vLLM's gpu_memory_utilization
  kFree,    ///< the KV cache, of what is free after loading the weights and a trial run: TensorRT-LLM's free_gpu_memory_fraction
  kStatic,  ///< weights and KV cache together, of the total; activations live in the rest: SGLang's mem_fraction_static
};
std::span<const std::pair<MemoryBasis, std::string_view>> enum_names(MemoryBasis);

struct Engine {
  std::string name;                  ///< "vllm"
  std::string version;               ///< whose defaults these are: "0.11"
  std::vector<std::string> aliases;  ///< "vllm-v1"
  std::string scheduler;             ///< policy used where the scenario names none: "vllm_v1"
  MemoryBasis memory_basis = MemoryBasis::kTotal;
  Sourced<double> gpu_memory_utilization;
  Sourced<int> max_num_seqs;
  Sourced<int> max_num_batched_tokens;
  Sourced<int> block_size;           ///< tokens per KV block
  Sourced<Bytes> large_gpu;          ///< GPUs below this memory get the two limits below instead; 0 = one size fits all
  Sourced<int> small_gpu_max_num_seqs;
  Sourced<int> small_gpu_max_num_batched_tokens;
  bool chunked_prefill = true;
  bool prefix_caching = true;
  Sourced<Bytes> runtime;            ///< CUDA context, libraries, communicators and slack that the engine does not give to KV
};

/// The defaults that depend on the GPU.
int default_max_num_seqs(const Engine&, const Gpu&);
int default_max_num_batched_tokens(const Engine&, const Gpu&);

/// A catalogue name, an alias or a path to a YAML file. Throws InputError with "did you mean".
Engine load_engine(const std::string& name_or_path);
Engine load_engine(const reader::Node&);

}  // namespace flotilla::models
