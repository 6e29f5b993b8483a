#include "analysis/output/describe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/cost.hpp"
#include "models/fit_advice.hpp"
#include "models/step_cost.hpp"
#include "sim/build_models.hpp"
#include "topologies/placement.hpp"
#include "topologies/route.hpp"

namespace flotilla::analysis {

namespace {

double gb(Bytes b) { return b.value() / 1e9; }

/// Integers with thousands separators: 26,981.
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return (value < 0 ? "-" : "") + digits;
}

std::string group_title(const LoadedScenario& loaded, const sim::ServingGroup& group) {
  const auto& d = group.deployment;
  std::string parallel = fmt::format("TP {}", d.tensor_parallel_size);
  const auto also = [&](const char* what, int size) { parallel += size > 1 ? fmt::format(", {} {}", what, size) : ""; };
  also("PP", d.pipeline_parallel_size);
  also("EP", d.expert_parallel_size);
  also("DP", d.data_parallel_size);
  return fmt::format("{} in {} on {} ({}, {})", d.llm.name, models::name_of(d.weights),
                     loaded.scenario.fleet.pools[group.pool].name, d.gpu.name, parallel);
}

/// Of the requests that the group serves.
double mean_tokens(const LoadedScenario& loaded, const sim::ServingGroup& group) {
  const sim::WorkloadSpec& w = loaded.scenario.workload;
  if (w.tenants) return sim::typical_tokens(loaded.scenario, loaded.build, group);
  return w.mean_tokens() - (w.shared_prefix ? w.shared_prefix->tokens : 0);
}

std::string ledger(const sim::ServingGroup& group, double tokens) {
  const models::MemoryLedger& m = group.memory;
  std::string text;
  const auto row = [&](const char* what, Bytes bytes, const std::string& note) {
    text += fmt::format("  {:<28}{:>9.2f} GB  {}", what, gb(bytes), note);
    while (text.back() == ' ') text.pop_back();
    text += '\n';
  };
  const auto& d = group.deployment;
  row("capacity", m.capacity, "as the driver reports it");
  row("usable", m.usable, fmt::format("gpu_memory_utilization {:g}", d.gpu_memory_utilization));
  row("weights", m.weights, fmt::format("{}, a GPU's share", models::name_of(d.weights)));
  row("activations", m.activations, fmt::format("a step of {} tokens", d.max_num_batched_tokens));
  row("runtime", m.runtime, "CUDA context, graphs, allocator");
  row("KV cache", m.kv_budget,
      fmt::format("{}, {:.0f} bytes per token and GPU", models::name_of(d.kv_cache), m.kv_bytes_per_token.value()));
  text += fmt::format("  GPU KV cache size: {} tokens in {} blocks of {}", grouped(static_cast<double>(m.kv_tokens)),
                      grouped(static_cast<double>(m.kv_blocks)), d.block_size);
  if (m.layout.groups() > 1) {
    text += fmt::format(
        ", each for one of {} groups of {} layers; with a window: {}, of no more than {} blocks of a sequence",
        m.layout.groups(), m.layout.layers, m.layout.windowed, m.layout.window_blocks);
  }
  const double longest = static_cast<double>(group.max_model_len) / d.block_size;
  const double of_longest =
      m.layout.full * longest + m.layout.windowed * std::min(longest, static_cast<double>(m.layout.window_blocks));
  text += fmt::format("\n  Maximum concurrency for {} tokens per request: {:.2f}x\n", grouped(group.max_model_len),
                      m.layout.groups() > 1 ? static_cast<double>(m.kv_blocks) / of_longest
                                            : static_cast<double>(m.kv_tokens) / group.max_model_len);
  if (tokens > 0) {
    text += fmt::format("  Sequences of {:.0f} tokens at once: {}\n", tokens,
                        models::sequences_that_fit(d, static_cast<std::int64_t>(std::ceil(tokens))));
  }
  return text;
}

std::string envelope_line(const models::Deployment& deployment) {
  const models::StepCost::Envelope e = models::StepCost(deployment).envelope();
  if (e.inside)
    return fmt::format("  calibration: {}; median TPOT error {:.1f} %\n", e.nearest_points, 100 * e.expected_error);
  return fmt::format("  calibration: OUTSIDE ({}); nearest: {}\n", e.reason, e.nearest_points);
}

}  // namespace

std::string describe_memory(const LoadedScenario& loaded) {
  std::string text;
  for (const sim::ServingGroup& group : loaded.build.groups) {
    text += group_title(loaded, group) + "\n" + ledger(group, mean_tokens(loaded, group));
    for (const std::string& line : models::fit_advice(group.deployment)) text += "  more KV: " + line + "\n";
  }
  return text;
}

namespace {

/// Where the first replicas sit, and by what KV leaves a group that prefills.
std::string seats(const sim::Build& build, const sim::ServingGroup& group) {
  constexpr std::size_t kShown = 3;
  const auto& fleet = build.fleet;
  std::string text = "  placed:";
  for (std::size_t i = 0; i < std::min(kShown, group.placement.size()); ++i)
    text += (i == 0 ? " " : "; ") + topologies::seats_text(fleet, group.placement[i]);
  if (group.placement.size() > kShown) text += fmt::format("; and {} more", group.placement.size() - kShown);
  text += "\n";
  if (group.role != sim::Role::kPrefill) return text;
  for (const sim::ServingGroup& other : build.groups) {
    if (other.role != sim::Role::kDecode || !build.alike(group.serves, other.serves)) continue;
    const auto vertex = [&](const sim::ServingGroup& g) { return fleet.gpus[g.placement.front().front()].vertex; };
    const auto way = topologies::facts(fleet, topologies::route(fleet, vertex(group), vertex(other)));
    text += fmt::format("  KV to decode: narrowest link {}, {:.1f} GB/s for each GPU",
                        topologies::to_text(fleet.links[way.bottleneck].kind), way.bandwidth.value() / 1e9);
    if (way.crosses_fabric)
      text += fmt::format("; a flow fills {:.1f} % of its NIC", 100 * *group.kv_transfer.efficiency);
    return text + "\n";
  }
  return text;
}

/// What the collectives of a replica meet on their way.
std::string collectives_line(const sim::ServingGroup& group) {
  if (group.gpus_per_replica == 1) return "";
  if (group.fidelity == sim::Fidelity::kFlows)
    return "  collectives: flows that share links with all else that moves; steps go one by one\n";
  return fmt::format("  collectives: {}, timed as if nothing else moved there (fidelity: analytic)\n",
                     group.deployment.links.crosses_fabric ? "over the fabric" : "inside an NVLink domain");
}

}  // namespace

std::string describe_check(const LoadedScenario& loaded) {
  const auto& build = loaded.build;
  std::string text = fmt::format("{}: it fits{}.\n\n", loaded.scenario.name,
                                 build.warnings.empty() ? ""
                                                        : fmt::format(", with {} warning{}", build.warnings.size(),
                                                                      build.warnings.size() == 1 ? "" : "s"));
  for (const std::string& warning : build.warnings) text += "warning: " + warning + "\n";
  if (!build.warnings.empty()) text += "\n";
  for (const sim::ServingGroup& group : build.groups) {
    text += group_title(loaded, group) + fmt::format(": {} replica{} of {} GPU{}, {}\n", group.replicas,
                                                     group.replicas == 1 ? "" : "s", group.gpus_per_replica,
                                                     group.gpus_per_replica == 1 ? "" : "s", group.scheduler);
    text += ledger(group, mean_tokens(loaded, group));
    text += seats(build, group);
    text += collectives_line(group);
    text += envelope_line(group.deployment);
  }
  return text;
}

namespace {

/// What there is beside the dense, full attention of every decoder, a line each.
std::string layer_kinds(const models::Llm& llm) {
  std::string text;
  if (llm.experts > 0) {
    text += fmt::format("  {} layers with {} experts of {}, {} per token", llm.moe_layers, llm.experts,
                        llm.moe_intermediate, llm.experts_per_token);
    text += llm.shared_intermediate > 0 ? fmt::format(", and a shared one of {}\n", llm.shared_intermediate) : "\n";
  }
  if (llm.latent_attention()) {
    text +=
        fmt::format("  latent attention: {} + {} values per token and layer, heads of {} + {} and {}\n",
                    llm.kv_lora_rank, llm.qk_rope_head_dim, llm.qk_nope_head_dim, llm.qk_rope_head_dim, llm.v_head_dim);
  }
  if (llm.windowed_layers > 0) {
    text += fmt::format("  {} layers see {} {} tokens\n", llm.windowed_layers,
                        llm.chunked_window ? "their chunk of" : "the last", llm.window);
  }
  if (llm.nextn_predict_layers > 0)
    text += fmt::format("  {} modules for multi-token prediction, not counted\n", llm.nextn_predict_layers);
  if (!llm.caveat.empty()) text += "  note: " + llm.caveat + "\n";
  return text;
}

std::string parameter_lines(const models::Llm& llm) {
  const models::Parameters p = models::parameters(llm);
  std::string text =
      fmt::format("  parameters: {:.2f} G = {:.2f} G linear + {:.2f} G embedding + {:.2f} G lm_head + {:.4f} G norms",
                  p.total() / 1e9, p.linear / 1e9, p.embedding / 1e9, p.lm_head / 1e9, p.norms / 1e9);
  text += p.router > 0 ? fmt::format(" + {:.4f} G routers\n", p.router / 1e9) : "\n";
  if (llm.experts == 0) return text;
  return text + fmt::format(
                    "  linear: {:.2f} G attention + {:.2f} G MLP + {:.2f} G experts + {:.2f} G shared experts; a token "
                    "meets {:.2f} G in all\n",
                    p.attention / 1e9, p.mlp / 1e9, p.experts / 1e9, p.shared / 1e9,
                    models::active_parameters(llm) / 1e9);
}

std::string kv_lines(const models::Llm& llm) {
  if (llm.windowed_layers == 0) return "";
  const auto format = models::NumberFormat::kBf16;
  return fmt::format(
      "  KV in BF16 of layers without a window {} bytes per token, of the others {} bytes per sequence at most\n",
      grouped(models::kv_full_bytes_per_token(llm, format).value()),
      grouped(models::kv_window_bytes_per_sequence(llm, format).value()));
}

}  // namespace

namespace {

std::string describe_llm(const models::Llm& llm) {
  std::string text = fmt::format("{} ({})\n  source: {}\n", llm.name, llm.architecture, llm.source);
  text += fmt::format("  {} layers, hidden {}, {} heads of {}, {} KV heads, MLP {}, vocabulary {}, context {}\n",
                      llm.layers, llm.hidden, llm.heads, llm.head_dim, llm.kv_heads, llm.intermediate, llm.vocab,
                      llm.max_position_embeddings);
  text += layer_kinds(llm) + parameter_lines(llm);
  text +=
      fmt::format("  {:<8}{:>14}{:>22}{:>24}\n", "format", "weights, GB", "streamed a step, GB", "KV, bytes per token");
  for (const auto& [format, name] : models::enum_names(models::NumberFormat{})) {
    const bool kv = format == models::NumberFormat::kBf16 || format == models::NumberFormat::kFp8;
    text += fmt::format("  {:<8}{:>14.2f}{:>22.2f}{:>24}\n", name, gb(models::weight_bytes(llm, format)),
                        gb(models::streamed_bytes(llm, format)),
                        kv ? grouped(models::kv_bytes_per_token(llm, format).value()) : "-");
  }
  return text + kv_lines(llm);
}

}  // namespace

std::string describe_model(const LoadedScenario& loaded) {
  std::string text;
  std::int32_t next = 0;  // each model once: groups are numbered in their order
  for (const sim::ServingGroup& group : loaded.build.groups) {
    if (group.serves.model != next) continue;
    text += describe_llm(group.deployment.llm);
    ++next;
  }
  return text;
}

std::string describe_cost(const LoadedScenario& loaded) {
  std::string text = fmt::format("{:<14}{:<12}{:>6}{:>12}{:>12}{:>12}{:>18}{:>14}\n", "pool", "GPU", "GPUs",
                                 "$/GPU-hour", "$/hour", "$/month", "assumed tok/s/GPU", "$/M tokens");
  double hour = 0;
  bool priced = true;
  for (std::size_t i = 0; i < loaded.build.pools.size(); ++i) {
    const sim::Pool& pool = loaded.build.pools[i];
    const sim::PoolSpec& spec = loaded.scenario.fleet.pools[i];
    text += fmt::format("{:<14}{:<12}{:>6}", spec.name, pool.gpu.name, pool.gpus);
    if (!pool.usd_per_gpu_hour) {
      text += "  no price: give `price: spheron-on-demand` or {usd_per_gpu_hour: ...}\n";
      priced = false;
      continue;
    }
    const UsdPerHour rate(*pool.usd_per_gpu_hour);
    hour += rate.value() * pool.gpus;
    text += fmt::format("{:>12.2f}{:>12.2f}{:>12}", rate.value(), rate.value() * pool.gpus,
                        grouped(models::usd_per_month(rate, pool.gpus)));
    if (spec.assumed_output_tok_s_per_gpu) {
      text += fmt::format("{:>18}{:>14.3f}", grouped(*spec.assumed_output_tok_s_per_gpu),
                          models::usd_per_million_tokens(rate, *spec.assumed_output_tok_s_per_gpu));
    }
    text += "\n";
    if (pool.price && !pool.price->date.empty())
      text += fmt::format("  {} of {}: {}\n", pool.price->name, pool.price->date, pool.price->source);
  }
  if (priced)
    text += fmt::format("the fleet: ${:.2f}/hour, ${}/month of {:g} hours\n", hour,
                        grouped(hour * models::kHoursPerMonth), models::kHoursPerMonth);
  return text;
}

}  // namespace flotilla::analysis
