// How much does a fleet hold? The highest request rate at which it keeps its promises, by simulation.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/size.hpp"

namespace flotilla::analysis {

struct Capacity {
  double rate = 0;      ///< the highest that held, 1/s; 0 = none did
  double broken = 0;    ///< the lowest that did not, 1/s; 0 = none was met
  std::string binding;  ///< what broke there
  Summary summary;      ///< at `rate`, or at `broken` where nothing held
  int simulations = 0;
};

/// Doubles or halves the scenario's rate until one holds and another does not, then bisects until they are 1 % apart.
/// Same seed throughout. A lower rate never holds less: the search relies on it. Throws InputError where the scenario
/// has no rate (a trace, a closed loop).
Capacity capacity_of(const std::string& scenario, const std::vector<std::string>& overrides,
                     const std::vector<Constraint>& constraints,
                     const std::function<void(const std::string&)>& progress);

}  // namespace flotilla::analysis
