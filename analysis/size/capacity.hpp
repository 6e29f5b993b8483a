// How much does a fleet hold? The highest request rate at which it keeps its promises, by simulation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/size/promise.hpp"
#include "analysis/size/size.hpp"

namespace flotilla::analysis {

struct Capacity {
  double rate = 0;      ///< the highest that held, 1/s; 0 = none did
  double broken = 0;    ///< the lowest that did not, 1/s; 0 = none was met
  std::string binding;  ///< what broke there
  Summary summary;      ///< at `rate`, or at `broken` where nothing held
  int simulations = 0;
};

/// Doubles or halves the scenario's rate until one holds and another does not, then bisects until they are so near:
/// broken <= apart * rate. Same seed throughout; runs at higher rates last as long. A lower rate never holds less: the
/// search relies on it. Without constraints it is the rate at which the fleet saturates. Throws InputError where the
/// scenario has no rate (a trace, a closed loop).
Capacity capacity_of(const std::string& scenario, const std::vector<std::string>& overrides,
                     const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress, double apart = 1.01);

/// How much more than its rate a sized fleet would take.
struct Headroom {
  double to_promises = 0;    ///< the highest rate that keeps the promises, over the scenario's; 0 = unknown
  double to_saturation = 0;  ///< the highest rate that it keeps up with, over the scenario's; 0 = unknown
};

/// Of a feasible candidate. Nothing where its scenario has no rate to raise.
Headroom headroom_of(const Candidate& candidate, const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress);

}  // namespace flotilla::analysis
