#include "topologies/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace flotilla::topologies {
namespace {

/// splitmix64 (Steele, Lea, Flood 2014): a full mix of 64 bits, the same everywhere.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

const Node& node_of(const Fleet& fleet, VertexId vertex) {
  if (fleet.node_of_vertex.at(vertex) == kNone)
    throw std::invalid_argument(fmt::format("{} is no end point", fleet.name(vertex)));
  return fleet.nodes[fleet.node_of_vertex[vertex]];
}

void append_local(std::vector<Hop>& hops, const Node& node, std::size_t from, std::size_t to) {
  for (const auto& hop : node.shape->paths[from][to]) hops.push_back({hop.link + node.first_link, hop.reversed});
}

/// The port of the NIC that a part of a node uses, and where the NIC stands among the node's parts.
const NicPort& own_port(const Fleet& fleet, const Node& node, VertexId vertex, std::size_t& nic) {
  nic = node.shape->own_nic[fleet.local(vertex)];
  if (nic == kNone) throw std::invalid_argument(fmt::format("{} has no NIC to leave by", node.name));
  return node.nic_ports[nic - node.shape->first_nic()];
}

/// From leaf to leaf over one spine. `low` and `high` are the end points in the order of their numbers, so that both
/// directions of a pair take the same cables.
void append_spine(std::vector<Hop>& hops, const Fleet& fleet, std::size_t from, std::size_t to, VertexId source,
                  VertexId destination) {
  const bool swapped = source > destination;
  const auto& low = fleet.leaves[swapped ? to : from].uplinks;
  const auto& high = fleet.leaves[swapped ? from : to].uplinks;
  const auto hash = mix(mix(std::min(source, destination)) + std::max(source, destination));
  const std::size_t spines = fleet.spines.size();
  const std::size_t low_cable = hash % low.size();
  const std::size_t spine = low_cable % spines;
  const std::size_t cables_to_spine = (high.size() - spine + spines - 1) / spines;
  const std::size_t high_cable = spine + (hash >> 32) % cables_to_spine * spines;
  hops.push_back({swapped ? high[high_cable] : low[low_cable], false});
  hops.push_back({swapped ? low[low_cable] : high[high_cable], true});
}

bool share_nvlink(const Node& a, std::size_t local_a, const Node& b, std::size_t local_b) {
  return a.domain == b.domain && a.shape->system.nvlink.present() && local_a < a.shape->first_cpu() &&
         local_b < b.shape->first_cpu();
}

}  // namespace

std::vector<Hop> route(const Fleet& fleet, VertexId from, VertexId to) {
  std::vector<Hop> hops;
  if (from == to) return hops;
  const auto& a = node_of(fleet, from);
  const auto& b = node_of(fleet, to);
  const auto local_a = fleet.local(from);
  const auto local_b = fleet.local(to);
  if (share_nvlink(a, local_a, b, local_b)) return {{a.first_link + local_a, false}, {b.first_link + local_b, true}};
  if (&a == &b) {
    append_local(hops, a, local_a, local_b);
    return hops;
  }
  std::size_t nic_a = kNone;
  std::size_t nic_b = kNone;
  const auto& port_a = own_port(fleet, a, from, nic_a);
  const auto& port_b = own_port(fleet, b, to, nic_b);
  append_local(hops, a, local_a, nic_a);
  hops.push_back({port_a.link, false});
  if (port_a.leaf != port_b.leaf) append_spine(hops, fleet, port_a.leaf, port_b.leaf, from, to);
  hops.push_back({port_b.link, true});
  append_local(hops, b, nic_b, local_b);
  return hops;
}

BytesPerSecond nic_bandwidth(const Fleet& fleet, VertexId vertex) {
  const auto& node = node_of(fleet, vertex);
  const auto nic = node.shape->own_nic[fleet.local(vertex)];
  return nic == kNone ? BytesPerSecond(0) : fleet.links[node.nic_ports[nic - node.shape->first_nic()].link].bandwidth;
}

RouteFacts facts(const Fleet& fleet, const std::vector<Hop>& route) {
  RouteFacts result;
  for (const auto& hop : route) {
    const auto& link = fleet.links[hop.link];
    if (result.bottleneck == kNone || link.bandwidth < result.bandwidth) {
      result.bandwidth = link.bandwidth;
      result.bottleneck = hop.link;
    }
    result.latency += link.latency;
    result.crosses_fabric = result.crosses_fabric || link.kind == LinkKind::kNicLink;
  }
  return result;
}

}  // namespace flotilla::topologies
