// Fitted coefficients of one engine on one GPU, and where a deployment without its own takes them from.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/operators/all_reduce.hpp"
#include "models/operators/attention.hpp"
#include "models/operators/elementwise.hpp"
#include "models/operators/expert_exchange.hpp"
#include "models/operators/gemm.hpp"
#include "models/operators/mla.hpp"
#include "models/operators/moe.hpp"

namespace flotilla::models {

/// How well the serving points of a cell are reproduced. Errors are absolute and relative, of TPOT.
struct FitStatistics {
  int points = 0;  ///< 0 = no serving point: kernels only, scales inherited
  double median_error = 0;
  double p90_error = 0;
  std::string description;  ///< "Llama 3.3 70B, TP 1, 2, 8, concurrency 4-64"
  std::vector<int> tensor_parallel_sizes;
  static const reader::Schema<FitStatistics>& schema();
};

/// What serving points say about kernels measured alone: one factor per family of operators (fused and overlapped
/// launches, CUDA graphs, other kernel versions). Never per model.
struct OperatorScales {
  double launch = 1;  ///< the fixed times of all kernels of a layer: graphs and dependent launches hide part of them
  double gemm_memory = 1;
  double gemm_compute = 1;
  double attention = 1;
  double all_reduce = 1;  ///< the measured curves; the latency of the one-shot kernel with them
  static const reader::Schema<OperatorScales>& schema();
};

/// The same for the experts' kernels, and how unevenly tokens choose among experts in serving.
struct ExpertScales {
  double launch = 1;
  double memory = 1;
  double compute = 1;
  double skew = 0;  ///< exponent of the power law of expert_load
  FitStatistics tpot;
  static const reader::Schema<ExpertScales>& schema();
};

/// The engine's own time in a step, as far as it is not hidden behind the GPU: engines schedule the next step while the
/// GPU works, so these are what remains visible, and never negative.
struct HostCoefficients {
  double per_step = 0;      ///< a, seconds
  double per_sequence = 0;  ///< b, seconds per sequence in the step
  double mixed_floor = 0;   ///< seconds per layer that a step with prefill takes at least: outside CUDA graphs the CPU
                            ///< launches each kernel, layer by layer
  static const reader::Schema<HostCoefficients>& schema();
};

/// What a request waits for outside the engine's loop: HTTP, tokenizing, passing between processes, and the way back of
/// its first token. No GPU is busy with it.
struct FrontendCost {
  double per_request = 0;      ///< seconds
  double per_input_token = 0;  ///< seconds
  [[nodiscard]] double seconds(double input_tokens) const { return per_request + per_input_token * input_tokens; }
  static const reader::Schema<FrontendCost>& schema();
};

/// A range of an engine's releases on one GPU, as measured in serving: what belongs to the engine's code, not to a
/// model.
struct ServingProfile {
  std::string from, to;  ///< releases, both included: "0.11", "0.12.1"
  std::string setup;     ///< who measured it and how, where that matters
  double gpu_time = 1;   ///< of these releases against those of the kernel tables, all kernels alike
  HostCoefficients host;
  FrontendCost frontend;
  static const reader::Schema<ServingProfile>& schema();
};

/// One weight format.
struct FormatCalibration {
  GemmCoefficients gemm;
  OperatorScales scales;
  FitStatistics tpot;
  static const reader::Schema<FormatCalibration>& schema();
};

/// How well an operator reproduces the measured kernels it was fitted on. Errors are relative.
struct KernelStatistics {
  int rows = 0;
  double median_error = 0;  ///< absolute
  double p90_error = 0;     ///< absolute
  double bias = 0;          ///< mean of the logarithm of predicted over measured
  static const reader::Schema<KernelStatistics>& schema();
};

/// One file of models/calibration. Maps are by the format's name: "fp8", or "fp8_block" where a scale goes with each
/// block; of attention also with the width of a head where that was measured apart ("fp8@64").
struct Calibration {
  std::string gpu;
  std::string engine;
  std::string engine_versions;
  std::string provenance;
  std::string scales_from;  ///< the GPU whose serving points set scales and host, if not this one
  std::string gemm_from;    ///< the GPU on which matrix multiplications were measured, if not this one
  std::map<std::string, FormatCalibration> formats;
  std::map<std::string, AttentionDecodeCoefficients> attention_decode;
  std::map<std::string, AttentionPrefillCoefficients> attention_prefill;
  std::map<std::string, MlaDecodeCoefficients> mla_decode;          ///< by KV format; may be empty, as those below
  std::map<std::string, AttentionPrefillCoefficients> mla_prefill;  ///< by KV format
  std::map<std::string, MoeCoefficients> moe;                       ///< by weight format
  std::map<std::string, ExchangeCoefficients> expert_exchange;      ///< by library: "deepep_low_latency"
  std::map<std::string, ExpertScales> expert_scales;
  std::vector<ServingProfile> profiles;  ///< rising by release; empty = kernels only
  AllReduceCoefficients all_reduce;
  ElementwiseCoefficients elementwise;
  std::map<std::string, KernelStatistics> kernel_errors;  ///< by operator and key: "moe fp8"
  static const reader::Schema<Calibration>& schema();
};

/// One file as read. Throws InputError.
Calibration read_calibration(const reader::Document&);
/// The key of the file that a model needs and that is missing; "" = none.
std::string missing_kernels(const Calibration&, const Llm&);
/// A user's own file, named in a scenario; relative paths are relative to its file. Throws InputError.
std::shared_ptr<const Calibration> load_calibration(const reader::Node&);

/// The coefficients that a deployment runs on.
struct CalibratedCell {
  const Calibration* calibration = nullptr;  ///< lives as long as the program
  std::string gemm;                          ///< key of the format whose coefficients multiply dense weights
  std::string attention;                     ///< the same for the attention projections
  std::string experts;                       ///< the same for routed experts; "" in a dense model
  std::string kv;                            ///< key of the attention kernels, by KV format
  bool latent = false;                       ///< MLA's kernels
  ServingProfile profile;
  StepCost::Envelope envelope;
};

/// Dense peak of the tensor cores that a kernel of this key uses; "mxfp4_mxfp8" multiplies in FP8, weight-only formats
/// in BF16.
double peak_of(const Gpu&, const std::string& key);

/// Nearest relatives, in this order and each said in the envelope:
/// - engine: its own, else vLLM's;
/// - GPU: its own (an article's variant "x@a1" counts as x), else the nearest in memory bandwidth of its generation,
///   else the nearest of all;
/// - weights: their own format where the GPU has tensor cores for it and the format is calibrated; MXFP4 as NVFP4;
///   weight-only formats (INT4, FP4 without FP4 cores) as BF16 with fewer bytes;
/// - tensor parallelism beyond the fitted sizes, or across the fabric: extrapolated.
CalibratedCell calibrated_cell(const Deployment&);

/// The same on given coefficients, for a fit in progress: no search for relatives.
CalibratedCell calibrated_cell(const Deployment&, const Calibration&);

/// All files of models/calibration, read once. Throws InputError if one is malformed.
const std::vector<Calibration>& calibrations();

}  // namespace flotilla::models
