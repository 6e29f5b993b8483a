// Operator coefficients from tables of kernels measured alone.
#pragma once

#include <string>

#include "analysis/table.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Which rows of the tables, and which datasheet figures their efficiencies refer to.
struct KernelCell {
  models::Gpu gpu;
  std::string gpu_label;  ///< as the tables name it: "H100"
  std::string framework;  ///< "vllm", "trtllm"
};

struct KernelFitError {
  int rows = 0;
  double median = 0;  ///< absolute relative error
  double p90 = 0;
};

/// Rows with n, k >= 512, 2^20 <= n*k <= 6e8 and M <= 16384, every third; relative errors; matrices below 8 Mi elements
/// weigh half.
models::GemmCoefficients fit_gemm(const Table&, const KernelCell&, models::NumberFormat, KernelFitError&);

/// Heads of 128, full attention, contexts from 127 tokens on. Rows that move over 30 MB weigh twice: smaller ones hit
/// the L2 cache, where a served KV cache never is.
models::AttentionDecodeCoefficients fit_attention_decode(const Table&, const KernelCell&, models::NumberFormat kv,
                                                         KernelFitError&);
/// The same, chunks from 64 tokens on.
models::AttentionPrefillCoefficients fit_attention_prefill(const Table&, const KernelCell&, models::NumberFormat kv,
                                                           KernelFitError&);

/// Newest version of the framework's own all-reduce under CUDA graphs, made monotone, at eight knots.
std::vector<models::AllReduceCurve> fit_all_reduce(const Table&, const KernelCell&);

}  // namespace flotilla::analysis
