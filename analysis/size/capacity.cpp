#include "analysis/size/capacity.hpp"

#include <fmt/format.h>

#include <cmath>

#include "analysis/run.hpp"

namespace flotilla::analysis {

namespace {
constexpr double kFarthest = 1024;  ///< from the scenario's rate, up or down

bool has_rate(const sim::WorkloadSpec& w) {
  return w.request_rate && std::isfinite(*w.request_rate) && !w.max_concurrency;
}

}  // namespace

Capacity capacity_of(const std::string& scenario, const std::vector<std::string>& overrides,
                     const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress, double apart) {
  const LoadedScenario written = load_scenario(scenario, overrides);
  const sim::WorkloadSpec& w = written.scenario.workload;
  if (w.tenants)
    written.document.fail("workload.tenants", "each tenant has a rate of its own: there is no one rate to raise",
                          "give one load without tenants");
  if (!has_rate(w))
    written.document.fail("workload", "there is no request rate to raise", "give request_rate, and no max_concurrency");
  const double start = *w.request_rate;

  Capacity found;
  const auto holds_at = [&](double rate) {
    progress(fmt::format("{}: {:.4g} requests/s", scenario, rate));
    std::vector<std::string> changed = overrides;
    changed.push_back(fmt::format("workload.request_rate={}", rate));
    // A run as long as the scenario's, or a fleet that drowns would not have the time to.
    if (w.num_prompts && rate > start) {
      const double prompts = std::ceil(static_cast<double>(*w.num_prompts) * rate / start);
      changed.push_back(fmt::format("workload.num_prompts={:.0f}", prompts));
    }
    const Summary s = run_in_child(load_scenario(scenario, changed));
    ++found.simulations;
    const std::string broken = broken_promise(s, constraints);
    if (broken.empty()) {
      found.rate = rate;
      found.summary = s;
    } else {
      found.broken = rate;
      found.binding = broken;
      if (found.rate == 0) found.summary = s;
    }
    return broken.empty();
  };
  const bool up = holds_at(start);
  for (double factor = 2; factor <= kFarthest && (found.rate == 0 || found.broken == 0); factor *= 2)
    holds_at(up ? start * factor : start / factor);
  while (found.rate > 0 && found.broken > apart * found.rate) holds_at(std::sqrt(found.rate * found.broken));
  return found;
}

Headroom headroom_of(const Candidate& candidate, const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress) {
  const sim::WorkloadSpec w = load_scenario(candidate.scenario, candidate.sizing).scenario.workload;
  if (!has_rate(w)) return {};
  constexpr double kNear = 1.02;
  const auto share = [&](const std::vector<Constraint>& promises) {
    return capacity_of(candidate.scenario, candidate.sizing, promises, progress, kNear).rate / *w.request_rate;
  };
  return {share(constraints), share({})};
}

}  // namespace flotilla::analysis
