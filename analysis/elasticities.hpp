// What would help most? A run beside the same run on hardware that is a tenth better in one respect.
#pragma once

#include <atomic>
#include <vector>

#include "analysis/run.hpp"

namespace flotilla::analysis {

/// A respect in which hardware is made better.
struct Improvement {
  const char* key;  ///< of what_if
  double models::HardwareFactors::*member;
  double factor;
};
const std::vector<Improvement>& improvements();

/// The scenario's runs with each improvement on top of its own what_if, in the order of improvements(), `jobs` at once,
/// in children: same seed, same requests. Empty where the user interrupted. Throws std::runtime_error where one fails.
std::vector<Summary> run_improved(const LoadedScenario& loaded, int jobs, const std::atomic<bool>* interrupt);

/// The relative changes against `base`. Nothing of a figure that is 0 there.
std::vector<ElasticitySummary> elasticities(const Summary& base, const std::vector<Summary>& improved);

}  // namespace flotilla::analysis
