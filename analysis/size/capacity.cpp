#include "analysis/capacity.hpp"

#include <fmt/format.h>

#include <cmath>

#include "analysis/run.hpp"

namespace flotilla::analysis {

namespace {
constexpr double kApart = 1.01;     ///< of the rate that holds and the one that does not, at the end
constexpr double kFarthest = 1024;  ///< from the scenario's rate, up or down
}  // namespace

Capacity capacity_of(const std::string& scenario, const std::vector<std::string>& overrides,
                     const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress) {
  const LoadedScenario written = load_scenario(scenario, overrides);
  const sim::WorkloadSpec& w = written.scenario.workload;
  if (!w.request_rate || !std::isfinite(*w.request_rate) || w.max_concurrency)
    written.document.fail("workload", "there is no request rate to raise", "give request_rate, and no max_concurrency");
  const double start = *w.request_rate;

  Capacity found;
  const auto holds_at = [&](double rate) {
    progress(fmt::format("{}: {:.4g} requests/s", scenario, rate));
    std::vector<std::string> changed = overrides;
    changed.push_back(fmt::format("workload.request_rate={}", rate));
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
  while (found.rate > 0 && found.broken > kApart * found.rate) holds_at(std::sqrt(found.rate * found.broken));
  return found;
}

}  // namespace flotilla::analysis
