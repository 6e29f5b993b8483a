#include "analysis/sweep/frontier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

/// Keys that change what is asked of a fleet rather than the fleet, or how hard it is driven.
bool asks_another_question(const std::string& key) {
  static const std::set<std::string> drives{"workload.request_rate", "workload.max_concurrency",
                                            "workload.num_prompts",  "workload.duration",
                                            "workload.warmup",       "workload.trace.rate_scale"};
  // A tenant's load is a load.
  const std::size_t end = key.rfind("workload.tenants[", 0) == 0 ? key.find("].") : std::string::npos;
  const std::string load = end == std::string::npos ? key : "workload." + key.substr(end + 2);
  return key == "model" || (load.rfind("workload.", 0) == 0 && drives.count(load) == 0);
}

std::vector<std::size_t> question_keys(const SweepIdentity& identity) {
  std::vector<std::size_t> keys;
  for (std::size_t k = 0; k < identity.swept_keys.size(); ++k) {
    if (asks_another_question(identity.swept_keys[k])) keys.push_back(k);
  }
  return keys;
}

/// The values at a point, without the seed.
std::vector<std::string> without_seed(const SweepIdentity& identity, std::size_t point) {
  std::vector<std::string> values;
  for (std::size_t k = 0; k < identity.swept_keys.size(); ++k) {
    if (identity.swept_keys[k] != "seed") values.push_back(identity.values[point][k]);
  }
  return values;
}

RatedPoint rated(std::size_t point, const Summary& s) {
  return {point,
          s.interactivity.median,
          s.output_throughput_per_gpu,
          s.ttft.p99,
          s.tpot.p99,
          s.cost.usd_per_million_output_tokens,
          s.gpus,
          1};
}

/// The mean of what was there, of `p.seeds` seeds, and one more.
void take_in(RatedPoint& p, const RatedPoint& other) {
  const auto n = static_cast<double>(p.seeds++);
  const auto mean = [n](double before, double value) { return (before * n + value) / (n + 1); };
  p.per_user = mean(p.per_user, other.per_user);
  p.per_gpu = mean(p.per_gpu, other.per_gpu);
  p.p99_ttft_ms = mean(p.p99_ttft_ms, other.p99_ttft_ms);
  p.p99_tpot_ms = mean(p.p99_tpot_ms, other.p99_tpot_ms);
  if (p.usd_per_million && other.usd_per_million) p.usd_per_million = mean(*p.usd_per_million, *other.usd_per_million);
}

std::optional<RatedPoint> cheapest_of(const std::vector<RatedPoint>& points) {
  std::optional<RatedPoint> cheapest;
  for (const RatedPoint& p : points) {
    if (p.usd_per_million && (!cheapest || *p.usd_per_million < *cheapest->usd_per_million)) cheapest = p;
  }
  return cheapest;
}

}  // namespace

std::vector<RatedPoint> pareto_frontier(std::vector<RatedPoint> points) {
  std::stable_sort(points.begin(), points.end(), [](const RatedPoint& a, const RatedPoint& b) {
    return a.per_user != b.per_user ? a.per_user > b.per_user : a.per_gpu > b.per_gpu;
  });
  std::vector<RatedPoint> frontier;
  for (RatedPoint& p : points) {
    if (frontier.empty() || p.per_gpu > frontier.back().per_gpu) frontier.push_back(std::move(p));
  }
  return frontier;
}

std::vector<SweptLoad> rate(const StoredSweep& sweep) {
  std::vector<SweptLoad> loads;
  std::map<std::vector<std::string>, std::size_t> load_of;  // by the values of its keys
  // In its load, by all values but the seed, and whether it is among the saturated.
  std::map<std::pair<std::vector<std::string>, bool>, std::size_t> place_of;
  const auto keys = question_keys(sweep.identity);
  for (const auto& [point, result] : sweep.results) {
    if (!result.done) continue;
    std::vector<std::string> values;
    for (const std::size_t k : keys) values.push_back(sweep.identity.values[point][k]);
    const auto [at, new_load] = load_of.emplace(values, loads.size());
    if (new_load) loads.push_back({keys, values, 0, {}, {}, {}, {}});
    SweptLoad& load = loads[at->second];
    const Summary summary = summary_from_json(nlohmann::ordered_json::parse(result.summary));
    const bool saturated = summary.verdict == Verdict::kSaturated;
    if (saturated) ++load.saturated;
    auto& points = saturated ? load.saturated_points : load.points;
    const auto [place, first_seed] =
        place_of.emplace(std::pair(without_seed(sweep.identity, point), saturated), points.size());
    if (first_seed) {
      points.push_back(rated(point, summary));
    } else {
      take_in(points[place->second], rated(point, summary));
    }
  }
  for (SweptLoad& load : loads) {
    load.frontier = pareto_frontier(load.points);
    load.cheapest = cheapest_of(load.points);
  }
  return loads;
}

}  // namespace flotilla::analysis
