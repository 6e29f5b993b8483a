// What a run cost: per hour, day and month, and per million tokens, of the fleet and of each pool.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/build.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// Fills `cost` and the pools' shares of it; throughputs and pools are there already.
void fill_money(Summary& s, const sim::Build& build, const sim::RunFacts& facts);

}  // namespace flotilla::analysis
