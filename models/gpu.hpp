// One GPU: what its memory holds and how fast it moves and multiplies, by datasheet. No effects of kernels: those are
// calibrated.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/number_format.hpp"
#include "models/sourced.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// What an article put in by hand where ours follows from the model: kept with its variant of the GPU, never in code.
struct ArticleInputs {
  std::string title;                                       ///< the article, where the GPU is an article's variant
  std::map<std::string, Sourced<Bytes>> streamed_weights;  ///< by "model/format": "llama-3.3-70b/fp8" -> 72 GB
  Sourced<Bytes> footprint_runtime;  ///< runtime and activations that it counts into the resident footprint
  Sourced<Bytes> reserve_low;        ///< subtracted from the capacity beside the footprint: at least ...
  Sourced<Bytes> reserve_high;       ///< ... and at most; the KV budget is a range where they differ

  static const reader::Schema<ArticleInputs>& schema();
};

/// What it draws by what it does, as shares of the thermal design power. models/gpu_power.hpp makes watts of it.
struct GpuPower {
  std::string like;  ///< the GPU whose shares these are, where nobody measured this one
  Sourced<double> idle, memory, compute, communication, host;
  Sourced<double>
      cap_exponent;  ///< computing under a power cap takes (dynamic power / what is left)^this times as long
  Sourced<double> memory_floor;  ///< a cap down to here leaves the memory its speed
  [[nodiscard]] bool known() const { return compute.number > 0; }

  static const reader::Schema<GpuPower>& schema();
};

struct Gpu {
  std::string name;                  ///< "h100-sxm"; an article's variant ends in "@a1"
  std::string title;                 ///< "NVIDIA H100 SXM5 80 GB"
  std::string generation;            ///< "hopper", "blackwell"
  std::vector<std::string> aliases;  ///< "h100_sxm", "h100"
  Sourced<Bytes> memory;             ///< what the driver reports (nvidia-smi, MiB)
  Sourced<BytesPerSecond> hbm_bandwidth;
  Sourced<FlopsPerSecond> bf16;    ///< dense, no sparsity
  Sourced<FlopsPerSecond> fp8;     ///< 0 = no such tensor cores
  Sourced<FlopsPerSecond> fp4;     ///< 0 = no such tensor cores
  Sourced<BytesPerSecond> nvlink;  ///< per direction
  Sourced<Bytes> l2_cache;
  Sourced<Watts> tdp;
  GpuPower power;                    ///< always known after load_gpu(): a relative's where the file says nothing
  Sourced<Watts> provisioned_power;  ///< to be reserved for it in a hall, with its share of all around it; 0 = unknown
  Sourced<double> prefill_utilization;  ///< share of the peak that a prefill ceiling grants; 0 = all of it
  ArticleInputs article;                ///< empty but in an article's variant
  std::string source;                   ///< where the file was read: catalogue path or the user's

  static const reader::Schema<Gpu>& schema();
};

/// Dense peak of the tensor cores that multiply weights of this format: FP4 formats use FP4 cores where there are any
/// and else, as INT4 always, are expanded to BF16 (weight-only quantisation); FP8 likewise falls back to BF16.
FlopsPerSecond peak(const Gpu&, NumberFormat weights);
/// Does the GPU have tensor cores of the format itself (not just weight-only storage)?
bool has_native(const Gpu&, NumberFormat);

/// The article's variant of a datasheet GPU ("h100-sxm" -> "h100-sxm@a1"), where the catalogue has one.
std::optional<Gpu> article_variant(const Gpu&);
/// "h100-sxm@a1" -> "h100-sxm".
std::string datasheet_name(const Gpu&);

/// A catalogue name, an alias (h100_sxm) or a path to a YAML file. Throws InputError with "did you mean".
Gpu load_gpu(const std::string& name_or_path);
Gpu load_gpu(const reader::Node&);

}  // namespace flotilla::models
