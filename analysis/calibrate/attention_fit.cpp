#include <algorithm>

#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

using models::NumberFormat;

struct DecodeRow {
  models::AttentionShape shape;
  double sequences = 0, kv_tokens = 0;
  Timed timed;
};

struct PrefillRow {
  models::AttentionShape shape;
  models::MixedBatch batch;
  Timed timed;
};

models::AttentionDecodeCoefficients unpack_decode(const Eigen::VectorXd& p) { return {p[0], p[1], p[2]}; }
models::AttentionPrefillCoefficients unpack_prefill(const Eigen::VectorXd& p) { return {p[0], p[1], p[2]}; }

std::string label(NumberFormat format) {
  return format == NumberFormat::kBf16 ? "bfloat16" : std::string(name_of(format));
}

/// SGLang's table holds FlashInfer's kernels beside those it prefers on Blackwell.
bool of_kernel(const Table& t, std::size_t row, const KernelCell& cell, const AttentionKernel& kernel) {
  return in_cell(t, row, cell) && t.text(row, "kv_dtype") == label(kernel.kv) &&
         t.number(row, "head_dim") == kernel.head_dim && t.number(row, "window") == kernel.window &&
         t.number(row, "kv_heads_per_gpu") <= 8 && t.text(row, "kernel") != "flashinfer";
}

models::AttentionShape shape_of(const Table& t, std::size_t row, NumberFormat kv) {
  models::AttentionShape shape;
  shape.heads = t.number(row, "q_heads_per_gpu");
  shape.kv_heads = t.number(row, "kv_heads_per_gpu");
  shape.head_dim = t.number(row, "head_dim");
  shape.kv_bytes_per_element = bytes_per_element(kv);
  return shape;
}

std::vector<DecodeRow> decode_rows(const Table& t, const KernelCell& cell, const AttentionKernel& kernel) {
  std::vector<DecodeRow> rows;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!of_kernel(t, i, cell, kernel) || t.number(i, "batch") > 512 || t.number(i, "past_kv_len") < 127) continue;
    DecodeRow row;
    row.shape = shape_of(t, i, kernel.kv);
    row.sequences = t.number(i, "batch");
    const double context = t.number(i, "past_kv_len") + 1;
    row.kv_tokens = row.sequences * (kernel.window > 0 ? std::fmin(context, kernel.window) : context);
    const double bytes = row.kv_tokens * 2 * row.shape.kv_heads * row.shape.head_dim * row.shape.kv_bytes_per_element;
    if (bytes > 4e9) continue;
    row.timed = {t.number(i, "time_us") * 1e-6, bytes > 30e6 ? 2.0 : 1.0};
    rows.push_back(row);
  }
  return rows;
}

std::vector<PrefillRow> prefill_rows(const Table& t, const KernelCell& cell, const AttentionKernel& kernel) {
  // TensorRT-LLM and SGLang multiply in FP8 where the cache is FP8; vLLM's kernels were measured with BF16 queries.
  const auto query = cell.framework == "vllm" ? NumberFormat::kBf16 : kernel.kv;
  const models::AttentionWindow window{kernel.window, false};
  std::vector<PrefillRow> rows;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!of_kernel(t, i, cell, kernel) || t.text(i, "attn_dtype") != label(query)) continue;
    const double length = t.number(i, "isl_or_new_tokens"), batch = t.number(i, "batch");
    if (length < 64 || t.number(i, "past_kv_len") > 0) continue;
    PrefillRow row;
    row.shape = shape_of(t, i, kernel.kv);
    row.batch.prefill_seqs = static_cast<int>(batch);
    row.batch.prefill_tokens = static_cast<std::int64_t>(batch * length);
    row.batch.prefill_pairs = batch * (kernel.window > 0 ? window.pairs(length) : length * length / 2);
    row.timed = {t.number(i, "time_us") * 1e-6, 1};
    rows.push_back(row);
  }
  return rows;
}

double decode_seconds(const models::AttentionDecodeCoefficients& c, const KernelCell& cell, const DecodeRow& row) {
  const auto time = attention_decode_time(c, row.shape, cell.gpu.hbm_bandwidth.value(), row.sequences);
  return time.base.total() + time.slope.total() * row.kv_tokens;
}

double prefill_seconds(const models::AttentionPrefillCoefficients& c, const KernelCell& cell, const PrefillRow& row) {
  return attention_prefill_time(c, row.shape, cell.gpu.hbm_bandwidth.value(), cell.gpu.bf16.value(), row.batch).total();
}

}  // namespace

models::AttentionDecodeCoefficients fit_attention_decode(const Table& t, const KernelCell& cell,
                                                         const AttentionKernel& kernel, KernelFitError& error) {
  const auto rows = decode_rows(t, cell, kernel);
  error = {};
  if (rows.empty()) return {};
  const Positive box{{10e-6, 10e-9, 0.8}, {1e-6, 1e-12, 0.05}, {1e-4, 1e-6, 1.05}};
  return fit_rows<DecodeRow, models::AttentionDecodeCoefficients>(
      rows, box, unpack_decode, [&](const auto& c, const auto& row) { return decode_seconds(c, cell, row); }, error);
}

models::AttentionPrefillCoefficients fit_attention_prefill(const Table& t, const KernelCell& cell,
                                                           const AttentionKernel& kernel, KernelFitError& error) {
  const auto rows = prefill_rows(t, cell, kernel);
  error = {};
  if (rows.empty()) return {};
  const Positive box{{10e-6, 0.5, 0.5}, {1e-6, 0.05, 0.02}, {1e-4, 2, 1}};
  return fit_rows<PrefillRow, models::AttentionPrefillCoefficients>(
      rows, box, unpack_prefill, [&](const auto& c, const auto& row) { return prefill_seconds(c, cell, row); }, error);
}

KernelFitError error_of(const models::AttentionDecodeCoefficients& c, const Table& t, const KernelCell& cell,
                        const AttentionKernel& kernel) {
  return statistics(log_errors<DecodeRow>(decode_rows(t, cell, kernel),
                                          [&](const auto& row) { return decode_seconds(c, cell, row); }));
}

KernelFitError error_of(const models::AttentionPrefillCoefficients& c, const Table& t, const KernelCell& cell,
                        const AttentionKernel& kernel) {
  return statistics(log_errors<PrefillRow>(prefill_rows(t, cell, kernel),
                                           [&](const auto& row) { return prefill_seconds(c, cell, row); }));
}

}  // namespace flotilla::analysis
