// Routes: NVLink first, own NICs, rails, one spine by a stable hash.
#include <doctest/doctest.h>

#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <map>

#include "topologies/route.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

Fleet fleet_of(const char* system, int gpus, const char* fabric = "ib-ndr-rail") {
  return build_fleet({{"p", load_system(system), gpus}}, load_fabric(fabric));
}

std::vector<LinkKind> kinds(const Fleet& fleet, GpuId from, GpuId to) {
  std::vector<LinkKind> result;
  for (const auto& hop : route(fleet, fleet.gpus[from].vertex, fleet.gpus[to].vertex))
    result.push_back(fleet.links[hop.link].kind);
  return result;
}

/// Data does not pass through a GPU on its way: edges may only leave the GPU where it starts.
struct LeavesNoOtherGpu {
  const Graph* graph = nullptr;
  VertexId from = kNone;
  VertexId to = kNone;
  bool operator()(VertexId v) const { return v == from || v == to || (*graph)[v].kind != VertexKind::kGpu; }
};

double shortest_latency(const Fleet& fleet, VertexId from, VertexId to) {
  const boost::filtered_graph<Graph, boost::keep_all, LeavesNoOtherGpu> graph(fleet.graph, {},
                                                                              {&fleet.graph, from, to});
  std::vector<Seconds> distance(boost::num_vertices(fleet.graph));
  boost::dijkstra_shortest_paths(graph, from,
                                 boost::weight_map(boost::get(&Edge::latency, graph))
                                     .vertex_index_map(boost::get(boost::vertex_index, fleet.graph))
                                     .distance_map(boost::make_iterator_property_map(
                                         distance.begin(), boost::get(boost::vertex_index, fleet.graph)))
                                     .distance_inf(Seconds(1e9))
                                     .distance_zero(Seconds(0)));
  return distance[to].value();
}

}  // namespace

TEST_CASE("inside an NVLink domain a transfer takes NVLink, across trays too") {
  const std::vector<LinkKind> nvlink{LinkKind::kNvLink, LinkKind::kNvLink};
  CHECK(kinds(fleet_of("hgx-h100", 8), 0, 7) == nvlink);
  CHECK(kinds(fleet_of("gb200-nvl72", 72), 0, 71) == nvlink);
}

TEST_CASE("between nodes it takes the GPUs' own NICs, and a spine only to change rails") {
  const auto fleet = fleet_of("hgx-h100", 16);
  using K = LinkKind;
  CHECK(kinds(fleet, 3, 11) == std::vector<K>{K::kPcie, K::kPcie, K::kNicLink, K::kNicLink, K::kPcie, K::kPcie});
  CHECK(kinds(fleet, 3, 12) ==
        std::vector<K>{K::kPcie, K::kPcie, K::kNicLink, K::kSpineLink, K::kSpineLink, K::kNicLink, K::kPcie, K::kPcie});
}

TEST_CASE("no way is shorter than the one on HGX nodes") {
  const auto fleet = fleet_of("hgx-b200", 24);
  for (GpuId a = 0; a < 24; a += 5) {
    for (GpuId b = 0; b < 24; ++b) {
      if (a == b) continue;
      const auto from = fleet.gpus[a].vertex;
      const auto to = fleet.gpus[b].vertex;
      CHECK(facts(fleet, route(fleet, from, to)).latency.value() == doctest::Approx(shortest_latency(fleet, from, to)));
    }
  }
}

TEST_CASE("a CPU's memory is reached by PCIe or C2C") {
  const auto h100 = fleet_of("hgx-h100", 8);
  const auto cpu = h100.nodes[0].first_vertex + h100.nodes[0].shape->first_cpu();
  CHECK(facts(h100, route(h100, h100.gpus[0].vertex, cpu)).bandwidth == BytesPerSecond(63e9));
  CHECK(route(h100, h100.gpus[7].vertex, cpu).size() == 3);  // by the other CPU
  const auto gb200 = fleet_of("gb200-nvl72", 4);
  const auto grace = gb200.nodes[0].first_vertex + gb200.nodes[0].shape->first_cpu();
  CHECK(facts(gb200, route(gb200, gb200.gpus[1].vertex, grace)).bandwidth == BytesPerSecond(225e9));
}

TEST_CASE("flows are spread over the spines, evenly, and each pair keeps its own") {
  // 64 nodes, GPU 0 of the first 32 to GPU 0 of the last 32: 1,024 pairs over 32 uplinks of one leaf.
  const auto fleet = fleet_of("hgx-h100", 512);
  std::map<LinkId, int> load;
  for (GpuId a = 0; a < 256; a += 8) {
    for (GpuId b = 256; b < 512; b += 8) {
      const auto hops = route(fleet, fleet.gpus[a].vertex, fleet.gpus[b].vertex);
      REQUIRE(hops == route(fleet, fleet.gpus[a].vertex, fleet.gpus[b].vertex));
      for (const auto& hop : hops) {
        if (fleet.links[hop.link].kind == LinkKind::kSpineLink && !hop.reversed) ++load[hop.link];
      }
    }
  }
  CHECK(load.size() == 32);
  for (const auto& [link, flows] : load) {
    CHECK(flows > 10);  // mean 32, standard deviation sqrt(32) = 5.7: within four of them
    CHECK(flows < 55);
  }
}

TEST_CASE("switches are no end points, and nodes without NICs cannot be left") {
  const auto fleet = fleet_of("hgx-h100", 8);
  CHECK_THROWS_AS(route(fleet, fleet.gpus[0].vertex, fleet.leaves[0].vertex), std::invalid_argument);
  auto system = load_system("hgx-h100");
  system.nics.value = 0;
  const auto alone = build_fleet({{"p", system, 16}}, load_fabric("ib-ndr-rail"));
  CHECK_THROWS_AS(route(alone, alone.gpus[0].vertex, alone.gpus[8].vertex), std::invalid_argument);
}
