// What should a team run? Fleets sized for one situation, and what would change the answer.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analysis/size/size.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::analysis {

/// A fleet the team may choose: the situation's scenario with changes.
struct FleetChoice {
  std::string name;
  std::vector<std::string> changes;  ///< key=value
};
/// "b200: fleet.pools[0].system=hgx-b200 serving[0].weights=nvfp4"; blanks inside brackets and braces do not separate.
/// Throws std::invalid_argument: no name, or no change of the form key=value.
FleetChoice parse_fleet(const std::string& text);

struct DecisionPlan {
  std::string scenario;
  std::vector<std::string> overrides;  ///< of every fleet
  std::vector<FleetChoice> fleets;
  std::vector<Constraint> promises;
  SizingPlan sizing;          ///< `least` must be cost or gpus
  std::optional<Watts> hall;  ///< that all GPUs of a fleet may be provisioned with
};

/// The best fleet of one choice.
struct SizedChoice {
  std::string name;
  Candidate fleet;
  double provisioned_watts = 0;  ///< 0 = unknown
};

/// The same question with another load or other lengths.
struct VariedCase {
  std::string name;                  ///< "load x 2"
  std::string winner;                ///< "" = no fleet keeps its promises
  std::optional<double> cost_ratio;  ///< of the base's winner over the winner's: > 1 = flipped by so much
};

struct Decision {
  std::string situation;
  std::vector<SizedChoice> contenders;  ///< feasible first, the least first
  std::vector<VariedCase> variations;
  /// What the first has least of, as the next best over it: the factor by which its price may rise (or, of GPUs, its
  /// need) before the next is as good. None where only one holds.
  std::optional<double> break_even;
};

/// Sizes every fleet for the situation with all seeds, and once with one seed for half and twice the load, prompts and
/// answers. Lengths that are not fixed numbers are left as they are. Throws InputError.
Decision decide(const DecisionPlan& plan);

nlohmann::ordered_json decision_json(const Decision&, const DecisionPlan&, const std::vector<std::string>& words);
/// The answer in a sentence or two.
std::string decision_answer(const nlohmann::ordered_json& decision);
/// A row of the matrix for each of several decisions, as Markdown.
std::string decision_matrix(const std::vector<nlohmann::ordered_json>& decisions);

}  // namespace flotilla::analysis
