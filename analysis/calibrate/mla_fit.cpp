#include <algorithm>

#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

/// The latent attention of the measurements: DeepSeek-V3's (its config.json), heads as on one GPU.
constexpr double kHidden = 7168, kQueryRank = 1536, kLatent = 512, kNope = 128, kRope = 64, kValue = 128;

struct LatentRow {
  models::MlaShape shape;
  double sequences = 0, kv_tokens = 0;
  models::MixedBatch batch;
  double projections = 0;  ///< seconds of the row that are not the kernel's
  Timed timed;
};

models::MlaDecodeCoefficients unpack_decode(const Eigen::VectorXd& p) { return {p[0], p[1], p[2], p[3], p[4], p[5]}; }
models::AttentionPrefillCoefficients unpack_prefill(const Eigen::VectorXd& p) { return {p[0], p[1], p[2]}; }

/// The multiplications of a module around its kernel, as StepCost counts them.
double projections_time(const KernelCell& cell, const std::map<std::string, models::FormatCalibration>& formats,
                        const std::string& format, double heads, double tokens) {
  const auto multiply = [&](const std::string& key, double n, double k, double bytes) {
    const models::Roofline roof{models::peak_of(cell.gpu, key), cell.gpu.hbm_bandwidth.value()};
    return gemm_time(formats.at(key).gemm, {n, k, bytes}, roof, tokens).total();
  };
  const auto stored = std::find_if(kKernelFormats.begin(), kKernelFormats.end(), [&](const auto& f) {
                        return f.name == format;
                      })->stored;
  const double bytes = bytes_per_element(stored);
  return multiply(format, kQueryRank + kLatent + kRope, kHidden, bytes) +
         multiply(format, heads * (kNope + kRope), kQueryRank, bytes) + multiply("bf16", heads * kLatent, kNope, 2) +
         multiply("bf16", heads * kValue, kLatent, 2) + multiply(format, kHidden, heads * kValue, bytes);
}

/// The format's key if the row can be used: a kernel of its own where the framework has such rows under CUDA graphs,
/// else a module whose multiplications are calibrated. "" otherwise.
bool usable(const Table& t, std::size_t i, const KernelCell& cell, models::NumberFormat kv,
            const std::map<std::string, models::FormatCalibration>& formats, std::string& format) {
  if (!in_cell(t, i, cell)) return false;
  if (t.text(i, "kv_dtype") != (kv == models::NumberFormat::kBf16 ? "bfloat16" : "fp8")) return false;
  if (t.text(i, "mla_dtype") != "bfloat16") return false;
  const bool kernel = t.text(i, "scope") == "attention kernel";
  // vLLM's bare kernels were timed without CUDA graphs: 160 us whatever the size.
  const bool wants_kernel = cell.framework != "vllm" || cell.gpu_label == "A100-SXM";
  if (kernel != wants_kernel) return false;
  format.clear();
  if (kernel) return true;
  for (const auto& f : kKernelFormats) {
    if (t.text(i, "gemm_dtype") == f.label) format = f.name;
  }
  return formats.count(format) != 0;
}

LatentRow row_of(const Table& t, std::size_t i, models::NumberFormat kv) {
  LatentRow row;
  row.shape = {t.number(i, "num_heads"), kLatent, kNope, kRope, kValue, bytes_per_element(kv)};
  row.sequences = t.number(i, "batch");
  row.timed.seconds = t.number(i, "time_us") * 1e-6;
  return row;
}

}  // namespace

models::MlaDecodeCoefficients fit_mla_decode(const Table& t, const KernelCell& cell, models::NumberFormat kv,
                                             const std::map<std::string, models::FormatCalibration>& formats,
                                             KernelFitError& error) {
  const models::Roofline roof{cell.gpu.bf16.value(), cell.gpu.hbm_bandwidth.value()};
  std::vector<LatentRow> rows;
  std::string format;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!usable(t, i, cell, kv, formats, format)) continue;
    const double context = t.number(i, "past_kv_len") + 1;
    if (t.number(i, "num_heads") < 8 || t.number(i, "batch") > 512 || context < 128) continue;
    auto row = row_of(t, i, kv);
    row.kv_tokens = row.sequences * context;
    if (!format.empty()) row.projections = projections_time(cell, formats, format, row.shape.heads, row.sequences);
    rows.push_back(row);
  }
  error = {};
  if (rows.empty()) return {};
  const Positive box{
      {10e-6, 20e-9, 1e-9, 0.7, 0.4, 0.3e-9}, {1e-7, 1e-12, 1e-13, 0.05, 0.02, 1e-13}, {3e-4, 1e-6, 1e-7, 1, 1, 1e-8}};
  return fit_rows<LatentRow, models::MlaDecodeCoefficients>(
      rows, box, unpack_decode,
      [&](const auto& c, const auto& row) {
        const auto time = mla_decode_time(c, row.shape, roof, row.sequences);
        return row.projections + time.base.total() + time.slope.total() * row.kv_tokens;
      },
      error);
}

models::AttentionPrefillCoefficients fit_mla_prefill(const Table& t, const KernelCell& cell, models::NumberFormat kv,
                                                     const std::map<std::string, models::FormatCalibration>& formats,
                                                     KernelFitError& error) {
  const models::Roofline roof{cell.gpu.bf16.value(), cell.gpu.hbm_bandwidth.value()};
  std::vector<LatentRow> rows;
  std::string format;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!usable(t, i, cell, kv, formats, format)) continue;
    const double length = t.number(i, "isl_or_new_tokens");
    if (t.number(i, "num_heads") < 8 || t.number(i, "past_kv_len") > 0 || length < 64) continue;
    auto row = row_of(t, i, kv);
    const double tokens = row.sequences * length;
    row.batch.prefill_seqs = static_cast<int>(row.sequences);
    row.batch.prefill_tokens = static_cast<std::int64_t>(tokens);
    row.batch.prefill_pairs = tokens * length / 2;
    if (!format.empty()) row.projections = projections_time(cell, formats, format, row.shape.heads, tokens);
    rows.push_back(row);
  }
  error = {};
  if (rows.empty()) return {};
  const Positive box{{10e-6, 0.5, 0.5}, {1e-7, 0.02, 0.02}, {3e-4, 2, 1}};
  return fit_rows<LatentRow, models::AttentionPrefillCoefficients>(
      rows, box, unpack_prefill,
      [&](const auto& c, const auto& row) {
        return row.projections + mla_prefill_time(c, row.shape, roof, row.batch).total();
      },
      error);
}

}  // namespace flotilla::analysis
