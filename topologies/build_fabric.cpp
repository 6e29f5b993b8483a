#include "topologies/build_fabric.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace flotilla::topologies {
namespace {

class FabricBuilder {
 public:
  explicit FabricBuilder(Fleet& fleet) : fleet_(fleet), rails_(as_index(fleet.fabric.rails.value)) {}

  void build() {
    cable_nics();
    if (fleet_.leaves.size() > 1) cable_leaves();
  }

 private:
  /// The leaves of one rail, filled one after another.
  struct Rail {
    std::vector<std::size_t> leaves;
    int free_ports = 0;
  };

  VertexId add_switch(VertexKind kind, std::string name) {
    fleet_.node_of_vertex.push_back(kNone);
    return boost::add_vertex(Vertex{kind, std::move(name)}, fleet_.graph);
  }

  LinkId add_cable(LinkKind kind, const LinkSpec& spec, VertexId from, VertexId to, BytesPerSecond bandwidth) {
    const LinkId id = fleet_.links.size();
    const auto source = source_of(spec);
    fleet_.links.push_back({kind, from, to, spec.lanes.value, bandwidth, spec.latency.value, source, 0});
    boost::add_edge(from, to, Edge{kind, spec.lanes.value, bandwidth, spec.latency.value, source, id}, fleet_.graph);
    return id;
  }

  std::size_t source_of(const LinkSpec& spec) {
    auto& sources = fleet_.sources;
    if (sources.empty() || sources.back() != spec.bandwidth.source) sources.push_back(spec.bandwidth.source);
    return sources.size() - 1;
  }

  std::size_t leaf_with_free_port(std::size_t rail_id) {
    auto& rail = rails_[rail_id];
    if (rail.free_ports == 0) {
      const auto name = fmt::format("fabric/rail{}/leaf{}", rail_id, rail.leaves.size());
      rail.leaves.push_back(fleet_.leaves.size());
      rail.free_ports = fleet_.fabric.downlinks_per_leaf();
      fleet_.leaves.push_back({add_switch(VertexKind::kLeaf, name), static_cast<int>(rail_id), {}});
    }
    --rail.free_ports;
    return rail.leaves.back();
  }

  void cable_nics() {
    for (auto& node : fleet_.nodes) {
      const auto& system = node.shape->system;
      const auto bandwidth = std::min(system.nic_bandwidth.value, fleet_.fabric.nic_link.bandwidth.value);
      for (std::size_t nic = 0; nic < as_index(system.nics.value); ++nic) {
        const auto leaf = leaf_with_free_port(nic % rails_.size());
        const auto from = node.first_vertex + node.shape->first_nic() + nic;
        node.nic_ports.push_back(
            {add_cable(LinkKind::kNicLink, fleet_.fabric.nic_link, from, fleet_.leaves[leaf].vertex, bandwidth), leaf});
      }
    }
  }

  /// As many spines as the uplinks of all leaves fill, at most one for each uplink of a leaf.
  [[nodiscard]] int count_spines() {
    const auto& fabric = fleet_.fabric;
    if (fabric.spines) return *fabric.spines;
    const auto leaves = static_cast<int>(fleet_.leaves.size());
    const int needed = (leaves * fabric.uplinks_per_leaf() + fabric.spine_ports.value - 1) / fabric.spine_ports.value;
    if (leaves > fabric.spine_ports.value) {
      fleet_.notes.push_back(
          fmt::format("The fabric's {} leaves are more than the {} ports of a spine: each of the {} spines stands for "
                      "a plane of the tiers above the "
                      "leaves, without blocking and without latency of its own.",
                      leaves, fabric.spine_ports.value, fabric.uplinks_per_leaf()));
    }
    return std::min(needed, fabric.uplinks_per_leaf());
  }

  void cable_leaves() {
    const int spines = count_spines();
    for (int s = 0; s < spines; ++s)
      fleet_.spines.push_back(add_switch(VertexKind::kSpine, fmt::format("fabric/spine{}", s)));
    const auto& spec = fleet_.fabric.spine_link;
    for (auto& leaf : fleet_.leaves) {
      for (std::size_t u = 0; u < as_index(fleet_.fabric.uplinks_per_leaf()); ++u) {
        leaf.uplinks.push_back(add_cable(LinkKind::kSpineLink, spec, leaf.vertex,
                                         fleet_.spines[u % fleet_.spines.size()], spec.bandwidth.value));
        fleet_.links.back().cable = static_cast<int>(u / fleet_.spines.size());
      }
    }
  }

  Fleet& fleet_;
  std::vector<Rail> rails_;
};

}  // namespace

//   spine0   spine1   ...   spineS          every leaf has u uplinks, the i-th to spine i modulo S
//     | \   / | \  ...  /  \ |
//   rail0/leaf0  rail0/leaf1  rail1/leaf0   d = u x oversubscription downlinks; when full, the next of its rail
//     |    \       |            |
//    nic0  nic0   nic0         nic1         NIC i of a node on rail i modulo rails
//   node0  node1  node32       node0
void add_fabric(Fleet& fleet) { FabricBuilder(fleet).build(); }

}  // namespace flotilla::topologies
