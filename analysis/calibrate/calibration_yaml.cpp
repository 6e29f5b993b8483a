#include "analysis/calibrate/calibration_yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace flotilla::analysis {
namespace {

std::string list(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double v : values) texts.push_back(v >= 1 ? fmt::format("{:.0f}", v) : fmt::format("{:.4g}", v));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

/// Text of a user's, or of a table, whatever is in it.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string statistics_line(const models::FitStatistics& f) {
  return fmt::format(
      "points: {}, median_error: {:.4f}, p90_error: {:.4f}, description: {}, tensor_parallel_sizes: [{}]", f.points,
      f.median_error, f.p90_error, quoted(f.description), fmt::join(f.tensor_parallel_sizes, ", "));
}

std::string expert_scales_line(const models::ExpertScales& e) {
  auto text = fmt::format("launch: {:.4g}, memory: {:.4g}, compute: {:.4g}, skew: {:.4g}", e.launch, e.memory,
                          e.compute, e.skew);
  if (e.tpot.points > 0) text += fmt::format(", tpot: {{{}}}", statistics_line(e.tpot));
  return text;
}

std::string profile_yaml(const models::ServingProfile& p) {
  const auto setup = p.setup.empty() ? "" : fmt::format("    setup: {}\n", quoted(p.setup));
  return fmt::format(
      "  - from: {}\n    to: {}\n{}    gpu_time: {:.4g}\n"
      "    host: {{per_step: {:.4g}, per_sequence: {:.4g}, mixed_floor: {:.4g}}}\n"
      "    frontend: {{per_request: {:.4g}, per_input_token: {:.4g}}}\n",
      quoted(p.from), quoted(p.to), setup, p.gpu_time, p.host.per_step, p.host.per_sequence, p.host.mixed_floor,
      p.frontend.per_request, p.frontend.per_input_token);
}

std::string format_yaml(const std::string& name, const models::FormatCalibration& f) {
  const auto& g = f.gemm;
  const auto& s = f.scales;
  auto text = fmt::format(
      "  {}:\n"
      "    gemm: {{compute_efficiency: {:.4g}, memory_efficiency: {:.4g}, launch: {:.4g}, sharpness: {:.4g}, "
      "idle_tiles: {:.4g}, "
      "small_matrix: {:.0f}}}\n"
      "    scales: {{launch: {:.4g}, gemm_memory: {:.4g}, gemm_compute: {:.4g}, attention: {:.4g}, all_reduce: "
      "{:.4g}}}\n",
      name, g.compute_efficiency, g.memory_efficiency, g.launch, g.sharpness, g.idle_tiles, g.small_matrix, s.launch,
      s.gemm_memory, s.gemm_compute, s.attention, s.all_reduce);
  if (f.tpot.points > 0) text += fmt::format("    tpot: {{{}}}\n", statistics_line(f.tpot));
  return text;
}

/// A mapping of names to lines, or nothing where there are none.
template <class Coefficients>
std::string section(const std::string& title, const std::map<std::string, Coefficients>& values,
                    std::string (*line)(const Coefficients&)) {
  if (values.empty()) return "";
  auto text = title + ":\n";
  for (const auto& [name, value] : values) text += fmt::format("  {}: {{{}}}\n", name, line(value));
  return text;
}

std::string decode_line(const models::AttentionDecodeCoefficients& a) {
  return fmt::format("launch: {:.4g}, per_kv_head: {:.4g}, memory_efficiency: {:.4g}", a.launch, a.per_kv_head,
                     a.memory_efficiency);
}

std::string prefill_line(const models::AttentionPrefillCoefficients& a) {
  return fmt::format("launch: {:.4g}, compute_efficiency: {:.4g}, memory_efficiency: {:.4g}", a.launch,
                     a.compute_efficiency, a.memory_efficiency);
}

std::string latent_prefill_line(const models::AttentionPrefillCoefficients& a) {
  return prefill_line(a) +
         (a.context_efficiency > 0 ? fmt::format(", context_efficiency: {:.4g}", a.context_efficiency) : "");
}

std::string latent_line(const models::MlaDecodeCoefficients& a) {
  return fmt::format(
      "launch: {:.4g}, per_sequence: {:.4g}, per_head: {:.4g}, memory_efficiency: {:.4g}, compute_efficiency: {:.4g}, "
      "per_token: {:.4g}",
      a.launch, a.per_sequence, a.per_head, a.memory_efficiency, a.compute_efficiency, a.per_token);
}

std::string moe_line(const models::MoeCoefficients& m) {
  return fmt::format(
      "compute_efficiency: {:.4g}, memory_efficiency: {:.4g}, launch: {:.4g}, parallel_launch: {:.4g}, sharpness: "
      "{:.4g}, "
      "padding: {:.4g}, small_matrix: {:.0f}, passes: {:.4g}, all_passes: {:.4g}",
      m.compute_efficiency, m.memory_efficiency, m.launch, m.parallel_launch, m.sharpness, m.padding, m.small_matrix,
      m.passes, m.all_passes);
}

std::string exchange_line(const models::ExchangeCoefficients& e) {
  return fmt::format("latency: {:.4g}, efficiency: {:.4g}", e.latency, e.efficiency);
}

std::string error_line(const models::KernelStatistics& e) {
  return fmt::format("rows: {}, median_error: {:.4f}, p90_error: {:.4f}, bias: {:.4f}", e.rows, e.median_error,
                     e.p90_error, e.bias);
}

}  // namespace

std::string to_yaml(const models::Calibration& c) {
  auto text = fmt::format(
      "# Written by `flotilla calibrate`; do not edit. Seconds, bytes, shares of datasheet figures.\n"
      "gpu: {}\nengine: {}\nengine_versions: {}\nprovenance: {}\n",
      c.gpu, c.engine, quoted(c.engine_versions), quoted(c.provenance));
  if (!c.scales_from.empty()) text += fmt::format("scales_from: {}\n", c.scales_from);
  if (!c.gemm_from.empty()) text += fmt::format("gemm_from: {}\n", c.gemm_from);
  text += "formats:\n";
  for (const auto& [name, format] : c.formats) text += format_yaml(name, format);
  text += section("attention_decode", c.attention_decode, decode_line);
  text += section("attention_prefill", c.attention_prefill, prefill_line);
  text += section("mla_decode", c.mla_decode, latent_line);
  text += section("mla_prefill", c.mla_prefill, latent_prefill_line);
  text += section("moe", c.moe, moe_line);
  text += section("expert_exchange", c.expert_exchange, exchange_line);
  text += section("expert_scales", c.expert_scales, expert_scales_line);
  if (!c.profiles.empty()) text += "profiles:\n";
  for (const auto& profile : c.profiles) text += profile_yaml(profile);
  text += fmt::format("all_reduce:\n  one_shot_efficiency: {:.4g}\n  one_shot_limit: {:.0f}\n  curves:\n",
                      c.all_reduce.one_shot_efficiency, c.all_reduce.one_shot_limit);
  for (const auto& curve : c.all_reduce.curves)
    text += fmt::format("    - {{ranks: {}, bytes: {}, seconds: {}}}\n", curve.ranks, list(curve.bytes),
                        list(curve.seconds));
  text += fmt::format("elementwise: {{launch: {:.4g}, memory_efficiency: {:.4g}}}\n", c.elementwise.launch,
                      c.elementwise.memory_efficiency);
  text += section("kernel_errors", c.kernel_errors, error_line);
  return text;
}

}  // namespace flotilla::analysis
