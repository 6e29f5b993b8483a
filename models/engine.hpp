// A serving engine's defaults: what a user gets who states nothing. The engine's speed is calibrated elsewhere, its
// decisions are scheduler policies of the simulator; here are the limits it sets and how it divides memory.
#pragma once

#include <optional>
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
  kFree,    ///< the KV cache, of what is free after loading the weights and a trial run: TensorRT-LLM's
            ///< free_gpu_memory_fraction
  kStatic,  ///< weights and KV cache together, of the total; activations live in the rest: SGLang's mem_fraction_static
};
std::span<const std::pair<MemoryBasis, std::string_view>> enum_names(MemoryBasis);

/// Defaults of GPUs with at least `from` bytes, where the engine chooses them by the GPU's memory.
struct GpuClass {
  Bytes from;
  std::optional<Sourced<double>> gpu_memory_utilization;
  std::optional<Sourced<int>> max_num_seqs;
  std::optional<Sourced<int>> max_num_batched_tokens;

  static const reader::Schema<GpuClass>& schema();
};

struct Engine {
  std::string name;                  ///< "vllm"
  std::string title;                 ///< "vLLM"
  std::string version;               ///< whose defaults these are: "0.11"
  std::vector<std::string> aliases;  ///< "vllm-v1"
  std::string scheduler;             ///< policy used where the scenario names none: "vllm_v1"
  MemoryBasis memory_basis = MemoryBasis::kTotal;
  Sourced<double> gpu_memory_utilization;
  Sourced<int> max_num_seqs;
  Sourced<int> max_num_batched_tokens;
  Sourced<int> block_size;            ///< tokens per KV block
  std::vector<GpuClass> gpu_classes;  ///< what differs on GPUs of some size; the last class that applies wins
  Sourced<bool> chunked_prefill;
  Sourced<bool> prefix_caching;
  /// Release from which a prompt is let in only if all of it fits into the free KV memory, not just its first chunk;
  /// "" = none.
  Sourced<std::string> whole_prompt_must_fit_from;
  /// Release from which steps are planned ahead: while one runs, the next is put together, and who comes meanwhile is in
  /// the one after that; "" = none.
  Sourced<std::string> async_scheduling_from;
  /// What lies before a sliding window is freed while the sequence runs, where layers with and without one are mixed.
  Sourced<bool> frees_windows;
  /// Under attention data parallelism: every rank gathers all tokens for its experts and scatters the sums, else tokens
  /// travel to the ranks of their experts alone.
  Sourced<bool> gathers_for_experts;

  // The memory it takes beside weights and KV: see memory.hpp.
  Sourced<Bytes> runtime;                   ///< CUDA context, libraries, tables, allocator slack
  Sourced<double> sampler_bytes_per_logit;  ///< workspace of a sampling step, per sequence and vocabulary entry
  Sourced<int> sampler_max_seqs;            ///< sequences for which that workspace is counted at most

  // Where prefill and decode are apart: what handing over a prompt's KV takes beside the wires.
  Sourced<Seconds> kv_transfer_overhead;   ///< before the first byte moves
  Sourced<double> kv_transfer_efficiency;  ///< of a NIC's bandwidth, that one flow reaches
  /// What is known to befall KV with heads of its own (not latent) where the two sides divide them among different
  /// numbers of GPUs, and is not simulated; "" = nothing.
  Sourced<std::string> unequal_kv_transfer;

  static const reader::Schema<Engine>& schema();
};

/// The defaults that depend on the GPU.
double default_gpu_memory_utilization(const Engine&, const Gpu&);
int default_max_num_seqs(const Engine&, const Gpu&);
int default_max_num_batched_tokens(const Engine&, const Gpu&);

/// Must a prompt fit as a whole before its first chunk is computed? `release` "" = the release of these defaults.
bool default_reserve_full_isl(const Engine&, const std::string& release);
/// Are steps planned ahead?
bool default_async_scheduling(const Engine&, const std::string& release);

/// A catalogue name, an alias or a path to a YAML file. Throws InputError with "did you mean".
Engine load_engine(const std::string& name_or_path);
Engine load_engine(const reader::Node&);

}  // namespace flotilla::models
