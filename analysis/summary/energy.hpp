// What the fleet draws, from the books of its replicas.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// Fills in `energy` and the watts of the pools, which must stand, with throughputs.
void fill_energy(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& f);

}  // namespace flotilla::analysis
