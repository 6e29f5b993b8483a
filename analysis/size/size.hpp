// How many replicas does it take? The smallest fleet of each kind that keeps its promises, by simulation.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// One promise on a figure of summary.json: "p99_tpot_ms<=20", "kv.peak_usage<=0.9". A figure that a run does not have
/// holds nothing.
struct Constraint {
  std::string metric;
  double limit = 0;
  bool at_most = true;  ///< false: at least
  std::string text;
};
/// Throws std::invalid_argument: no such metric (did you mean), no number, no comparison.
Constraint parse_constraint(const std::string& text);
bool holds(const Constraint& constraint, const Summary& summary);
/// Is the fleet saturated, does it refuse more than 1 % of the requests, or was none measured? Then no figure counts.
bool means_nothing(const Summary& summary);
/// The first promise that is broken, in words, or why no figure counts; "" where all are kept.
std::string broken_promise(const Summary& summary, const std::vector<Constraint>& constraints);
/// The figure under a dotted key; none where the run has no such figure (a cost without a price).
std::optional<double> metric_of(const Summary& summary, const std::string& metric);

/// One kind of fleet that was tried: a scenario at a tensor-parallel size.
struct Candidate {
  std::string scenario;  ///< path
  int tensor_parallel_size = 1;
  bool feasible = false;
  bool dearer = false;  ///< given up: it may hold, but costs at least as much as another that does
  int replicas = 0;     ///< the fewest that hold, if feasible
  int gpus = 0;
  Summary summary;      ///< at that number; if infeasible, at the largest number tried
  std::string binding;  ///< what fails with one replica fewer, or at any number, or at as many as may be paid for
  int simulations = 0;
};

struct SizingPlan {
  std::vector<int> tensor_parallel_sizes{1, 2, 4, 8};
  /// Every candidate is searched to its end; else one is given up as soon as it is known to cost at least as much as
  /// the best found so far.
  bool all = false;
  std::function<void(const std::string&)> progress = [](const std::string&) {};  ///< told before each simulation
};

/// Finds the number of replicas of the scenario's first serving group for every tensor-parallel size that its model and
/// GPU allow. More replicas never hold less: the search relies on it. Same seed throughout: every number of replicas
/// meets the same requests. A fleet that is saturated, or refuses more than 1 % of them, keeps no promise. Candidates
/// come sorted: feasible first, cheapest first (fewest GPUs where there is no price), then the dearer.
std::vector<Candidate> smallest_fleets(const std::vector<std::string>& scenarios,
                                       const std::vector<std::string>& overrides,
                                       const std::vector<Constraint>& constraints, const SizingPlan& plan);

}  // namespace flotilla::analysis
