// What a scenario says of its fleet's life, held against the fleet that it is about.
#pragma once

#include "scenarios/reader/node.hpp"
#include "sim/build.hpp"

namespace flotilla::sim {

/// The name of storage servers among the fleet's pools.
inline constexpr const char* kStorageName = "storage";

/// The servers of fleet.storage: without GPUs, each with a NIC. Throws InputError where a pool has their name.
topologies::PoolRequest storage_of(const Scenario& scenario, const reader::Document& document);

/// Throws InputError where parts or pools are named that there are not, or that cannot fail.
void check_life(const Scenario& scenario, const Build& build, const reader::Document& document);

}  // namespace flotilla::sim
