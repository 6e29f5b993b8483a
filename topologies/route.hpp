// The way a transfer takes between two GPUs or CPUs.
#pragma once

#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// By NVLink inside an NVLink domain; inside a node else by PCIe, C2C and CPU links; between nodes from the source's
/// own NIC to the destination's own NIC, through their leaf if they share one and else over one spine, chosen for each
/// pair of end points by a stable hash (as ECMP does for a flow). The way back is the same links reversed. Empty from a
/// vertex to itself. Throws std::invalid_argument for a vertex outside the nodes or nodes without NICs.
std::vector<Hop> route(const Fleet& fleet, VertexId from, VertexId to);

/// What a lone transfer meets on a route: the narrowest link and the sum of the latencies. Bandwidth 0 for an empty
/// route.
struct RouteFacts {
  BytesPerSecond bandwidth{0};
  Seconds latency{0};
  LinkId bottleneck = kNone;
  bool crosses_fabric = false;
};
RouteFacts facts(const Fleet& fleet, const std::vector<Hop>& route);

/// Of the cable by which a GPU or CPU leaves its node; 0 without a NIC.
BytesPerSecond nic_bandwidth(const Fleet& fleet, VertexId vertex);

}  // namespace flotilla::topologies
