#include "topologies/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "topologies/build_fabric.hpp"

namespace flotilla::topologies {
namespace {

VertexId add_vertex(Fleet& fleet, VertexKind kind, std::string name, std::size_t node) {
  fleet.node_of_vertex.push_back(node);
  return boost::add_vertex(Vertex{kind, std::move(name)}, fleet.graph);
}

void add_edge(Fleet& fleet, LinkId id, VertexId from, VertexId to, int lanes, BytesPerSecond bandwidth) {
  const auto& link = fleet.links[id];
  boost::add_edge(from, to, Edge{link.kind, lanes, bandwidth, link.latency, link.source, id}, fleet.graph);
}

//   nvswitch0   nvswitch1   ...            each GPU's n lanes are striped over the s switches: n / s to each, and the
//    | \  \     / | \   ...                remainder one by one to the first (18 over 4: 5 + 5 + 4 + 4)
//   gpu0  gpu1 ...  gpu7
void wire_nvlink(Fleet& fleet, const Domain& domain, LinkId id) {
  auto& link = fleet.links[id];
  link.to = domain.nvswitches.front();
  const auto switches = static_cast<int>(domain.nvswitches.size());
  for (int i = 0; i < switches; ++i) {
    const int lanes = link.lanes / switches + (i < link.lanes % switches ? 1 : 0);
    add_edge(fleet, id, link.from, domain.nvswitches[as_index(i)], lanes,
             link.bandwidth * (static_cast<double>(lanes) / link.lanes));
  }
}

void add_node(Fleet& fleet, std::shared_ptr<const NodeShape> shape, std::string name, std::size_t source_offset) {
  const auto id = fleet.nodes.size();
  const auto& domain = fleet.domains.back();
  Node node{std::move(name),
            std::move(shape),
            fleet.pools.size() - 1,
            fleet.domains.size() - 1,
            boost::num_vertices(fleet.graph),
            fleet.links.size(),
            fleet.gpus.size(),
            {}};
  for (const auto& part : node.shape->vertices) {
    const auto vertex = add_vertex(fleet, part.kind, node.name + "/" + part.name, id);
    if (part.kind == VertexKind::kGpu) fleet.gpus.push_back({vertex, id});
  }
  for (const auto& pattern : node.shape->links) {
    Link link = pattern;
    link.from += node.first_vertex;
    if (link.to != kNone) link.to += node.first_vertex;
    link.source += source_offset;
    fleet.links.push_back(link);
    const auto link_id = fleet.links.size() - 1;
    if (link.to == kNone) {
      wire_nvlink(fleet, domain, link_id);
    } else {
      add_edge(fleet, link_id, link.from, link.to, link.lanes, link.bandwidth);
    }
  }
  fleet.nodes.push_back(std::move(node));
}

void note_partial_use(Fleet& fleet, const PoolRequest& request, int nodes) {
  const int per_node = request.system.gpus.value;
  if (const int rest = request.gpus % per_node; rest != 0) {
    fleet.notes.push_back(fmt::format("Pool '{}' uses {} of the {} GPUs of its last {} node.", request.name, rest,
                                      per_node, request.system.name));
  }
  if (const int rest = nodes % request.system.nodes.value; rest != 0) {
    fleet.notes.push_back(fmt::format("Pool '{}' uses {} of the {} nodes of its last {}.", request.name, rest,
                                      request.system.nodes.value, request.system.name));
  }
}

//   pool "chat" on an HGX system:     chat/node0   chat/node1  ...       each node an NVLink domain of its own
//   pool "chat" on an NVL72:          chat/rack0 { node0 ... node17 }    18 trays in one NVLink domain
void add_pool(Fleet& fleet, const PoolRequest& request) {
  const auto shape = make_node_shape(request.system);
  const auto source_offset = fleet.sources.size();
  fleet.sources.insert(fleet.sources.end(), shape->sources.begin(), shape->sources.end());
  fleet.pools.push_back({request.name, request.system.name, request.system.gpu, {}});

  const auto first_gpu = fleet.gpus.size();
  const bool storage = request.system.gpus.value == 0;
  const int per_node = storage ? 1 : request.system.gpus.value;
  const int per_domain = request.system.nodes.value;
  const int nodes = (request.gpus + per_node - 1) / per_node;
  for (int i = 0; i < nodes; ++i) {
    const bool rack = per_domain > 1;
    if (i % per_domain == 0) {
      const auto name =
          rack ? fmt::format("{}/rack{}", request.name, i / per_domain) : fmt::format("{}/node{}", request.name, i);
      fleet.domains.push_back({name, fleet.nodes.size(), 0, {}});
      for (int s = 0; request.system.nvlink.present() && s < request.system.nvswitches.value; ++s) {
        fleet.domains.back().nvswitches.push_back(
            add_vertex(fleet, VertexKind::kNvSwitch, fmt::format("{}/nvswitch{}", name, s), kNone));
      }
    }
    auto& domain = fleet.domains.back();
    ++domain.nodes;
    add_node(fleet, shape, rack ? fmt::format("{}/node{}", domain.name, i % per_domain) : domain.name, source_offset);
  }
  if (storage) return;
  for (int g = 0; g < request.gpus; ++g) fleet.pools.back().gpus.push_back(first_gpu + as_index(g));
  note_partial_use(fleet, request, nodes);
}

}  // namespace

Fleet build_fleet(const std::vector<PoolRequest>& pools, const FabricSpec& fabric) {
  Fleet fleet;
  fleet.fabric = fabric;
  for (const auto& request : pools) {
    if (request.gpus < 1 || (request.system.gpus.value < 1 && request.system.nics.value < 1)) {
      throw std::invalid_argument(fmt::format("pool '{}' of {} has no GPUs", request.name, request.system.name));
    }
    const auto same = [&](const Pool& pool) { return pool.name == request.name; };
    if (std::any_of(fleet.pools.begin(), fleet.pools.end(), same)) {
      throw std::invalid_argument(fmt::format("two pools are named '{}'", request.name));
    }
    add_pool(fleet, request);
  }
  add_fabric(fleet);
  return fleet;
}

const Pool& Fleet::pool(const std::string& name) const {
  for (const auto& p : pools) {
    if (p.name == name) return p;
  }
  throw std::out_of_range(fmt::format("no pool '{}'", name));
}

std::string Fleet::link_name(LinkId link) const {
  const auto& l = links[link];
  const auto ends = name(l.from) + "--" + name(l.to);
  return l.cable == 0 ? ends : fmt::format("{}#{}", ends, l.cable);
}

std::size_t Fleet::local(VertexId vertex) const { return vertex - nodes[node_of_vertex[vertex]].first_vertex; }

}  // namespace flotilla::topologies
