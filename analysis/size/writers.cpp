#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "analysis/size/capacity.hpp"
#include "analysis/size/size.hpp"
#include "analysis/version.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

std::string money(const std::optional<double>& usd, const char* format) {
  return usd ? fmt::format(fmt::runtime(format), *usd) : std::string("-");
}

std::string tensor_parallel(const Candidate& c) {
  return c.tensor_parallel_sizes.empty() ? "" : fmt::format("TP {}", fmt::join(c.tensor_parallel_sizes, "+"));
}

std::string row(const Candidate& c, std::size_t width) {
  const Summary& s = c.summary;
  const std::string head = fmt::format("{:<{}} {:<6}", c.name, width, tensor_parallel(c));
  if (!c.feasible) return fmt::format("{} {}: {}\n", head, c.dearer ? "dearer" : "never", c.binding);
  return fmt::format("{}{:>9}{:>6}{:>10.0f}{:>10.0f}{:>10.2f}{:>10.2f}{:>8.1f}{:>8.1f}{:>11}{:>11}  {}\n", head,
                     fmt::format("{}", fmt::join(c.replicas, "+")), c.gpus, s.ttft.median, s.ttft.p99, s.tpot.median,
                     s.tpot.p99, 100 * (1 - s.time_share.idle), 100 * s.kv.peak_usage,
                     money(s.cost.usd_per_month, "{:.0f}"), money(s.cost.usd_per_million_output_tokens, "{:.3f}"),
                     c.binding);
}

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json json_of(const Candidate& c) {
  const Summary& s = c.summary;
  Json json = {{"name", c.name},
               {"scenario", c.scenario},
               {"tensor_parallel_sizes", c.tensor_parallel_sizes},
               {"status", c.feasible ? "feasible"
                          : c.dearer ? "dearer"
                                     : "never"},
               {"replicas", c.replicas},
               {"gpus", c.gpus},
               {"watts", c.watts},
               {"binding", c.binding},
               {"simulations", c.simulations},
               {"sizing", c.sizing}};
  if (!c.feasible) return json;
  json["figures"] = {{"median_ttft_ms", s.ttft.median},
                     {"p99_ttft_ms", s.ttft.p99},
                     {"median_tpot_ms", s.tpot.median},
                     {"p99_tpot_ms", s.tpot.p99},
                     {"output_throughput_per_gpu", s.output_throughput_per_gpu},
                     {"busy", 1 - s.time_share.idle},
                     {"kv_peak_usage", s.kv.peak_usage},
                     {"usd_per_hour", optional(s.cost.usd_per_hour)},
                     {"usd_per_month", optional(s.cost.usd_per_month)},
                     {"usd_per_million_output_tokens", optional(s.cost.usd_per_million_output_tokens)}};
  json["decode_step"] = {{"sequences", s.decode_step.sequences},
                         {"bound_ms", s.decode_step.bound_ms},
                         {"calibrated_ms", s.decode_step.calibrated_ms},
                         {"mean_tpot_ms", s.tpot.mean}};
  json["envelope"] = {{"inside", s.envelope.inside}, {"reason", s.envelope.reason}};
  return json;
}

const char* name_of(Least least) { return least == Least::kCost ? "cost" : least == Least::kWatts ? "watts" : "gpus"; }

}  // namespace

std::string replicas_text(const Candidate& c) {
  if (c.replicas.size() == 2) return fmt::format("{} prefill + {} decode replicas", c.replicas[0], c.replicas[1]);
  return fmt::format("{} replica{}", c.replicas[0], c.replicas[0] == 1 ? "" : "s");
}

std::string sizing_answer(const Candidate& best, const Headroom& headroom) {
  if (!best.feasible) return "None of these fleets keeps its promises at any size.";
  std::string text =
      fmt::format("{}: {} of {}, {} GPUs", best.name, replicas_text(best), tensor_parallel(best), best.gpus);
  if (best.summary.cost.usd_per_month) text += fmt::format(", ${:.0f}/month", *best.summary.cost.usd_per_month);
  text += ".";
  if (headroom.to_saturation > 0) {
    text += fmt::format(" It keeps its promises up to {:.2f} times this rate, and keeps up with {:.2f} times.",
                        std::max(1.0, headroom.to_promises), std::max(1.0, headroom.to_saturation));
  }
  return text;
}

std::string sizing_terminal(const std::vector<Candidate>& candidates, const Headroom& headroom) {
  const Candidate& best = candidates.front();
  std::size_t width = 20;
  for (const Candidate& c : candidates) width = std::max(width, c.name.size());
  std::string text = sizing_answer(best, headroom) + "\n\n";
  text += fmt::format("{:<{}} {:<6}{:>9}{:>6}{:>10}{:>10}{:>10}{:>10}{:>8}{:>8}{:>11}{:>11}  {}\n", "fleet", width, "",
                      "replicas", "GPUs", "TTFT p50", "TTFT p99", "TPOT p50", "TPOT p99", "busy %", "KV %", "$/month",
                      "$/M out", "one replica fewer");
  for (const Candidate& c : candidates) text += row(c, width);
  if (best.feasible && !best.summary.envelope.inside) {
    text +=
        fmt::format("note: {} is outside what was calibrated: {}\n", best.summary.label, best.summary.envelope.reason);
  }
  return text;
}

std::string sizing_json(const std::vector<Candidate>& candidates, const std::vector<Constraint>& constraints,
                        const SizingPlan& plan, const std::vector<std::string>& words, const Headroom& headroom) {
  Json json = {{"schema_version", 1},
               {"version", kVersion},
               {"commit", kCommit},
               {"answer", sizing_answer(candidates.front(), headroom)},
               {"arguments", words},
               {"promises", Json::array()},
               {"least", name_of(plan.least)},
               {"seeds", plan.seeds},
               {"headroom", nullptr},
               {"candidates", Json::array()}};
  for (const Constraint& c : constraints) json["promises"].push_back(c.text);
  if (headroom.to_saturation > 0)
    json["headroom"] = {{"to_promises", headroom.to_promises}, {"to_saturation", headroom.to_saturation}};
  for (const Candidate& c : candidates) json["candidates"].push_back(json_of(c));
  return json.dump(2) + "\n";
}

}  // namespace flotilla::analysis
