#include "analysis/size/size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>
#include <tuple>

#include "analysis/size/search.hpp"

namespace flotilla::analysis {

namespace {

/// What there is to be least of; where there is no price, GPUs.
double amount(const Candidate& c, Least least) {
  return least == Least::kCost ? c.summary.cost.usd_per_hour.value_or(0) : least == Least::kWatts ? c.watts : c.gpus;
}

struct Kind {
  const Sweep* sweep;
  std::size_t point;
  std::string name;
  int tensor_parallel_size;  ///< 0 = as written
};

/// Whether it is this fleet's fault alone: a model that does not fit, heads that do not divide.
bool excuses(const InputError& e) { return e.path().rfind("serving[", 0) == 0; }

Candidate impossible(const Kind& kind, const std::string& why) {
  Candidate c;
  c.scenario = kind.sweep->scenario_path;
  c.name = kind.name;
  if (kind.tensor_parallel_size > 0) c.tensor_parallel_sizes = {kind.tensor_parallel_size};
  c.binding = why;
  return c;
}

/// Fleets with prefill apart have two sizes, which are given in the scenario or as words.
bool separate(const sim::Scenario& scenario) {
  return std::any_of(scenario.serving.begin(), scenario.serving.end(),
                     [](const sim::ServingSpec& s) { return s.role != sim::Role::kMixed; });
}

std::vector<Kind> kinds_of(const std::deque<Sweep>& sweeps, const SizingPlan& plan) {
  std::vector<Kind> kinds;
  for (const Sweep& sweep : sweeps) {
    for (std::size_t point = 0; point < sweep.size(); ++point) {
      // What no scenario could have is a mistake, told here, not a fleet that cannot be.
      const auto scenario = reader::read<sim::Scenario>(sweep.document(point).root());
      const std::string name = sweep.name_of(point, scenario.name);
      if (plan.tensor_parallel_sizes.empty() || separate(scenario)) {
        kinds.push_back({&sweep, point, name, 0});
      } else {
        for (const int tp : plan.tensor_parallel_sizes) kinds.push_back({&sweep, point, name, tp});
      }
    }
  }
  return kinds;
}

}  // namespace

std::vector<Candidate> smallest_fleets(const std::vector<std::string>& scenarios, const std::vector<std::string>& words,
                                       const std::vector<Constraint>& constraints, const SizingPlan& plan) {
  std::deque<Sweep> sweeps;
  for (const std::string& scenario : scenarios) sweeps.push_back(read_sweep(scenario, words));
  std::deque<Trials> fleets;
  std::vector<Candidate> candidates;
  for (const Kind& kind : kinds_of(sweeps, plan)) {
    try {
      fleets.emplace_back(*kind.sweep, kind.point, kind.tensor_parallel_size, constraints, plan);
    } catch (const InputError& e) {
      if (!excuses(e)) throw;
      candidates.push_back(impossible(kind, e.message()));
    }
  }
  // The cheapest by its bound first: what it comes to spares the others their search.
  std::vector<std::size_t> order(fleets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return fleets[a].least_cost() < fleets[b].least_cost(); });
  double best = std::numeric_limits<double>::infinity();
  for (const std::size_t i : order) {
    Trials& fleet = fleets[i];
    const double limit = plan.all ? std::numeric_limits<double>::infinity() : best;
    try {
      candidates.push_back(fleet.groups().size() == 1 ? search_line(fleet, limit) : search_pair(fleet, limit));
    } catch (const InputError& e) {
      if (!excuses(e)) throw;
      candidates.push_back(fleet.impossible(e.message()));
    }
    if (candidates.back().feasible) best = std::min(best, fleet.cost(candidates.back().replicas));
  }
  const auto key = [&](const Candidate& c) {
    return std::tuple(!c.feasible, !c.dearer, amount(c, plan.least), c.gpus, c.scenario, c.name,
                      c.tensor_parallel_sizes);
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
  return candidates;
}

}  // namespace flotilla::analysis
