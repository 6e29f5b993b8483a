#include "analysis/calibrate/serving_points.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <variant>

#include "analysis/validate/labels.hpp"
#include "analysis/validate/loads.hpp"
#include "analysis/validate/protocol.hpp"
#include "analysis/validate/replay.hpp"
#include "models/release.hpp"
#include "scenarios/reader/error.hpp"
#include "sim/engine/invariant.hpp"

namespace flotilla::analysis {
namespace {

/// Loads under which the steps do not depend on their lengths.
bool watches_no_clock(const MeasuredPoint& p) {
  return p.load == LoadKind::kClosedLoop || p.load == LoadKind::kOffline || p.load == LoadKind::kStaticBatch ||
         p.load == LoadKind::kMultiTurn;
}

/// InferenceX's and NVIDIA's runs, and NVIDIA's published tables. Single points from blogs and work in progress are for
/// validation alone: too little is known of how they were measured. Of the agentic runs the TPOT is taken: it hangs on
/// the means of lengths and hits, which are known; TTFT hangs on their distributions.
bool trusted(const MeasuredPoint& p) {
  return p.starts_with("aic-") || p.starts_with("trtllm-") || p.starts_with("kvpB-");
}

/// DeepSeek's rows mix speculative decoding on and off, and do not say which: nothing can be fitted on them, but on
/// those whose logs say that it was off.
bool may_speculate(const MeasuredPoint& p) {
  return model_of(p.model).rfind("deepseek", 0) == 0 && p.id.find("spec-none") == std::string::npos;
}

/// Engines whose kernels and loops were others: vLLM before its V1 engine.
bool too_old(const MeasuredPoint& p) {
  return engine_of(p.engine) == "vllm" && models::compare_releases(release_of(p), "0.8") < 0;
}

/// Share of the datasheet's peak that a closed loop's figures imply, by Little's law and two operations per weight.
double implied_utilization(const MeasuredPoint& p, const models::Deployment& d) {
  const auto output_rate = closed_loop_throughput(p, p.ttft_ms, p.tpot_ms);
  if (p.load != LoadKind::kClosedLoop || !output_rate) return 0;
  const double tokens = *output_rate * (*p.input_tokens + *p.output_tokens) / *p.output_tokens;
  return tokens * 2 * models::active_parameters(d.llm) / models::peak_of(d.gpu, std::string(name_of(d.weights)));
}

ReplayLoad load_of(const MeasuredPoint& p, const Setup& s) {
  ReplayLoad load;
  load.concurrency = s.max_concurrency.value_or(0);
  load.requests = static_cast<int>(s.requests);
  load.staggered = s.spread;
  load.input_tokens = p.uniform_lengths() ? *p.input_tokens : s.mean_input;
  load.output_tokens = p.uniform_lengths() ? *p.output_tokens : s.mean_output;
  load.shortest = p.uniform_lengths() ? kInferencexLengths.shortest : 1;
  if (p.load == LoadKind::kMultiTurn)
    load.shortest = kMultiTurnLengths.shortest, load.longest = kMultiTurnLengths.longest;
  load.cached_share = s.cached_share;
  return load;
}

ReplayEngine engine_of(const sim::ServingGroup& group) {
  ReplayEngine engine;
  engine.scheduler = group.scheduler;
  engine.limits = group.limits;
  engine.kv_blocks = group.memory.kv_blocks * group.deployment.data_parallel_size;
  engine.block_size = group.deployment.block_size;
  engine.layout = group.memory.layout;
  engine.window = models::window_of(group.deployment.llm);
  return engine;
}

ServingPoint point_of(const MeasuredPoint& p, Protocol& protocol) {
  const auto loaded = load_settled(protocol.setup);
  const auto& group = loaded.build.groups.front();
  ServingPoint point;
  point.id = p.id, point.model = p.model;
  point.deployment = group.deployment;
  point.concurrency = protocol.setup.max_concurrency.value_or(0);
  point.replay = replay_steps(engine_of(group), load_of(p, protocol.setup));
  const bool closed = p.load == LoadKind::kClosedLoop, turns = p.load == LoadKind::kMultiTurn;
  point.tpot = p.tpot_ms.value_or(0) * 1e-3;
  point.ttft = closed ? p.ttft_ms.value_or(0) * 1e-3 : 0;
  point.throughput = closed || turns ? 0 : p.throughput.value_or(0);
  return point;
}

}  // namespace

std::vector<ServingPoint> serving_points(const std::vector<MeasuredPoint>& table, const std::string& gpu,
                                         const std::string& engine) {
  constexpr double kBeyondBelief = 0.6;  // the fastest of all other rows reaches 0.4
  std::vector<ServingPoint> points;
  std::set<std::string> unbelievable;  // series of which some row is: their load was not what the table says
  const auto series = [](const ServingPoint& point) { return point.model + " " + point.deployment.engine_version; };
  for (const auto& p : table) {
    if (!p.clean || !trusted(p) || p.disaggregated || !watches_no_clock(p) || gpu_of(p.gpu) != gpu ||
        engine_of(p.engine) != engine || may_speculate(p) || too_old(p))
      continue;
    auto found = protocol_of(p);
    auto* protocol = std::get_if<Protocol>(&found);
    if (protocol == nullptr) continue;
    try {
      points.push_back(point_of(p, *protocol));
      const auto& point = points.back();
      if (implied_utilization(p, point.deployment) > kBeyondBelief) unbelievable.insert(series(point));
    } catch (const InputError&) {  // the simulator refuses it: validate says why
    } catch (const sim::InvariantError&) {
    }
  }
  std::erase_if(points, [&](const auto& point) { return unbelievable.count(series(point)) != 0; });
  return points;
}

/// A request that is sent when another ends, at the end of a step, reaches the engine while the next step is under way
/// and waits it out, as the replay has it. The frontend's time passes meanwhile; what exceeds that step makes it miss
/// the next one, too. (Evened out: with x = frontend / step, ceil(x) - 1 by max(0, x - 1/2).)
double visible_frontend(double frontend, double step, double sent_at_start) {
  return sent_at_start * frontend + (1 - sent_at_start) * std::fmax(0, frontend - step / 2);
}

PredictedFigures predict(models::StepCost& cost, const ServingPoint& point) {
  PredictedFigures figures;
  double duration = 0, steps = 0;
  for (const auto& b : point.replay.batches) {
    const double step = cost.mixed(b.batch).total();
    figures.tpot += b.tpot_weight * step;
    figures.ttft += b.ttft_weight * step;
    duration += b.steps * step;
    steps += b.steps;
  }
  figures.ttft += visible_frontend(cost.frontend().seconds(point.replay.mean_input_tokens), duration / steps,
                                   point.replay.sent_at_start);
  figures.throughput = point.replay.output_tokens / duration / point.deployment.gpus();
  return figures;
}

}  // namespace flotilla::analysis
