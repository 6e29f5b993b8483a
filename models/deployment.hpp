// One model on one group of GPUs: all that the cost model needs to know about a replica.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/engine.hpp"
#include "models/gpu.hpp"
#include "models/hardware_factors.hpp"
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

/// Draft tokens that a small module or model proposes in every step, of which some are accepted.
struct Speculation {
  int draft_tokens = 0;   ///< per step and sequence; 0 = no speculation
  double acceptance = 0;  ///< chance that a draft token is accepted, given those before it were
  /// Share of drafts accepted up to each position, as engines log it (vLLM's "per-position acceptance rate"); empty:
  /// acceptance, acceptance^2, ...
  std::vector<double> by_position = {};
  double spread = 0;  ///< standard deviation of acceptance between requests, which are beta-distributed
  /// Output tokens of a sequence per step, in the mean: 1 + a + a^2 + ... + a^draft_tokens.
  [[nodiscard]] double tokens_per_step() const;
  /// The same of a request whose drafts are accepted so.
  [[nodiscard]] double tokens_per_step(double acceptance_of_request) const;
};

struct Calibration;  // models/calibration.hpp

/// A replica: tp * dp * pp GPUs. Attention is sharded over tp ranks and repeated over dp ranks, each with requests of
/// its own; experts are sharded over all tp * dp ranks, ep of them by whole experts and the rest by their width; layers
/// are divided into pp stages.
struct Deployment {
  Llm llm;
  Gpu gpu;
  Engine engine;
  std::string engine_version;  ///< "" = the engine's catalogue version; selects the measured set-up
  NumberFormat weights = NumberFormat::kBf16;
  NumberFormat kv_cache = NumberFormat::kBf16;
  int tensor_parallel_size = 1;
  int pipeline_parallel_size = 1;
  int expert_parallel_size = 1;  ///< divides tp * dp
  int data_parallel_size = 1;    ///< attention ranks that step together
  double gpu_memory_utilization = 0.9;
  int max_num_batched_tokens = 8192;  ///< of one attention rank
  int max_num_seqs = 1024;            ///< of one attention rank
  int block_size = 16;                ///< tokens per KV block
  /// Exponent of the power law by which tokens prefer experts: 0 = balanced. Unset: what the calibration found.
  std::optional<double> expert_skew;
  Speculation speculation;
  GroupLinks links;                                ///< as the topology has them: `what_if.network` is in them
  HardwareFactors what_if;                         ///< `gpu` is as the datasheet says: these come on top
  std::shared_ptr<const Calibration> calibration;  ///< coefficients of one's own; null = the nearest of the catalogue

  [[nodiscard]] int gpus() const { return tensor_parallel_size * pipeline_parallel_size * data_parallel_size; }
  /// Ranks among which the experts of a layer are divided, and how many of them share one expert's width.
  [[nodiscard]] int expert_ranks() const { return tensor_parallel_size * data_parallel_size; }
  [[nodiscard]] int expert_tensor_parallel_size() const { return expert_ranks() / expert_parallel_size; }
};

/// A deployment with the engine's defaults on this GPU; weights as the checkpoint stores them, BF16 where it does not
/// say.
Deployment default_deployment(Llm, Gpu, Engine);

}  // namespace flotilla::models
