#include "analysis/sweep/frontier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

/// Keys that change what is asked of a fleet rather than the fleet, or how hard it is driven.
bool asks_another_question(const std::string& key) {
  static const std::set<std::string> drives{"workload.request_rate", "workload.max_concurrency",
                                            "workload.num_prompts",  "workload.duration",
                                            "workload.warmup",       "workload.trace.rate_scale"};
  return key == "model" || (key.rfind("workload.", 0) == 0 && drives.count(key) == 0);
}

std::vector<std::size_t> question_keys(const SweepIdentity& identity) {
  std::vector<std::size_t> keys;
  for (std::size_t k = 0; k < identity.swept_keys.size(); ++k) {
    if (asks_another_question(identity.swept_keys[k])) keys.push_back(k);
  }
  return keys;
}

void add(SweptLoad& load, std::size_t point, Summary summary) {
  if (summary.verdict == Verdict::kSaturated) {
    ++load.saturated;
    return;
  }
  const auto& usd = summary.cost.usd_per_million_output_tokens;
  RatedPoint rated{point, summary.interactivity.median, summary.output_throughput_per_gpu, std::move(summary)};
  if (usd && (!load.cheapest || *usd < *load.cheapest->summary.cost.usd_per_million_output_tokens))
    load.cheapest = rated;
  load.points.push_back(std::move(rated));
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
  const auto keys = question_keys(sweep.identity);
  for (const auto& [point, result] : sweep.results) {
    if (!result.done) continue;
    std::vector<std::string> values;
    for (const std::size_t k : keys) values.push_back(sweep.identity.values[point][k]);
    auto load = std::find_if(loads.begin(), loads.end(), [&](const SweptLoad& l) { return l.values == values; });
    if (load == loads.end()) load = loads.insert(load, SweptLoad{keys, values, 0, {}, {}, {}});
    add(*load, point, summary_from_json(nlohmann::ordered_json::parse(result.summary)));
  }
  for (SweptLoad& load : loads) load.frontier = pareto_frontier(load.points);
  return loads;
}

}  // namespace flotilla::analysis
