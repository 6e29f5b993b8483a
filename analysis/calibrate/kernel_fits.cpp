#include "analysis/calibrate/kernel_fits.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/calibrate/fit_rows.hpp"

namespace flotilla::analysis {
namespace {

using models::NumberFormat;

std::string label(NumberFormat format) {
  return format == NumberFormat::kBf16 ? "bfloat16" : std::string(name_of(format));
}

struct GemmRow {
  models::GemmShape shape;
  double tokens = 0;
  Timed timed;
};

models::GemmCoefficients unpack_gemm(const Eigen::VectorXd& p) { return {p[0], p[1], p[2], p[3], p[4], p[5]}; }

struct DecodeRow {
  models::AttentionShape shape;
  double sequences = 0, kv_tokens = 0;
  Timed timed;
};

models::AttentionDecodeCoefficients unpack_decode(const Eigen::VectorXd& p) { return {p[0], p[1], p[2]}; }

struct PrefillRow {
  models::AttentionShape shape;
  models::MixedBatch batch;
  Timed timed;
};

models::AttentionPrefillCoefficients unpack_prefill(const Eigen::VectorXd& p) { return {p[0], p[1], p[2]}; }

bool is_plain_attention(const Table& t, std::size_t row, const KernelCell& cell, NumberFormat kv) {
  return in_cell(t, row, cell) && t.text(row, "kv_dtype") == label(kv) && t.number(row, "head_dim") == 128 &&
         t.number(row, "window") == 0 && t.number(row, "kv_heads_per_gpu") <= 8;
}

models::AttentionShape shape_of(const Table& t, std::size_t row, NumberFormat kv) {
  models::AttentionShape shape;
  shape.heads = t.number(row, "q_heads_per_gpu");
  shape.kv_heads = t.number(row, "kv_heads_per_gpu");
  shape.head_dim = t.number(row, "head_dim");
  shape.kv_bytes_per_element = bytes_per_element(kv);
  return shape;
}

/// Pool adjacent violators: the nearest rising sequence.
std::vector<double> rising(const std::vector<double>& values) {
  struct Pool {
    double mean;
    int count;
  };
  std::vector<Pool> pools;
  for (const double v : values) {
    pools.push_back({v, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].mean > pools.back().mean) {
      const auto last = pools.back();
      pools.pop_back();
      auto& merged = pools.back();
      merged.mean = (merged.mean * merged.count + last.mean * last.count) / (merged.count + last.count);
      merged.count += last.count;
    }
  }
  std::vector<double> result;
  for (const auto& pool : pools) result.insert(result.end(), static_cast<std::size_t>(pool.count), pool.mean);
  return result;
}

}  // namespace

models::GemmCoefficients fit_gemm(const Table& t, const KernelCell& cell, NumberFormat format, KernelFitError& error) {
  std::vector<GemmRow> rows;
  int seen = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!in_cell(t, i, cell) || t.text(i, "dtype") != label(format)) continue;
    const double m = t.number(i, "m"), n = t.number(i, "n"), k = t.number(i, "k");
    if (n < 512 || k < 512 || n * k < 1048576 || n * k > 6e8 || m > 16384 || seen++ % 3 != 0) continue;
    GemmRow row;
    row.shape = {n, k, bytes_per_element(format)};
    row.tokens = m;
    row.timed = {t.number(i, "time_us") * 1e-6, n * k < 8 * 1048576 ? 0.5 : 1.0};
    rows.push_back(row);
  }
  const models::Roofline roof{peak(cell.gpu, format).value(), cell.gpu.hbm_bandwidth.value()};
  const Positive box{{0.7, 0.8, 3e-6, 2, 30, 1e5}, {0.1, 0.2, 1e-7, 1, 1, 100}, {1, 1, 3e-5, 8, 600, 1e7}};
  return fit_rows<GemmRow, models::GemmCoefficients>(
      rows, box, unpack_gemm,
      [&](const auto& c, const auto& row) { return gemm_time(c, row.shape, roof, row.tokens).total(); }, error);
}

models::AttentionDecodeCoefficients fit_attention_decode(const Table& t, const KernelCell& cell, NumberFormat kv,
                                                         KernelFitError& error) {
  std::vector<DecodeRow> rows;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!is_plain_attention(t, i, cell, kv) || t.number(i, "batch") > 512 || t.number(i, "past_kv_len") < 127) continue;
    DecodeRow row;
    row.shape = shape_of(t, i, kv);
    row.sequences = t.number(i, "batch");
    row.kv_tokens = row.sequences * (t.number(i, "past_kv_len") + 1);
    const double bytes = row.kv_tokens * 2 * row.shape.kv_heads * row.shape.head_dim * row.shape.kv_bytes_per_element;
    if (bytes > 4e9) continue;
    row.timed = {t.number(i, "time_us") * 1e-6, bytes > 30e6 ? 2.0 : 1.0};
    rows.push_back(row);
  }
  const double bandwidth = cell.gpu.hbm_bandwidth.value();
  const Positive box{{10e-6, 10e-9, 0.8}, {1e-6, 1e-12, 0.05}, {1e-4, 1e-6, 1.05}};
  return fit_rows<DecodeRow, models::AttentionDecodeCoefficients>(
      rows, box, unpack_decode,
      [&](const auto& c, const auto& row) {
        const auto time = attention_decode_time(c, row.shape, bandwidth, row.sequences);
        return time.base.total() + time.slope.total() * row.kv_tokens;
      },
      error);
}

models::AttentionPrefillCoefficients fit_attention_prefill(const Table& t, const KernelCell& cell, NumberFormat kv,
                                                           KernelFitError& error) {
  // TensorRT-LLM multiplies in FP8 where the cache is FP8; vLLM's kernels were measured with BF16 queries.
  const auto query = cell.framework == "trtllm" ? kv : NumberFormat::kBf16;
  std::vector<PrefillRow> rows;
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!is_plain_attention(t, i, cell, kv) || t.text(i, "attn_dtype") != label(query)) continue;
    const double length = t.number(i, "isl_or_new_tokens"), batch = t.number(i, "batch");
    if (length < 64 || t.number(i, "past_kv_len") > 0) continue;
    PrefillRow row;
    row.shape = shape_of(t, i, kv);
    row.batch.prefill_seqs = static_cast<int>(batch);
    row.batch.prefill_tokens = static_cast<std::int64_t>(batch * length);
    row.batch.prefill_pairs = batch * length * length / 2;
    row.timed = {t.number(i, "time_us") * 1e-6, 1};
    rows.push_back(row);
  }
  const double bandwidth = cell.gpu.hbm_bandwidth.value(), bf16 = cell.gpu.bf16.value();
  const Positive box{{10e-6, 0.5, 0.5}, {1e-6, 0.05, 0.02}, {1e-4, 2, 1}};
  return fit_rows<PrefillRow, models::AttentionPrefillCoefficients>(
      rows, box, unpack_prefill,
      [&](const auto& c, const auto& row) {
        return attention_prefill_time(c, row.shape, bandwidth, bf16, row.batch).total();
      },
      error);
}

std::vector<models::AllReduceCurve> fit_all_reduce(const Table& t, const KernelCell& cell) {
  std::map<int, std::map<double, std::pair<std::string, double>>> newest;  // ranks -> bytes -> version, seconds
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (t.text(i, "gpu") != cell.gpu_label || t.text(i, "library") != cell.framework || t.text(i, "op") != "all_reduce")
      continue;
    if (t.text(i, "variant").find("eager") != std::string::npos) continue;
    auto& entry = newest[static_cast<int>(t.number(i, "num_gpus"))][t.number(i, "bytes")];
    if (t.text(i, "version") >= entry.first) entry = {t.text(i, "version"), t.number(i, "time_us") * 1e-6};
  }
  constexpr double kKnots[] = {8192, 131072, 524288, 1048576, 4194304, 16777216, 67108864, 1073741824};
  std::vector<models::AllReduceCurve> curves;
  for (const auto& [ranks, times] : newest) {
    std::vector<double> logs;
    for (const auto& [bytes, time] : times) logs.push_back(std::log(time.second));
    const auto smooth = rising(logs);
    models::AllReduceCurve curve;
    curve.ranks = ranks;
    for (const double knot : kKnots) {
      const auto at = std::distance(times.begin(), times.find(knot));
      curve.bytes.push_back(knot);
      curve.seconds.push_back(std::exp(smooth.at(static_cast<std::size_t>(at))));
    }
    curves.push_back(curve);
  }
  return curves;
}

}  // namespace flotilla::analysis
