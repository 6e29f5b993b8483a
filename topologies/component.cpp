#include "topologies/component.hpp"

#include <algorithm>

namespace flotilla::topologies {
namespace {

bool is_nvlink_of(const Fleet& fleet, const Link& link, std::size_t domain) {
  const std::size_t node = fleet.node_of_vertex[link.from];
  return link.kind == LinkKind::kNvLink && node != kNone && fleet.nodes[node].domain == domain;
}

/// Links with an end among the component's vertices.
void add_links(const Fleet& fleet, Component& c) {
  std::vector<bool> inside(boost::num_vertices(fleet.graph), false);
  for (const VertexId v : c.vertices) inside[v] = true;
  for (LinkId id = 0; id < fleet.links.size(); ++id) {
    const Link& link = fleet.links[id];
    if (inside[link.from] || (link.kind != LinkKind::kNvLink && inside[link.to])) c.links.push_back(id);
  }
}

void add_node(const Node& node, Component& c) {
  for (std::size_t i = 0; i < node.shape->vertices.size(); ++i) c.vertices.push_back(node.first_vertex + i);
}

Component of_vertex(const Fleet& fleet, VertexId vertex) {
  Component c{fleet.name(vertex), {vertex}, {}};
  const VertexKind kind = fleet.graph[vertex].kind;
  c.has_detours = kind == VertexKind::kSpine;
  if (kind != VertexKind::kNvSwitch) {
    add_links(fleet, c);
    return c;
  }
  const auto holds = [&](const Domain& d) {
    return std::find(d.nvswitches.begin(), d.nvswitches.end(), vertex) != d.nvswitches.end();
  };
  const auto domain =
      static_cast<std::size_t>(std::find_if(fleet.domains.begin(), fleet.domains.end(), holds) - fleet.domains.begin());
  for (LinkId id = 0; id < fleet.links.size(); ++id)
    if (is_nvlink_of(fleet, fleet.links[id], domain)) c.links.push_back(id);
  return c;
}

Component of_node(const Fleet& fleet, const Node& node) {
  Component c{node.name, {}, {}};
  add_node(node, c);
  add_links(fleet, c);
  return c;
}

Component of_domain(const Fleet& fleet, const Domain& domain) {
  Component c{domain.name, domain.nvswitches, {}};
  for (std::size_t n = domain.first_node; n < domain.first_node + domain.nodes; ++n) add_node(fleet.nodes[n], c);
  add_links(fleet, c);
  return c;
}

Component of_link(const Fleet& fleet, LinkId id) {
  return {fleet.link_name(id), {}, {id}, fleet.links[id].kind == LinkKind::kSpineLink};
}

bool in_pool(const Fleet& fleet, std::size_t node, const std::string& pool) {
  const Pool& its = fleet.pools[fleet.nodes[node].pool];
  return !its.gpus.empty() && (pool.empty() || its.name == pool);
}

}  // namespace

std::optional<Component> find_component(const Fleet& fleet, const std::string& name) {
  for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
    if (fleet.pools[p].name != name) continue;
    Component c{name, {}, {}};
    for (const Node& node : fleet.nodes)
      if (node.pool == p) add_node(node, c);
    add_links(fleet, c);
    return c;
  }
  for (const Domain& domain : fleet.domains)
    if (domain.name == name) return of_domain(fleet, domain);
  for (const Node& node : fleet.nodes)
    if (node.name == name) return of_node(fleet, node);
  for (VertexId v = 0; v < boost::num_vertices(fleet.graph); ++v)
    if (fleet.name(v) == name) return of_vertex(fleet, v);
  for (LinkId id = 0; id < fleet.links.size(); ++id)
    if (fleet.link_name(id) == name) return of_link(fleet, id);
  return std::nullopt;
}

std::vector<Component> components_of_kind(const Fleet& fleet, const std::string& kind, const std::string& pool) {
  std::vector<Component> all;
  if (kind == "node") {
    for (std::size_t n = 0; n < fleet.nodes.size(); ++n)
      if (in_pool(fleet, n, pool)) all.push_back(of_node(fleet, fleet.nodes[n]));
  } else if (kind == "domain") {
    for (const Domain& domain : fleet.domains)
      if (in_pool(fleet, domain.first_node, pool)) all.push_back(of_domain(fleet, domain));
  } else if (kind == "nvswitch") {
    for (const Domain& domain : fleet.domains) {
      if (!in_pool(fleet, domain.first_node, pool)) continue;
      for (const VertexId v : domain.nvswitches) all.push_back(of_vertex(fleet, v));
    }
  } else if (kind == "link") {
    for (LinkId id = 0; id < fleet.links.size(); ++id) {
      const std::size_t node = fleet.node_of_vertex[fleet.links[id].from];
      if (node == kNone ? pool.empty() : in_pool(fleet, node, pool)) all.push_back(of_link(fleet, id));
    }
  } else {
    for (VertexId v = 0; v < boost::num_vertices(fleet.graph); ++v) {
      if (to_text(fleet.graph[v].kind) != kind) continue;
      const std::size_t node = fleet.node_of_vertex[v];
      if (node == kNone ? pool.empty() : in_pool(fleet, node, pool)) all.push_back(of_vertex(fleet, v));
    }
  }
  return all;
}

std::vector<std::string> component_names(const Fleet& fleet) {
  std::vector<std::string> names;
  for (const Pool& pool : fleet.pools) names.push_back(pool.name);
  for (const Domain& domain : fleet.domains) names.push_back(domain.name);
  for (const Node& node : fleet.nodes) names.push_back(node.name);
  for (VertexId v = 0; v < boost::num_vertices(fleet.graph); ++v) names.push_back(fleet.name(v));
  return names;
}

}  // namespace flotilla::topologies
