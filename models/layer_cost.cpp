#include "models/layer_cost.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <string>

namespace flotilla::models {
namespace {

constexpr double kActivationBytes = 2;

/// PCIe 5.0 x16 per direction, for GPUs without NVLink: 32 GT/s * 16 lanes * 128/130 / 8 (PCI-SIG).
constexpr double kPcie = 63e9;

/// An article's variant carries the article's figures, not other silicon: it runs at the speed of the GPU it is a
/// variant of.
Gpu silicon(const Gpu& gpu) {
  const auto name = datasheet_name(gpu);
  return name == gpu.name ? gpu : load_gpu(name);
}

/// The smaller of the two, with a rounded corner (3 % below where they are equal): a fit that tries a scale beyond the
/// bound still feels which way to turn.
double at_most(double efficiency, double bound) {
  constexpr double kSharpness = 20;
  return efficiency / std::pow(1 + std::pow(efficiency / bound, kSharpness), 1 / kSharpness);
}

/// Scales fitted on serving points, bounded by the datasheet: no kernel moves or multiplies faster than that, whatever
/// a fit would have. `gpu_time` multiplies all times afterwards and so belongs into the bound.
struct Scaling {
  const OperatorScales& scales;
  double gpu_time;

  [[nodiscard]] double efficiency(double measured, double scale, double most = 1) const {
    return at_most(measured / scale, most * gpu_time);
  }
};

GemmCoefficients scaled(GemmCoefficients c, const Scaling& by) {
  c.launch *= by.scales.launch;
  c.memory_efficiency = by.efficiency(c.memory_efficiency, by.scales.gemm_memory);
  c.compute_efficiency = by.efficiency(c.compute_efficiency, by.scales.gemm_compute);
  return c;
}

AttentionDecodeCoefficients scaled(AttentionDecodeCoefficients c, const Scaling& by) {
  c.launch *= by.scales.launch;
  c.per_kv_head *= by.scales.attention;
  c.memory_efficiency = by.efficiency(c.memory_efficiency, by.scales.attention);
  return c;
}

AttentionPrefillCoefficients scaled(AttentionPrefillCoefficients c, const Scaling& by) {
  constexpr double kFp8Peak = 2;  // of the BF16 peak
  c.launch *= by.scales.launch;
  c.compute_efficiency = by.efficiency(c.compute_efficiency, by.scales.attention, kFp8Peak);
  c.context_efficiency = by.efficiency(c.context_efficiency, by.scales.attention, kFp8Peak);
  c.memory_efficiency = by.efficiency(c.memory_efficiency, by.scales.attention);
  return c;
}

MlaDecodeCoefficients scaled(MlaDecodeCoefficients c, const Scaling& by) {
  c.launch *= by.scales.launch;
  c.per_sequence *= by.scales.attention;
  c.per_head *= by.scales.attention;
  c.per_token *= by.scales.attention;
  c.memory_efficiency = by.efficiency(c.memory_efficiency, by.scales.attention);
  c.compute_efficiency = by.efficiency(c.compute_efficiency, by.scales.attention);
  return c;
}

MoeCoefficients scaled(MoeCoefficients c, const ExpertScales& scales, double gpu_time) {
  c.launch *= scales.launch;
  c.parallel_launch *= scales.launch;
  c.memory_efficiency = at_most(c.memory_efficiency / scales.memory, gpu_time);
  c.compute_efficiency = at_most(c.compute_efficiency / scales.compute, gpu_time);
  return c;
}

/// Kernels over a window where they were told apart from those over all tokens.
template <class Coefficients>
const Coefficients& windowed(const std::map<std::string, Coefficients>& kernels, const std::string& key) {
  const auto own = kernels.find(key + "/window");
  return own != kernels.end() ? own->second : kernels.at(key);
}

std::vector<GemmShape> gated_mlp(double hidden, double intermediate, double weight_bytes) {
  return {{.n = 2 * intermediate, .k = hidden, .weight_bytes_per_element = weight_bytes},
          {.n = hidden, .k = intermediate, .weight_bytes_per_element = weight_bytes}};
}

std::vector<GemmShape> grouped_query_projections(const Llm& llm, int tp, double weight_bytes) {
  const double q = static_cast<double>(llm.heads) * llm.head_dim / tp;
  const double kv = static_cast<double>(kv_heads_per_gpu(llm, tp)) * llm.head_dim;
  const double hidden = llm.hidden;
  return {{.n = q + 2 * kv, .k = hidden, .weight_bytes_per_element = weight_bytes},
          {.n = hidden, .k = q, .weight_bytes_per_element = weight_bytes}};
}

/// Down to the latents (on every rank), up to the heads' queries, the two products with the cached latent (absorbed
/// into queries and outputs when decoding, expanding keys and values in prefill: the same arithmetic), and the output.
/// The middle ones stay BF16: engines keep the absorbed matrices so.
std::vector<GemmShape> latent_projections(const Llm& llm, int tp, double weight_bytes) {
  const double heads = static_cast<double>(llm.heads) / tp;
  const double hidden = llm.hidden, latent = llm.kv_lora_rank, rope = llm.qk_rope_head_dim;
  const double query = heads * (llm.qk_nope_head_dim + rope);
  std::vector<GemmShape> shapes;
  if (llm.q_lora_rank > 0) {
    shapes.push_back({llm.q_lora_rank + latent + rope, hidden, weight_bytes});
    shapes.push_back({query, static_cast<double>(llm.q_lora_rank), weight_bytes});
  } else {
    shapes.push_back({query + latent + rope, hidden, weight_bytes});
  }
  shapes.push_back({heads * latent, static_cast<double>(llm.qk_nope_head_dim), kActivationBytes});
  shapes.push_back({heads * llm.v_head_dim, latent, kActivationBytes});
  shapes.push_back({hidden, heads * llm.v_head_dim, weight_bytes});
  return shapes;
}

double attention_width(const Llm& llm, int tp) {
  if (llm.latent_attention())
    return static_cast<double>(llm.heads) / tp * (llm.qk_nope_head_dim + llm.qk_rope_head_dim) + llm.kv_lora_rank +
           llm.qk_rope_head_dim;
  return (static_cast<double>(llm.heads) / tp + 2.0 * kv_heads_per_gpu(llm, tp)) * llm.head_dim;
}

}  // namespace

LayerCost::LayerCost(const Deployment& d, const CalibratedCell& cell) : d_(d), cell_(cell) {
  const auto& calibration = *cell.calibration;
  const auto& llm = d.llm;
  const auto gpu = improved(silicon(d.gpu), d.what_if);
  const int tp = d.tensor_parallel_size;
  const double bandwidth = gpu.hbm_bandwidth.value();
  const auto roofline = [&](const std::string& key) { return Roofline{peak_of(gpu, key), bandwidth}; };
  const auto gemm_of = [&](const std::string& key) {
    const auto& format = calibration.formats.at(key);
    return scaled(format.gemm, Scaling{format.scales, cell.profile.gpu_time});
  };
  nvlink_ = gpu.nvlink.value() > 0 ? gpu.nvlink.value() : kPcie;
  scales_ = calibration.formats.at(cell.gemm).scales;
  gemm_ = gemm_of(cell.gemm), gemm_roofline_ = roofline(cell.gemm);
  attention_gemm_ = gemm_of(cell.attention), attention_roofline_ = roofline(cell.attention);
  bf16_gemm_ = gemm_of("bf16"), bf16_roofline_ = roofline("bf16");
  const double weight_bytes = bytes_per_element(d.weights);
  mlp_ = gated_mlp(llm.hidden, static_cast<double>(llm.intermediate) / tp, weight_bytes);
  const double attention_bytes = bytes_per_element(attention_format(llm, d.weights));
  projections_ = llm.latent_attention() ? latent_projections(llm, tp, attention_bytes)
                                        : grouped_query_projections(llm, tp, attention_bytes);
  lm_head_ = {.n = static_cast<double>(llm.vocab) / tp, .k = static_cast<double>(llm.hidden)};
  elementwise_ = calibration.elementwise;
  elementwise_.launch *= scales_.launch;
  const double hidden = llm.hidden, shared = static_cast<double>(llm.shared_intermediate) / tp;
  dense_elementwise_ = {hidden, attention_width(llm, tp), static_cast<double>(llm.intermediate) / tp};
  sparse_elementwise_ = {hidden, attention_width(llm, tp), shared};
  set_attention(calibration);
  if (llm.moe_layers > 0) set_experts(calibration, gpu);
}

void LayerCost::set_attention(const Calibration& calibration) {
  const auto& llm = d_.llm;
  const double tp = d_.tensor_parallel_size, kv_bytes = bytes_per_element(d_.kv_cache);
  if (llm.latent_attention()) {
    latent_decode_ = scaled(calibration.mla_decode.at(cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
    latent_prefill_ = scaled(calibration.mla_prefill.at(cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
    latent_shape_ = {.heads = llm.heads / tp,
                     .kv_lora_rank = static_cast<double>(llm.kv_lora_rank),
                     .qk_nope_head_dim = static_cast<double>(llm.qk_nope_head_dim),
                     .qk_rope_head_dim = static_cast<double>(llm.qk_rope_head_dim),
                     .v_head_dim = static_cast<double>(llm.v_head_dim),
                     .kv_bytes_per_element = kv_bytes};
    return;
  }
  decode_ = scaled(calibration.attention_decode.at(cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
  prefill_ = scaled(calibration.attention_prefill.at(cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
  window_decode_ = scaled(windowed(calibration.attention_decode, cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
  window_prefill_ = scaled(windowed(calibration.attention_prefill, cell_.kv), Scaling{scales_, cell_.profile.gpu_time});
  attention_shape_ = {.heads = llm.heads / tp,
                      .kv_heads = static_cast<double>(kv_heads_per_gpu(llm, d_.tensor_parallel_size)),
                      .head_dim = static_cast<double>(llm.head_dim),
                      .kv_bytes_per_element = kv_bytes};
}

void LayerCost::set_experts(const Calibration& calibration, const Gpu& gpu) {
  const auto& llm = d_.llm;
  const double tp = d_.tensor_parallel_size, weight_bytes = bytes_per_element(d_.weights);
  const auto found = calibration.expert_scales.find(cell_.experts);
  const ExpertScales scales = found == calibration.expert_scales.end() ? ExpertScales{} : found->second;
  experts_ = scaled(calibration.moe.at(cell_.experts), scales, cell_.profile.gpu_time);
  expert_roofline_ = {peak_of(gpu, cell_.experts), gpu.hbm_bandwidth.value()};
  expert_shape_ = {.hidden = static_cast<double>(llm.hidden),
                   .intermediate = static_cast<double>(llm.moe_intermediate) / d_.expert_tensor_parallel_size(),
                   .experts = llm.experts,
                   .experts_per_token = llm.experts_per_token,
                   .ranks = d_.expert_parallel_size,
                   .weight_bytes_per_element = weight_bytes};
  expert_choice_ = ExpertChoice(expert_shape_, d_.expert_skew.value_or(scales.skew));
  router_ = {.n = static_cast<double>(llm.experts), .k = static_cast<double>(llm.hidden)};
  if (llm.shared_intermediate > 0) shared_expert_ = gated_mlp(llm.hidden, llm.shared_intermediate / tp, weight_bytes);
  for (const auto& [library, coefficients] : calibration.expert_exchange) exchanges_.push_back(coefficients);
  if (exchanges_.empty()) exchanges_.emplace_back();
}

CauseTimes LayerCost::multiply(const std::vector<GemmShape>& shapes, const GemmCoefficients& c, const Roofline& roof,
                               double tokens) const {
  CauseTimes time;
  for (const auto& shape : shapes) time += gemm_time(c, shape, roof, tokens);
  return time;
}

double LayerCost::all_reduce(int ranks, double bytes) const {
  // On a faster network a message takes what a smaller one did.
  const double measured =
      all_reduce_time(cell_.calibration->all_reduce, scales_.all_reduce, ranks, nvlink_, bytes / d_.what_if.network);
  if (!d_.links.crosses_fabric || ranks <= 1) return measured;
  // Ring: 2 (r - 1) hops, each moving 1/r of the message.
  const double hops = 2.0 * (ranks - 1);
  return std::fmax(measured, hops * (bytes / ranks / d_.links.bandwidth.value() + d_.links.latency.value()));
}

double LayerCost::reduce_of(double tokens) const {
  return d_.tensor_parallel_size > 1 ? all_reduce(d_.tensor_parallel_size, tokens * d_.llm.hidden * kActivationBytes)
                                     : 0;
}

/// By the fastest library for this size: latency counts when decoding, bandwidth in prefill.
double LayerCost::exchange(double rank_tokens) const {
  const double bandwidth = d_.links.crosses_fabric ? d_.links.bandwidth.value() : nvlink_ * d_.what_if.network;
  double fastest = std::numeric_limits<double>::infinity();
  for (const auto& library : exchanges_)
    fastest = std::fmin(fastest, expert_exchange_time(library, bandwidth, d_.expert_ranks(), d_.llm.experts_per_token,
                                                      d_.llm.hidden, dispatch_bytes(d_.weights), rank_tokens));
  return fastest;
}

/// Without attention data parallelism every rank holds every token, and the experts' partial sums are reduced like
/// those of a dense MLP; with it tokens travel to the ranks of their experts.
CauseTimes LayerCost::expert_layer(double rank_tokens, double group_tokens) const {
  CauseTimes time = gemm_time(bf16_gemm_, router_, bf16_roofline_, rank_tokens);
  auto load = expert_choice_.load(group_tokens);
  if (d_.data_parallel_size > 1 && !d_.engine.gathers_for_experts.get()) load.pairs = load.assignments;
  time += moe_time(experts_, expert_shape_, expert_roofline_, load);
  time += multiply(shared_expert_, gemm_, gemm_roofline_, rank_tokens);
  time += elementwise_time(elementwise_, sparse_elementwise_, gemm_roofline_.bandwidth, rank_tokens);
  time.communication += reduce_of(rank_tokens);
  time.communication += expert_collectives(rank_tokens, group_tokens);
  return time;
}

double LayerCost::expert_collectives(double rank_tokens, double group_tokens) const {
  if (d_.data_parallel_size == 1) return reduce_of(rank_tokens);
  if (!d_.engine.gathers_for_experts.get()) return exchange(rank_tokens);
  // An all-gather before the experts and a reduce-scatter behind them move what one all-reduce does.
  return all_reduce(d_.expert_ranks(), group_tokens * d_.llm.hidden * kActivationBytes);
}

double LayerCost::collective_latency() const {
  const double reduce = reduce_of(0);
  return 2 * reduce * d_.llm.dense_layers() + (reduce + expert_collectives(0, 0)) * d_.llm.moe_layers +
         stage_transfers(0).communication;
}

CauseTimes LayerCost::tokens(double rank_tokens, double group_tokens) const {
  const auto& llm = d_.llm;
  CauseTimes time =
      multiply(projections_, attention_gemm_, attention_roofline_, rank_tokens) * static_cast<double>(llm.layers);
  if (llm.dense_layers() > 0) {
    CauseTimes dense = multiply(mlp_, gemm_, gemm_roofline_, rank_tokens);
    dense += elementwise_time(elementwise_, dense_elementwise_, gemm_roofline_.bandwidth, rank_tokens);
    dense.communication += 2 * reduce_of(rank_tokens);
    time += dense * static_cast<double>(llm.dense_layers());
  }
  if (llm.moe_layers > 0) time += expert_layer(rank_tokens, group_tokens) * static_cast<double>(llm.moe_layers);
  return time;
}

CauseTimes LayerCost::sampling(double rows) const {
  if (rows == 0) return {};
  return gemm_time(bf16_gemm_, lm_head_, bf16_roofline_, rows);
}

DecodeAttention LayerCost::decode_attention(double sequences) const {
  const double full = d_.llm.full_layers(), windowed = d_.llm.windowed_layers;
  if (d_.llm.latent_attention()) {
    const auto layer = mla_decode_time(latent_decode_, latent_shape_, bf16_roofline_, sequences);
    return {layer.base * (full + windowed), layer.slope * full, layer.slope * windowed};
  }
  const double bandwidth = bf16_roofline_.bandwidth;
  const auto layer = attention_decode_time(decode_, attention_shape_, bandwidth, sequences);
  const auto window = attention_decode_time(window_decode_, attention_shape_, bandwidth, sequences);
  auto base = layer.base * full;
  base += window.base * windowed;
  return {base, layer.slope * full, window.slope * windowed};
}

CauseTimes LayerCost::expand_latents(double tokens) const {
  if (tokens == 0) return {};
  CauseTimes time = gemm_time(bf16_gemm_, mla_expansion(latent_shape_), bf16_roofline_, tokens);
  time.memory +=
      tokens * mla_expansion_bytes(latent_shape_) / (bf16_roofline_.bandwidth * elementwise_.memory_efficiency);
  return time;
}

CauseTimes LayerCost::prefill_attention(const MixedBatch& batch) const {
  const auto& llm = d_.llm;
  const auto layer = [&](const AttentionPrefillCoefficients& c, const MixedBatch& b) {
    if (!llm.latent_attention())
      return attention_prefill_time(c, attention_shape_, bf16_roofline_.bandwidth, bf16_roofline_.peak, b);
    auto time = mla_prefill_time(latent_prefill_, latent_shape_, bf16_roofline_, b);
    return time += expand_latents(static_cast<double>(b.prefill_context));
  };
  CauseTimes time = layer(prefill_, batch) * static_cast<double>(llm.full_layers());
  if (llm.windowed_layers == 0) return time;
  MixedBatch windowed = batch;
  windowed.prefill_pairs = batch.prefill_window_pairs;
  windowed.prefill_context = batch.prefill_window_context;
  return time += layer(window_prefill_, windowed) * static_cast<double>(llm.windowed_layers);
}

CauseTimes LayerCost::stage_transfers(double rank_tokens) const {
  CauseTimes time;
  const double hops = d_.pipeline_parallel_size - 1;
  if (hops == 0) return time;
  const bool far = d_.links.crosses_fabric;
  const double bandwidth = far ? d_.links.bandwidth.value() : nvlink_ * d_.what_if.network;
  // Point to point over NVLink: the latency of NCCL's send and receive, as its all-reduce between two ranks shows.
  const double latency = far ? d_.links.latency.value() : all_reduce_time(cell_.calibration->all_reduce.curves, 2, 0);
  const double shard = rank_tokens * d_.llm.hidden * kActivationBytes / d_.tensor_parallel_size;
  time.communication = hops * (latency + shard / bandwidth);
  return time;
}

}  // namespace flotilla::models
