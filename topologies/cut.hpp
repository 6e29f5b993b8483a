// How much can flow between two parts of the fleet, by the max-flow min-cut theorem.
#pragma once

#include <functional>
#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// The most that `left` can send to `right` together over links of the kinds `over` accepts (each direction has it); 0
/// if there is no way. Transfers may spread over all paths: what the best routing could reach.
BytesPerSecond cut_bandwidth(const Fleet& fleet, const std::vector<VertexId>& left, const std::vector<VertexId>& right,
                             const std::function<bool(LinkKind)>& over);

/// Between the first and the second half of a node's or a domain's GPUs, by NVLink if there is any and else by PCIe,
/// C2C and CPU links; 0 for a single GPU.
BytesPerSecond bisection_of_node(const Fleet& fleet, std::size_t node);
BytesPerSecond bisection_of_domain(const Fleet& fleet, std::size_t domain);
/// Between the GPUs of the first and the second half of the fleet's domains, by NICs and fabric; 0 for a single domain.
BytesPerSecond bisection_of_fleet(const Fleet& fleet);

}  // namespace flotilla::topologies
