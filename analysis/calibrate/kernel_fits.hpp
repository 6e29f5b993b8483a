// Operator coefficients from tables of kernels measured alone. A fit without rows reports none in its error and returns
// defaults.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/calibrate/kernel_formats.hpp"
#include "analysis/calibrate/moe_routing.hpp"
#include "analysis/table.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Which rows of the tables, and which datasheet figures their efficiencies refer to.
struct KernelCell {
  models::Gpu gpu;
  std::string gpu_label;  ///< as the tables name it: "H100"
  std::string framework;  ///< "vllm", "trtllm", "sglang"
};

struct KernelFitError {
  int rows = 0;
  double median = 0;  ///< absolute relative error
  double p90 = 0;
  double bias = 0;  ///< mean logarithm of predicted over measured
};

/// Rows with n, k >= 512, 2^20 <= n*k <= 6e8 and M <= 16384, every third; relative errors; matrices below 8 Mi elements
/// weigh half.
models::GemmCoefficients fit_gemm(const Table&, const KernelCell&, const KernelFormat&, KernelFitError&);

struct AttentionKernel {
  models::NumberFormat kv = models::NumberFormat::kBf16;
  int head_dim = 128;
  int window = 0;  ///< 0 = full attention
};

/// Up to eight KV heads, contexts from 127 tokens on. Rows that move over 30 MB weigh twice: smaller ones hit the L2
/// cache, where a served KV cache never is.
models::AttentionDecodeCoefficients fit_attention_decode(const Table&, const KernelCell&, const AttentionKernel&,
                                                         KernelFitError&);
/// The same, chunks from 64 tokens on.
models::AttentionPrefillCoefficients fit_attention_prefill(const Table&, const KernelCell&, const AttentionKernel&,
                                                           KernelFitError&);
/// How coefficients fitted on one kernel do on the rows of another.
KernelFitError error_of(const models::AttentionDecodeCoefficients&, const Table&, const KernelCell&,
                        const AttentionKernel&);
KernelFitError error_of(const models::AttentionPrefillCoefficients&, const Table&, const KernelCell&,
                        const AttentionKernel&);

/// Latent attention of DeepSeek-V3's shape with 8 to 128 heads: bare kernels, or, of vLLM, modules whose
/// multiplications `formats` cost. Errors are of the whole row.
models::MlaDecodeCoefficients fit_mla_decode(const Table&, const KernelCell&, models::NumberFormat kv,
                                             const std::map<std::string, models::FormatCalibration>& formats,
                                             KernelFitError&);
models::AttentionPrefillCoefficients fit_mla_prefill(const Table&, const KernelCell&, models::NumberFormat kv,
                                                     const std::map<std::string, models::FormatCalibration>& formats,
                                                     KernelFitError&);

struct MoeFitError {
  KernelFitError all;
  KernelFitError decoding;  ///< up to 512 tokens on up to eight ranks
};

/// Experts under up to 8-fold tensor and 64-fold expert parallelism, each with the load it was measured under; of
/// several kernels the fastest for a shape and size. Rows of more than eight ranks weigh 0.4. `kernel` picks those
/// whose name contains it ("": all).
models::MoeCoefficients fit_moe(const Table&, const KernelCell&, const KernelFormat&, const std::string& kernel,
                                CollectedLoads&, MoeFitError&);

struct ExchangeLibrary {
  std::string_view name;   ///< key of the maps in models/calibration
  std::string_view label;  ///< as the table names it
};

/// Dispatch and combine (and what prepares them) inside one NVLink domain, whoever's framework the cell names.
models::ExchangeCoefficients fit_exchange(const Table&, const KernelCell&, const ExchangeLibrary&, KernelFitError&);

/// Newest version of the framework's own all-reduce under CUDA graphs, made monotone, at up to eight knots.
std::vector<models::AllReduceCurve> fit_all_reduce(const Table&, const KernelCell&);

}  // namespace flotilla::analysis
