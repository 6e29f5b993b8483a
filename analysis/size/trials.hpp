// One kind of fleet, simulated with one number of replicas or another.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analysis/run.hpp"
#include "analysis/size/size.hpp"
#include "analysis/sweep/sweep.hpp"

namespace flotilla::analysis {

/// Beyond this many replicas a fleet that still breaks its promises is called infeasible: its replicas are all but
/// idle.
inline constexpr int kMostReplicas = 4096;

/// Replicas of each group that is sized.
using Counts = std::vector<int>;

/// A serving group whose replicas are counted.
struct SizedGroup {
  std::size_t index = 0;  ///< into `serving`
  std::size_t pool = 0;
  int tensor_parallel_size = 1;
  int gpus_per_replica = 1;
  double cost = 0;   ///< of a replica: $/h, GPUs or watts
  double watts = 0;  ///< of a replica
  int fewest = 1;    ///< that its work alone takes
  std::string role;  ///< "", "prefill" or "decode"
};

/// The runs of one number of replicas, one per seed.
struct Trial {
  std::vector<Summary> runs;
  std::string broken;  ///< promise, in words; "" = all are kept
  [[nodiscard]] const Summary& first() const { return runs.front(); }
  [[nodiscard]] bool means_nothing() const;
  [[nodiscard]] bool saturated() const;
};

class Trials {
 public:
  /// `tensor_parallel_size` of the first group, 0 = as written. Throws InputError where the scenario cannot be so.
  Trials(const Sweep& sweep, std::size_t point, int tensor_parallel_size, const std::vector<Constraint>& constraints,
         const SizingPlan& plan);

  [[nodiscard]] const std::vector<SizedGroup>& groups() const { return groups_; }
  [[nodiscard]] double cost(const Counts& counts) const;
  [[nodiscard]] double least_cost() const { return cost(fewest()); }
  /// By their work alone.
  [[nodiscard]] Counts fewest() const;
  /// Why no number of replicas can hold; "" = one may.
  [[nodiscard]] const std::string& never() const { return never_; }

  const Trial& at(const Counts& counts);
  bool holds(const Counts& counts) { return at(counts).broken.empty(); }
  [[nodiscard]] bool tried(const Counts& counts) const { return trials_.count(counts) == 1; }
  /// Nobody waits and nothing fails for want of capacity: more replicas cannot help. Nor do they against refusals.
  [[nodiscard]] bool hopeless(const Counts& counts);

  [[nodiscard]] Candidate found(const Counts& counts, std::string binding);
  [[nodiscard]] Candidate impossible(std::string why) const;
  /// The same, with what was found at so many.
  [[nodiscard]] Candidate impossible(std::string why, const Counts& counts);
  [[nodiscard]] Candidate dearer(std::string why) const;

 private:
  [[nodiscard]] std::vector<std::string> sizing(const Counts& counts) const;
  [[nodiscard]] LoadedScenario load(const Counts& counts, int seed) const;
  [[nodiscard]] std::string broken_by_one_alone(const LoadedScenario& one) const;

  const Sweep* sweep_;
  const std::vector<Constraint>* constraints_;
  const SizingPlan* plan_;
  std::vector<std::string> written_;                 ///< changes besides those of the sizes
  std::vector<std::pair<std::size_t, int>> others_;  ///< GPUs of groups that are not sized, by pool
  Candidate candidate_;                              ///< what is the same for all numbers
  std::vector<SizedGroup> groups_;
  std::string never_;
  std::map<Counts, Trial> trials_;
  int first_unsaturated_ = 0;
};

}  // namespace flotilla::analysis
