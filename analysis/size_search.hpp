// The search for the smallest fleet of one kind: bounds first, then simulations that close in on it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "analysis/run.hpp"
#include "analysis/size.hpp"

namespace flotilla::analysis {

class SizeSearch {
 public:
  /// Throws InputError where the scenario cannot be at this tensor-parallel size.
  SizeSearch(std::string scenario, int tensor_parallel_size, const std::vector<std::string>& overrides,
             const std::vector<Constraint>& constraints, const std::function<void(const std::string&)>& progress);

  /// $/h of so many replicas, or GPUs where there is no price.
  [[nodiscard]] double cost_of(int replicas) const { return replicas * cost_of_one_; }
  /// That of the fewest replicas that could hold at all.
  [[nodiscard]] double least_cost() const { return cost_of(fewest_); }

  /// Gives up as `dearer` where it cannot cost less than `limit`.
  Candidate run(double limit);
  [[nodiscard]] Candidate impossible(std::string why) const;

 private:
  [[nodiscard]] int fewest_by_work(const LoadedScenario& one) const;
  [[nodiscard]] std::string broken_by_one_alone(const LoadedScenario& one) const;
  Candidate found(int replicas, int fails);
  bool hopeless(const Summary& s, int replicas) const;
  int next_after(int fails, int most) const;
  bool holds_at(int replicas);
  const Summary& simulate(int replicas);
  [[nodiscard]] std::string failing(const Summary& s) const { return broken_promise(s, *constraints_); }

  Candidate candidate_;
  const std::vector<std::string>* overrides_;
  const std::vector<Constraint>* constraints_;
  const std::function<void(const std::string&)>* progress_;
  double cost_of_one_ = 0;
  int gpus_per_replica_ = 1;
  int fewest_ = 1;
  std::string never_;  ///< why no number of replicas can hold; "" = one may
  std::map<int, Summary> tried_;
  int first_unsaturated_ = 0;
};

}  // namespace flotilla::analysis
