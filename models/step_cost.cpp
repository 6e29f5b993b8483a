#include "models/step_cost.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "models/calibration.hpp"

namespace flotilla::models {
namespace {

/// Memoised by a count (tokens, rows, sequences): a dense table that grows on demand to what the scheduler really asks.
/// References into a deque stay valid while it grows.
template <class T, class Values = std::vector<T>>
class Memo {
 public:
  template <class Compute>
  const T& get(std::size_t index, Compute compute) {
    if (index >= known_.size()) {
      const auto size = std::max(index + 1, 2 * known_.size());
      values_.resize(size);
      known_.resize(size);
    }
    if (!known_[index]) {
      values_[index] = compute();
      known_[index] = 1;
    }
    return values_[index];
  }

 private:
  Values values_;
  std::vector<char> known_;
};

}  // namespace

/// Times are per step and GPU; layers are alike, so one layer's time counts `layers` times.
struct StepCost::Impl {
  Impl(const Deployment&, CalibratedCell);

  /// All that depends on the tokens alone: the layers without attention.
  [[nodiscard]] CauseTimes tokens_time(double tokens) const;
  /// lm_head: one row per sequence that samples.
  [[nodiscard]] CauseTimes sampling_time(double rows) const;
  [[nodiscard]] CauseTimes host_time(double sequences) const;
  [[nodiscard]] double all_reduce(double bytes) const;
  const CauseTimes& memo_tokens(std::int64_t tokens);
  const CauseTimes& memo_sampling(int rows);

  Deployment deployment;
  CalibratedCell cell;
  HostCoefficients host;
  OperatorScales scales;
  ElementwiseCoefficients elementwise;
  AttentionShape attention_shape;
  AttentionDecodeCoefficients decode_coefficients;
  AttentionPrefillCoefficients prefill_coefficients;
  std::vector<GemmShape> layer_gemms;
  GemmShape lm_head;
  GemmCoefficients layer_gemm_coefficients, lm_head_coefficients;
  Roofline layer_roofline, lm_head_roofline;
  double bandwidth = 0;
  double nvlink = 0;
  double bf16_peak = 0;
  Memo<CauseTimes> by_tokens, by_rows;
  Memo<DecodeCost, std::deque<DecodeCost>> by_sequences;
};

namespace {

/// PCIe 5.0 x16 per direction, for GPUs without NVLink: 32 GT/s * 16 lanes * 128/130 / 8 (PCI-SIG).
constexpr double kPcie = 63e9;

/// An article's variant carries the article's figures, not other silicon: it runs at the speed of the GPU it is a
/// variant of.
Gpu silicon(const Gpu& gpu) {
  const auto name = datasheet_name(gpu);
  return name == gpu.name ? gpu : load_gpu(name);
}

GemmCoefficients scaled(GemmCoefficients c, const OperatorScales& scales) {
  c.launch *= scales.launch;
  c.memory_efficiency /= scales.gemm_memory;
  c.compute_efficiency /= scales.gemm_compute;
  return c;
}

AttentionDecodeCoefficients scaled(AttentionDecodeCoefficients c, const OperatorScales& scales) {
  c.launch *= scales.launch;
  c.per_kv_head *= scales.attention;
  c.memory_efficiency /= scales.attention;
  return c;
}

AttentionPrefillCoefficients scaled(AttentionPrefillCoefficients c, const OperatorScales& scales) {
  c.launch *= scales.launch;
  c.compute_efficiency /= scales.attention;
  c.memory_efficiency /= scales.attention;
  return c;
}

std::vector<GemmShape> layer_gemms_of(const Llm& llm, int tensor_parallel_size, double weight_bytes) {
  const double tp = tensor_parallel_size;
  const double q = static_cast<double>(llm.heads) * llm.head_dim / tp;
  const double kv = static_cast<double>(kv_heads_per_gpu(llm, tensor_parallel_size)) * llm.head_dim;
  const double hidden = llm.hidden;
  const double intermediate = llm.intermediate / tp;
  return {{.n = q + 2 * kv, .k = hidden, .weight_bytes_per_element = weight_bytes},
          {.n = hidden, .k = q, .weight_bytes_per_element = weight_bytes},
          {.n = 2 * intermediate, .k = hidden, .weight_bytes_per_element = weight_bytes},
          {.n = hidden, .k = intermediate, .weight_bytes_per_element = weight_bytes}};
}

}  // namespace

StepCost::Impl::Impl(const Deployment& d, CalibratedCell calibrated) : deployment(d), cell(std::move(calibrated)) {
  const auto& calibration = *cell.calibration;
  const auto& format = calibration.formats.at(std::string(name_of(cell.gemm_format)));
  const auto gpu = silicon(d.gpu);
  const int tp = d.tensor_parallel_size;
  bandwidth = gpu.hbm_bandwidth.value();
  nvlink = gpu.nvlink.value() > 0 ? gpu.nvlink.value() : kPcie;
  bf16_peak = gpu.bf16.value();
  scales = format.scales;
  host = format.host;
  layer_gemm_coefficients = scaled(format.gemm, scales);
  layer_gemms = layer_gemms_of(d.llm, tp, bytes_per_element(d.weights));
  layer_roofline = {.peak = peak(gpu, cell.gemm_format).value(), .bandwidth = bandwidth};
  const auto& bf16 = calibration.formats.at("bf16");
  lm_head_coefficients = scaled(bf16.gemm, bf16.scales);
  lm_head = {.n = static_cast<double>(d.llm.vocab) / tp, .k = static_cast<double>(d.llm.hidden)};
  lm_head_roofline = {.peak = bf16_peak, .bandwidth = bandwidth};
  const std::string kv_name(name_of(cell.kv_format));
  elementwise = calibration.elementwise;
  elementwise.launch *= scales.launch;
  decode_coefficients = scaled(calibration.attention_decode.at(kv_name), scales);
  prefill_coefficients = scaled(calibration.attention_prefill.at(kv_name), scales);
  attention_shape = {.heads = static_cast<double>(d.llm.heads) / tp,
                     .kv_heads = static_cast<double>(kv_heads_per_gpu(d.llm, tp)),
                     .head_dim = static_cast<double>(d.llm.head_dim),
                     .kv_bytes_per_element = bytes_per_element(d.kv_cache)};
}

double StepCost::Impl::all_reduce(double bytes) const {
  const int ranks = deployment.tensor_parallel_size;
  const double measured = all_reduce_time(cell.calibration->all_reduce, scales.all_reduce, ranks, nvlink, bytes);
  const auto& links = deployment.links;
  if (!links.crosses_fabric || ranks <= 1) return measured;
  // Ring: 2 (r - 1) hops, each moving 1/r of the message.
  const double hops = 2.0 * (ranks - 1);
  return std::fmax(measured, hops * (bytes / ranks / links.bandwidth.value() + links.latency.value()));
}

CauseTimes StepCost::Impl::tokens_time(double tokens) const {
  constexpr double kActivationBytes = 2;
  CauseTimes layer;
  for (const auto& shape : layer_gemms) layer += gemm_time(layer_gemm_coefficients, shape, layer_roofline, tokens);
  layer += elementwise_time(elementwise, deployment.llm, deployment.tensor_parallel_size, bandwidth, tokens);
  if (deployment.tensor_parallel_size > 1)
    layer.communication += 2 * all_reduce(tokens * deployment.llm.hidden * kActivationBytes);
  return layer * deployment.llm.layers;
}

CauseTimes StepCost::Impl::sampling_time(double rows) const {
  if (rows == 0) return {};
  return gemm_time(lm_head_coefficients, lm_head, lm_head_roofline, rows);
}

CauseTimes StepCost::Impl::host_time(double sequences) const {
  return {.host = host.per_step + host.per_sequence * sequences};
}

const CauseTimes& StepCost::Impl::memo_tokens(std::int64_t tokens) {
  return by_tokens.get(static_cast<std::size_t>(tokens), [&] { return tokens_time(static_cast<double>(tokens)); });
}

const CauseTimes& StepCost::Impl::memo_sampling(int rows) {
  return by_rows.get(static_cast<std::size_t>(rows), [&] { return sampling_time(rows); });
}

StepCost::StepCost(const Deployment& deployment)
    : impl_(std::make_unique<Impl>(deployment, calibrated_cell(deployment))) {}
StepCost::StepCost(const Deployment& deployment, const Calibration& calibration)
    : impl_(std::make_unique<Impl>(deployment, calibrated_cell(deployment, calibration))) {}
StepCost::~StepCost() = default;
StepCost::StepCost(StepCost&&) noexcept = default;

const DecodeCost& StepCost::decode(int sequences) {
  auto& m = *impl_;
  return m.by_sequences.get(static_cast<std::size_t>(sequences), [&] {
    const double n = sequences;
    const double layers = m.deployment.llm.layers;
    const auto attention = attention_decode_time(m.decode_coefficients, m.attention_shape, m.bandwidth, n);
    DecodeCost cost;
    cost.base_by_cause = attention.base * layers;
    cost.base_by_cause += m.memo_tokens(sequences);
    cost.base_by_cause += m.memo_sampling(sequences);
    cost.base_by_cause += m.host_time(n);
    cost.slope_by_cause = attention.slope * layers;
    cost.base = cost.base_by_cause.total();
    cost.slope = cost.slope_by_cause.total();
    cost.valid_until = std::numeric_limits<double>::infinity();
    return cost;
  });
}

CauseTimes StepCost::mixed(const MixedBatch& batch) {
  auto& m = *impl_;
  const double layers = m.deployment.llm.layers;
  CauseTimes time = m.memo_tokens(batch.decode_seqs + batch.prefill_tokens);
  time += m.memo_sampling(batch.decode_seqs + batch.prefill_last_chunks);
  if (batch.decode_seqs > 0) {
    const auto decode = attention_decode_time(m.decode_coefficients, m.attention_shape, m.bandwidth, batch.decode_seqs);
    time += decode.base * layers;
    time += decode.slope * (static_cast<double>(batch.decode_kv_tokens) * layers);
  }
  if (batch.prefill_tokens > 0) {
    time += attention_prefill_time(m.prefill_coefficients, m.attention_shape, m.bandwidth, m.bf16_peak, batch) * layers;
    time.host += std::fmax(0, m.host.mixed_floor * layers - time.total());
  }
  time += m.host_time(batch.decode_seqs + batch.prefill_seqs);
  return time;
}

StepCost::Envelope StepCost::envelope() const { return impl_->cell.envelope; }

}  // namespace flotilla::models
