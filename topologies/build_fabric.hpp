// The network between nodes. Part of build_fleet.
#pragma once

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// Cables every NIC of the fleet to a leaf of its rail, and every leaf to the spines, as fleet.fabric says.
void add_fabric(Fleet& fleet);

}  // namespace flotilla::topologies
