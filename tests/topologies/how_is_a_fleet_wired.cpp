// Parts and cables of whole fleets, counted against published reference architectures.
#include <doctest/doctest.h>

#include <map>

#include "topologies/build.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

std::map<VertexKind, int> parts(const Fleet& fleet) {
  std::map<VertexKind, int> counts;
  for (const auto v : boost::make_iterator_range(boost::vertices(fleet.graph))) ++counts[fleet.graph[v].kind];
  return counts;
}

std::map<LinkKind, int> links(const Fleet& fleet) {
  std::map<LinkKind, int> counts;
  for (const auto& link : fleet.links) ++counts[link.kind];
  return counts;
}

Fleet fleet_of(const char* system, int gpus, const char* fabric = "ib-ndr-rail") {
  return build_fleet({{"p", load_system(system), gpus}}, load_fabric(fabric));
}

}  // namespace

TEST_CASE("one HGX H100 node has the parts of its datasheet") {
  const auto fleet = fleet_of("hgx-h100", 8);
  auto count = parts(fleet);
  CHECK(count[VertexKind::kGpu] == 8);
  CHECK(count[VertexKind::kNvSwitch] == 4);
  CHECK(count[VertexKind::kCpu] == 2);
  CHECK(count[VertexKind::kPcieSwitch] == 8);
  CHECK(count[VertexKind::kNic] == 8);
  CHECK(fleet.name(fleet.gpus[3].vertex) == "p/node0/gpu3");
}

TEST_CASE("a GPU's 18 NVLinks are spread over its NVSwitches") {
  const auto lanes_of_gpu0 = [](const Fleet& fleet) {
    std::vector<int> lanes;
    double bandwidth = 0;
    for (const auto e : boost::make_iterator_range(boost::out_edges(fleet.gpus[0].vertex, fleet.graph))) {
      if (fleet.graph[e].kind != LinkKind::kNvLink) continue;
      lanes.push_back(fleet.graph[e].lanes);
      bandwidth += fleet.graph[e].bandwidth.value();
    }
    CHECK(bandwidth == doctest::Approx(fleet.links[fleet.nodes[0].first_link].bandwidth.value()));
    return lanes;
  };
  CHECK(lanes_of_gpu0(fleet_of("hgx-h100", 8)) == std::vector<int>{5, 5, 4, 4});
  CHECK(lanes_of_gpu0(fleet_of("hgx-b200", 8)) == std::vector<int>{9, 9});
  CHECK(lanes_of_gpu0(fleet_of("gb200-nvl72", 4)) == std::vector<int>(18, 1));
}

TEST_CASE("fabrics come out as in the DGX SuperPOD B200 reference architecture") {
  // Scalable units of 32 nodes: leaves, spines, node-leaf and leaf-spine cables of its table for 2, 4 and 8 units
  struct Row {
    int nodes, leaves, spines, cables;
  };
  for (const auto& row : {Row{64, 16, 8, 512}, Row{128, 32, 16, 1024}, Row{256, 64, 32, 2048}}) {
    CAPTURE(row.nodes);
    const auto fleet = fleet_of("hgx-b200", row.nodes * 8);
    auto count = links(fleet);
    CHECK(fleet.leaves.size() == as_index(row.leaves));
    CHECK(fleet.spines.size() == as_index(row.spines));
    CHECK(count[LinkKind::kNicLink] == row.cables);
    CHECK(count[LinkKind::kSpineLink] == row.cables);
    CHECK(fleet.notes.empty());
  }
}

TEST_CASE("NIC i of every node is on rail i") {
  const auto fleet = fleet_of("hgx-h100", 8 * 40);
  for (const auto& node : fleet.nodes) {
    for (std::size_t nic = 0; nic < 8; ++nic)
      CHECK(fleet.leaves[node.nic_ports[nic].leaf].rail == static_cast<int>(nic));
  }
  // 32 nodes to a leaf: node 31 is on the first leaf of its rail, node 32 on the second
  CHECK(fleet.nodes[31].nic_ports[0].leaf == fleet.nodes[0].nic_ports[0].leaf);
  CHECK(fleet.nodes[32].nic_ports[0].leaf != fleet.nodes[0].nic_ports[0].leaf);
}

TEST_CASE("nodes and racks that are used in part are said to be") {
  const auto half = fleet_of("hgx-b200", 2);
  CHECK(half.gpus.size() == 8);
  CHECK(half.pool("p").gpus == std::vector<GpuId>{0, 1});
  REQUIRE(half.notes.size() == 1);
  CHECK(half.notes[0] == "Pool 'p' uses 2 of the 8 GPUs of its last hgx-b200 node.");

  const auto rack = fleet_of("gb200-nvl72", 8);
  CHECK(rack.nodes.size() == 2);
  CHECK(rack.domains.size() == 1);
  CHECK(rack.name(rack.gpus[5].vertex) == "p/rack0/node1/gpu1");
  REQUIRE(rack.notes.size() == 1);
  CHECK(rack.notes[0] == "Pool 'p' uses 2 of the 18 nodes of its last gb200-nvl72.");
}

TEST_CASE("more leaves than a spine has ports make planes, and the user is told") {
  const auto fleet = fleet_of("gb200-nvl72", 10080);
  CHECK(fleet.domains.size() == 140);
  CHECK(fleet.leaves.size() == 316);  // 4 rails of 2520 NICs, 32 to a leaf
  CHECK(fleet.spines.size() == 32);
  CHECK(fleet.notes.size() == 1);
}

TEST_CASE("pools of different systems share one fabric") {
  const auto fleet = build_fleet({{"prefill", load_system("hgx-h100"), 16}, {"decode", load_system("gb200-nvl72"), 72}},
                                 load_fabric("ib-ndr-rail"));
  CHECK(fleet.pool("decode").gpus.front() == 16);
  CHECK(fleet.pool("decode").gpu == "gb200");
  CHECK(fleet.nodes[0].nic_ports[0].leaf == fleet.nodes[2].nic_ports[0].leaf);
}

TEST_CASE("pools that cannot be built are refused") {
  const auto fabric = load_fabric("ib-ndr-rail");
  const auto system = load_system("hgx-h100");
  CHECK_THROWS_AS(build_fleet({{"p", system, 0}}, fabric), std::invalid_argument);
  CHECK_THROWS_AS(build_fleet({{"p", system, 8}, {"p", system, 8}}, fabric), std::invalid_argument);
  CHECK_THROWS_AS((void)fleet_of("hgx-h100", 8).pool("q"), std::out_of_range);
}
