#include "sim/life/needs.hpp"

#include <algorithm>

#include "topologies/route.hpp"

namespace flotilla::sim {

namespace {

using topologies::Fleet;

std::size_t domain_of(const Fleet& fleet, topologies::VertexId vertex) {
  return fleet.nodes[fleet.node_of_vertex[vertex]].domain;
}

/// Does some replica on the other side of hand-offs live in another NVLink domain?
bool hands_over_the_fabric(const Build& build, const ServingGroup& group, std::size_t domain) {
  if (group.role == Role::kMixed) return false;
  for (const ServingGroup& other : build.groups) {
    if (other.role == Role::kMixed || other.role == group.role || !build.alike(other.serves, group.serves)) continue;
    for (const auto& gpus : other.placement)
      for (const topologies::GpuId gpu : gpus)
        if (domain_of(build.fleet, build.fleet.gpus[gpu].vertex) != domain) return true;
  }
  return false;
}

/// From a GPU to its node's NIC and the leaf beyond.
std::vector<topologies::LinkId> way_out(const Fleet& fleet, topologies::VertexId gpu) {
  const topologies::Node& node = fleet.nodes[fleet.node_of_vertex[gpu]];
  const std::size_t nic = node.shape->own_nic[fleet.local(gpu)];
  std::vector<topologies::LinkId> links;
  if (nic == topologies::kNone) return links;
  for (const topologies::Hop& hop : node.shape->paths[fleet.local(gpu)][nic])
    links.push_back(node.first_link + hop.link);
  links.push_back(node.nic_ports[nic - node.shape->first_nic()].link);
  return links;
}

}  // namespace

bool Needs::any_of(const topologies::Component& component) const {
  return std::any_of(component.vertices.begin(), component.vertices.end(),
                     [this](topologies::VertexId v) { return vertices[v]; }) ||
         std::any_of(component.links.begin(), component.links.end(), [this](topologies::LinkId l) { return links[l]; });
}

Needs needs_of(const Build& build, std::size_t group_index, int number) {
  const Fleet& fleet = build.fleet;
  const ServingGroup& group = build.groups[group_index];
  Needs needs;
  needs.vertices.resize(boost::num_vertices(fleet.graph), false);
  needs.links.resize(fleet.links.size(), false);
  const auto& gpus = group.placement[static_cast<std::size_t>(number)];
  for (const topologies::GpuId gpu : gpus) {
    const topologies::VertexId vertex = fleet.gpus[gpu].vertex;
    needs.vertices[vertex] = true;
    for (const topologies::GpuId other : gpus)
      for (const topologies::Hop& hop : topologies::route(fleet, vertex, fleet.gpus[other].vertex))
        needs.links[hop.link] = true;
    const auto out = way_out(fleet, vertex);
    if (hands_over_the_fabric(build, group, domain_of(fleet, vertex)))
      for (const topologies::LinkId link : out) needs.links[link] = true;
    if (group.startup.weights_from == WeightsFrom::kStorage)
      needs.to_start.insert(needs.to_start.end(), out.begin(), out.end());
  }
  return needs;
}

}  // namespace flotilla::sim
