// The blueprint of one node of a system: its parts, the links between them, and the shortest paths inside it. Built
// once per system and stamped out for every node, so that ten thousand GPUs cost copies, not searches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "topologies/graph.hpp"
#include "topologies/spec.hpp"

namespace flotilla::topologies {

/// Vertices stand in this order: GPUs, CPUs, PCIe switches, NICs. Links: the NVLinks of each GPU first (`to` is
/// outside: kNone), then the others. Indices are local to the node.
struct NodeShape {
  System system;
  std::vector<Vertex> vertices;  ///< names without the node's prefix: "gpu3"
  std::vector<Link> links;       ///< `source` is an index into `sources`
  std::vector<std::string> sources;
  std::vector<std::vector<std::vector<Hop>>> paths;  ///< [from][to], without NVLink; empty where there is none
  std::vector<std::size_t> numa;                     ///< of every vertex: the CPU (0, 1, ...) it hangs on
  std::vector<std::size_t> own_nic;                  ///< of every vertex: the NIC it uses, or kNone

  [[nodiscard]] std::size_t first_cpu() const { return static_cast<std::size_t>(system.gpus.value); }
  [[nodiscard]] std::size_t first_nic() const { return vertices.size() - static_cast<std::size_t>(system.nics.value); }
};

std::shared_ptr<const NodeShape> make_node_shape(const System& system);

}  // namespace flotilla::topologies
