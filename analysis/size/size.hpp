// How many replicas does it take? The smallest fleet of each kind that keeps its promises, by simulation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/size/promise.hpp"
#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// What the best fleet has least of.
enum class Least { kCost, kGpus, kWatts };

/// One kind of fleet that was tried: a scenario with its changes, of which replicas are to be counted.
struct Candidate {
  std::string scenario;                    ///< path
  std::string name;                        ///< of the scenario, with the values that tell it from its siblings
  std::vector<std::string> sizing;         ///< changes that make the scenario this fleet: key=value
  std::vector<int> tensor_parallel_sizes;  ///< of the groups that are sized: one, or prefill and decode
  std::vector<int> replicas;               ///< of each of them the fewest that hold, if feasible; else empty
  bool feasible = false;
  bool dearer = false;  ///< given up: it may hold, but costs at least as much as another that does
  int gpus = 0;
  double watts = 0;  ///< of those GPUs at their rated power (TDP)
  Summary summary;   ///< of the first seed at that number; if infeasible, at the largest number tried
  std::vector<double> usd_per_million_useful;  ///< of each seed, where it has a price and useful tokens
  std::string binding;  ///< what fails with one replica fewer, or at any number, or at as many as may be paid for
  int simulations = 0;
};

struct SizingPlan {
  /// Of the first group, tried one by one. Of a fleet with prefill and decode apart, and where empty, those of the
  /// scenario.
  std::vector<int> tensor_parallel_sizes{1, 2, 4, 8};
  /// Every candidate is searched to its end; else one is given up as soon as it is known to cost at least as much as
  /// the best found so far.
  bool all = false;
  Least least = Least::kCost;
  int seeds = 1;  ///< replications of each fleet; promises must hold with 95 % confidence where there are several
  int jobs = 1;   ///< runs at once: seeds of one fleet
  std::function<void(const std::string&)> progress = [](const std::string&) {};  ///< told before each simulation
};

/// Finds the number of replicas of the scenario's one serving group, or of its prefill and its decode group, for every
/// combination of the values that `words` give (key=a,b,c as in a sweep) and every tensor-parallel size that model and
/// GPU allow. More replicas never hold less: the search relies on it. Same seeds throughout: every number of replicas
/// meets the same requests. A fleet that is saturated, or refuses more than 1 % of them, keeps no promise. Candidates
/// come sorted: feasible first, the least first (fewest GPUs where there is no price), then the dearer.
/// Throws InputError where a scenario has other groups than these, or cannot be read.
std::vector<Candidate> smallest_fleets(const std::vector<std::string>& scenarios, const std::vector<std::string>& words,
                                       const std::vector<Constraint>& constraints, const SizingPlan& plan);

/// "3 prefill + 5 decode replicas", or "8 replicas". Of a feasible one.
std::string replicas_text(const Candidate& candidate);

struct Headroom;  // capacity.hpp
/// The answer first, then a row per candidate.
std::string sizing_answer(const Candidate& best, const Headroom& headroom);
std::string sizing_terminal(const std::vector<Candidate>& candidates, const Headroom& headroom);
/// size.json. `words` are the command's arguments, which reproduce it.
std::string sizing_json(const std::vector<Candidate>& candidates, const std::vector<Constraint>& constraints,
                        const SizingPlan& plan, const std::vector<std::string>& words, const Headroom& headroom);

}  // namespace flotilla::analysis
