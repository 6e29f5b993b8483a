// What is shown of a sweep.
#pragma once

#include <string>

#include "analysis/sweep/store.hpp"

namespace flotilla::analysis {

/// A row per point of the sweep in their order, done or not: point, the swept keys, status, every figure of
/// summary.json that is one value, error. No times of day and none of this machine: the same sweep gives the same bytes
/// however often it was interrupted.
std::string sweep_csv(const StoredSweep& sweep);

/// The answer first: best points and the frontier of each load; then what failed.
std::string sweep_terminal(const StoredSweep& sweep);

/// What would be run, a line per point.
std::string sweep_listing(const SweepIdentity& identity, const std::vector<std::size_t>& points);

}  // namespace flotilla::analysis
