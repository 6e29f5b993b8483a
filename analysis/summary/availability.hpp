// What became of a fleet that changed while it served: failures and recoveries, starts, and what was paid for.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// GPUs of a pool that are paid for, in the mean from the first arrival to the last finish.
double paid_gpus(const sim::Build& build, const sim::RunFacts& facts, std::size_t pool);

void fill_availability(Summary& summary, const sim::Build& build, const sim::RunFacts& facts);

}  // namespace flotilla::analysis
