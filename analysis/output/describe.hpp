// What `flotilla check` and `flotilla show` print about a scenario that has not been run.
#pragma once

#include <string>

#include "analysis/run.hpp"

namespace flotilla::analysis {

std::string describe_check(const LoadedScenario& loaded);   ///< what runs where, what fits, warnings
std::string describe_memory(const LoadedScenario& loaded);  ///< the ledger of a GPU of each serving group
std::string describe_model(const LoadedScenario& loaded);   ///< shape, parameters, bytes
std::string describe_cost(const LoadedScenario& loaded);    ///< $/h, $/month, $/M tokens at the assumed throughput

}  // namespace flotilla::analysis
