#include "models/bounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/figures.hpp"

namespace flotilla::models {
namespace {

constexpr double kGB = 1e9;
constexpr double kTB = 1e12;
constexpr double kTera = 1e12;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

/// A figure that an article gives as a range; low == high where it is one number.
struct Range {
  double low = 0;
  double high = 0;
};

/// Computes the rows in order; later rows use what earlier ones found.
class Sheet {
 public:
  Sheet(const Llm& llm, const Gpu& gpu, NumberFormat weights, NumberFormat kv)
      : llm_(llm),
        gpu_(gpu),
        weights_(weights),
        kv_(kv),
        parameters_(parameters(llm)),
        article_(!gpu.article.title.empty()) {}

  std::vector<Bound> take() {
    hardware();
    weight_rows();
    decode_rows();
    kv_rows();
    compute_rows();
    return std::move(rows_);
  }

 private:
  void row(std::string name, double value, std::string unit, std::string text, std::string formula,
           std::string source) {
    rows_.push_back({std::move(name), value, std::move(unit), std::move(text), std::move(formula), std::move(source)});
  }

  void gigabytes(std::string name, double bytes, std::string formula, std::string source) {
    row(std::move(name), bytes / kGB, "GB", fmt::format("{:.2f} GB", bytes / kGB), std::move(formula),
        std::move(source));
  }

  void hardware() {
    const double bandwidth = gpu_.hbm_bandwidth.value() / kTB;
    row("HBM bandwidth", bandwidth, "TB/s", fmt::format("{} TB/s", bandwidth), "as stated", gpu_.hbm_bandwidth.source);
    const double capacity = gpu_.memory.value() / kGB;
    row("memory", capacity, "GB", fmt::format("{:.5g} GB", capacity), "as stated", gpu_.memory.source);
    row("TDP", gpu_.tdp.value(), "W", with_commas(gpu_.tdp.value()) + " W", "as stated", gpu_.tdp.source);
  }

  void weight_rows() {
    const double linear = parameters_.linear;
    const double element = weights_ == NumberFormat::kBf16 ? 2 : weights_ == NumberFormat::kFp8 ? 1 : 0.5;
    const double scale = bytes_per_element(weights_) - element;
    const std::string shape = "the model's shape: " + llm_.source;
    gigabytes("linear weights", linear * element, fmt::format("{:.2f}e9 x {} B", linear / 1e9, element), shape);
    gigabytes("block scales", linear * scale, scale == 0 ? "none" : fmt::format("{:.2f}e9 x {} B", linear / 1e9, scale),
              scale == 0 ? fmt::format("{} scales are per tensor or channel: negligible", upper(name_of(weights_)))
                         : scale_source());
    const double vocabulary = parameters_.embedding + parameters_.lm_head;
    gigabytes("embedding and lm_head", vocabulary * 2, fmt::format("{:.2f}e9 x 2 B (BF16)", vocabulary / 1e9), shape);
    resident_ = linear * (element + scale) + vocabulary * 2;
    gigabytes(
        "weights resident", resident_,
        fmt::format("{:.2f} + {:.2f} + {:.2f} GB", linear * element / kGB, linear * scale / kGB, vocabulary * 2 / kGB),
        fmt::format(
            "linear weights, their scales, embedding, lm_head; norms ({:.3f} GB) are left out, as the articles do",
            parameters_.norms * 2 / kGB));
    streamed();
    const double runtime = gpu_.article.footprint_runtime.value();
    gigabytes("resident footprint", resident_ + runtime,
              fmt::format("{:.2f} + {:.0f} GB", resident_ / kGB, runtime / kGB),
              article_ ? gpu_.article.footprint_runtime.source
                       : "weights alone; what the engine adds is in the memory ledger");
  }

  [[nodiscard]] std::string scale_source() const {
    switch (weights_) {
      case NumberFormat::kNvfp4:
        return "NVFP4: one 8-bit scale per 16 elements";
      case NumberFormat::kMxfp4:
        return "MXFP4: one 8-bit scale per 32 elements (OCP Microscaling Formats)";
      default:
        return "INT4: one 16-bit scale per 128 elements";
    }
  }

  void streamed() {
    const auto& stated = gpu_.article.streamed_weights;
    const auto found = stated.find(fmt::format("{}/{}", llm_.name, name_of(weights_)));
    if (found != stated.end()) {
      streamed_ = found->second.value();
      gigabytes("weights streamed per step", streamed_, "as stated", found->second.source);
    } else if (article_) {
      streamed_ = resident_;
      gigabytes("weights streamed per step", streamed_, fmt::format("{:.2f} GB: all that is resident", resident_ / kGB),
                fmt::format("\"{}\" counts the embedding table, too", gpu_.article.title));
    } else {
      streamed_ = resident_ - (llm_.tied_embeddings ? 0 : parameters_.embedding * 2);
      gigabytes("weights streamed per step", streamed_,
                fmt::format("{:.2f} - {:.2f} GB", resident_ / kGB, (resident_ - streamed_) / kGB),
                "all but the embedding table, of which a step reads one row per token");
    }
  }

  void decode_rows() {
    const double floor = streamed_ / gpu_.hbm_bandwidth.value();
    const auto division = fmt::format("{:.2f} GB / {} TB/s", streamed_ / kGB, gpu_.hbm_bandwidth.value() / kTB);
    row("decode floor, batch 1", floor * 1e3, "ms", fmt::format("{:.1f} ms", floor * 1e3), division,
        "every step streams the weights once: " + gpu_.hbm_bandwidth.source);
    row("decode ceiling, batch 1", 1 / floor, "tok/s/user", significant(1 / floor, 3) + " tok/s/user",
        "1 / (" + division + ")", "one token per step");
  }

  void kv_rows() {
    const auto& article = gpu_.article;
    const bool stated = article.streamed_weights.count(fmt::format("{}/{}", llm_.name, name_of(weights_))) > 0;
    const double held = (article_ && stated ? streamed_ : resident_) + article.footprint_runtime.value();
    const Range reserve{article.reserve_low.value(), article.reserve_high.value()};
    const double capacity = gpu_.memory.value();
    const Range budget{std::max(0.0, capacity - held - reserve.high), std::max(0.0, capacity - held - reserve.low)};
    auto formula = fmt::format("{:.2f} - {:.2f} GB", capacity / kGB, held / kGB);
    if (reserve.high > 0) {
      formula += reserve.low < reserve.high
                     ? fmt::format(" - {:.0f} to {:.0f} GB", reserve.low / kGB, reserve.high / kGB)
                     : fmt::format(" - {:.0f} GB", reserve.high / kGB);
    }
    row("KV budget", budget.high / kGB, "GB", budget_text(budget), formula,
        article_ ? article.reserve_high.source
                 : "all that the weights leave; an engine leaves less: see the memory ledger");
    std::vector<NumberFormat> formats{NumberFormat::kBf16, NumberFormat::kFp8};
    if (std::find(formats.begin(), formats.end(), kv_) == formats.end()) formats.push_back(kv_);
    for (const auto format : formats) kv_tokens(format, budget);
    for (const double length : {8192.0, 32768.0}) sequences(length, budget);
  }

  [[nodiscard]] static std::string budget_text(const Range& budget) {
    if (budget.low < budget.high) return fmt::format("{:.0f}-{:.0f} GB", budget.low / kGB, budget.high / kGB);
    return budget.high < 20 * kGB ? fmt::format("{:.1f} GB", budget.high / kGB)
                                  : fmt::format("~{:.0f} GB", budget.high / kGB);
  }

  void kv_tokens(NumberFormat format, const Range& budget) {
    const double per_token = kv_bytes_per_token(llm_, format).value();
    const auto name = upper(name_of(format));
    row("KV bytes per token, " + name, per_token, "B", with_commas(per_token) + " B",
        fmt::format("2 x {} layers x {} KV heads x {} x {} B", llm_.layers, llm_.kv_heads, llm_.head_dim,
                    bytes_per_element(format)),
        "keys and values of every layer");
    const Range tokens{budget.low / per_token, budget.high / per_token};
    row("KV tokens, " + name, std::floor(tokens.high), "tokens", tokens_text(tokens),
        fmt::format("{} / {} B", budget_text(budget), with_commas(per_token)), "KV budget / KV bytes per token");
  }

  /// A range is rounded outwards: down to a whole thousand, up to half a one.
  [[nodiscard]] static std::string tokens_text(const Range& tokens) {
    if (tokens.low == tokens.high) return about(tokens.high) + " tokens";
    return with_commas(std::floor(tokens.low / 1000) * 1000) + "-" + with_commas(std::ceil(tokens.high / 500) * 500) +
           " tokens";
  }

  void sequences(double length, const Range& budget) {
    const double bytes = kv_bytes_per_token(llm_, kv_).value() * length;
    const double count = budget.high / bytes;
    constexpr double kNearlyOneMore = 0.05;  // 2.98 sequences are "about 3"
    const double whole = std::floor(count + kNearlyOneMore);
    const auto text =
        whole < 1 ? "< 1 sequence" : fmt::format("~{} sequence{}", with_commas(whole), whole == 1 ? "" : "s");
    row(fmt::format("sequences of {} tokens", with_commas(length)), count, "sequences", text,
        fmt::format("{:.2f} GB / ({} x {} B)", budget.high / kGB, with_commas(length), with_commas(bytes / length)),
        fmt::format("{} KV cache", upper(name_of(kv_))));
  }

  void compute_rows() {
    ridge("BF16", gpu_.bf16);
    if (gpu_.fp8.value() > 0) ridge("FP8", gpu_.fp8);
    if (gpu_.fp4.value() > 0) ridge("FP4", gpu_.fp4);
    const double used = gpu_.prefill_utilization > 0 ? gpu_.prefill_utilization.get() : 1.0;
    const double top = peak(gpu_, weights_).value();
    const double total = parameters_.linear + parameters_.embedding + parameters_.lm_head;
    const double ceiling = used * top / (2 * total);
    row("prefill ceiling", ceiling, "tok/s", about(ceiling) + " tok/s",
        fmt::format("{} x {} TFLOPS / (2 x {:.2f}e9 FLOP)", used, with_commas(top / kTera), total / 1e9),
        fmt::format("2 FLOP per parameter and token; {}", gpu_.prefill_utilization.source));
  }

  void ridge(const std::string& name, const Sourced<FlopsPerSecond>& flops) {
    const double value = flops.value() / gpu_.hbm_bandwidth.value();
    row("roofline ridge, " + name, value, "FLOP/B", with_commas(value) + " FLOP/B",
        fmt::format("{} TFLOPS / {} TB/s", with_commas(flops.value() / kTera), gpu_.hbm_bandwidth.value() / kTB),
        flops.source);
  }

  const Llm& llm_;
  const Gpu& gpu_;
  NumberFormat weights_, kv_;
  Parameters parameters_;
  bool article_;
  double resident_ = 0;
  double streamed_ = 0;
  std::vector<Bound> rows_;
};

}  // namespace

std::vector<Bound> bounds(const Llm& llm, const Gpu& gpu, NumberFormat weights, NumberFormat kv) {
  return Sheet(llm, gpu, weights, kv).take();
}

DecodeFloor decode_floor(const Deployment& d, double sequences, double kv_tokens) {
  const Gpu gpu = improved(d.gpu, d.what_if);
  const double gpus = d.gpus();
  const double tokens = sequences * (1 + d.speculation.draft_tokens);
  double bytes = streamed_bytes(d.llm, d.weights).value();
  if (d.llm.experts > 0) {
    const double experts = d.llm.experts, chosen = d.llm.experts_per_token;
    const double met = experts * (1 - std::pow(1 - chosen / experts, std::max(1.0, tokens)));
    bytes += (met - chosen) * parameters(d.llm).experts / experts * bytes_per_element(d.weights);
  }
  const double window = kv_window_bytes_per_sequence(d.llm, d.kv_cache).value() * sequences;
  const double full = kv_full_bytes_per_token(d.llm, d.kv_cache).value() * kv_tokens;
  bytes += std::min(full + window, kv_bytes_per_token(d.llm, d.kv_cache).value() * kv_tokens);
  const double made = d.speculation.tokens_per_step();
  return {bytes / (gpus * gpu.hbm_bandwidth.value()) / made,
          2 * active_parameters(d.llm) * tokens / (gpus * peak(gpu, d.weights).value()) / made};
}

}  // namespace flotilla::models
