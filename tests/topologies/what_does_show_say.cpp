// The text and figures of `flotilla show topology`.
#include <doctest/doctest.h>

#include <algorithm>

#include "topologies/cut.hpp"
#include "topologies/show.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

Fleet fleet_of(const char* system, int gpus, const char* fabric = "ib-ndr-rail") {
  return build_fleet({{"p", load_system(system), gpus}}, load_fabric(fabric));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an HGX H100 node's matrix is the one nvidia-smi prints") {
  // As in github.com/vllm-project/vllm/issues/6746 for the compute NICs: a GPU's own NIC is behind its PCIe switch
  // (there PXB, a switch counted as several bridges), the others of its socket are NODE, those of the other socket SYS.
  const auto matrix = topology_matrix(fleet_of("hgx-h100", 8), 0);
  CHECK(contains(
      matrix,
      "GPU0  X     NV18  NV18  NV18  NV18  NV18  NV18  NV18  PIX   NODE  NODE  NODE  SYS   SYS   SYS   SYS   0\n"));
  CHECK(contains(
      matrix,
      "GPU7  NV18  NV18  NV18  NV18  NV18  NV18  NV18  X     SYS   SYS   SYS   SYS   NODE  NODE  NODE  PIX   1\n"));
}

TEST_CASE("a GB200 tray's matrix has four GPUs on two Grace") {
  const auto matrix = topology_matrix(fleet_of("gb200-nvl72", 72), 0);
  CHECK(contains(matrix, "GPU0  X     NV18  NV18  NV18  NODE  NODE  SYS   SYS   0\n"));
  CHECK(contains(matrix, "GPU3  NV18  NV18  NV18  X     SYS   SYS   NODE  NODE  1\n"));
}

TEST_CASE("two PCIe switches under one another's CPU are NODE, two GPUs under one switch PIX") {
  auto system = load_system("hgx-h100");
  system.nvlink = {};
  system.pcie_switches.value = 4;
  const auto shape = make_node_shape(system);
  CHECK(closeness(*shape, 0, 1) == "PIX");
  CHECK(closeness(*shape, 0, 2) == "NODE");
  CHECK(closeness(*shape, 0, 4) == "SYS");
}

TEST_CASE("bisections are half the GPUs times what each can send") {
  const auto h100 = fleet_of("hgx-h100", 16);
  CHECK(bisection_of_node(h100, 0) == BytesPerSecond(4 * 450e9));
  CHECK(bisection_of_fleet(h100) == BytesPerSecond(8 * 50e9));  // 8 NICs a node
  const auto nvl72 = fleet_of("gb200-nvl72", 144);
  CHECK(bisection_of_domain(nvl72, 0) == BytesPerSecond(36 * 900e9));
  CHECK(bisection_of_node(nvl72, 0) == BytesPerSecond(2 * 900e9));
  CHECK(bisection_of_fleet(nvl72) == BytesPerSecond(72 * 50e9));
}

TEST_CASE("without NVLink the halves of a node meet on the link between its CPUs") {
  auto system = load_system("hgx-h100");
  system.nvlink = {};
  const auto fleet = build_fleet({{"p", system, 8}}, load_fabric("ib-ndr-rail"));
  CHECK(bisection_of_node(fleet, 0) == BytesPerSecond(153.6e9));  // 4 x 63 GB/s could come, 153.6 GB/s pass
}

TEST_CASE("an oversubscribed fabric halves by its spines") {
  // 96 nodes on leaves of 48: each half fills one leaf per rail, whose 12 uplinks carry 600 GB/s; 8 rails.
  CHECK(bisection_of_fleet(fleet_of("hgx-h100", 96 * 8, "ib-ndr-rail-4to1")) == BytesPerSecond(8 * 12 * 50e9));
  CHECK(bisection_of_fleet(fleet_of("hgx-h100", 64 * 8)) == BytesPerSecond(32 * 8 * 50e9));
}

TEST_CASE("what cannot reach the other side has no bandwidth to it") {
  const auto fleet = fleet_of("hgx-h100", 16);
  const auto by_nvlink = [](LinkKind kind) { return kind == LinkKind::kNvLink; };
  CHECK(cut_bandwidth(fleet, {fleet.gpus[0].vertex}, {fleet.gpus[8].vertex}, by_nvlink) == BytesPerSecond(0));
  CHECK(bisection_of_fleet(fleet_of("hgx-h100", 8)) == BytesPerSecond(0));
}

TEST_CASE("a path names its links and its bottleneck") {
  const auto text = path_text(fleet_of("hgx-h100", 16), 0, 8);
  CHECK(contains(text,
                 "p/node0/gpu0 to p/node1/gpu0: 6 links, 2.7 us, 50 GB/s per direction; bottleneck "
                 "p/node0/nic0--fabric/rail0/leaf0\n"));
  CHECK(contains(text, "  nic_link   50 GB/s    850 ns  -> fabric/rail0/leaf0\n"));
}

TEST_CASE("distances count the GPUs at each number of links") {
  // Own node by NVLink, the same rail of the other node by one leaf, its seven other rails by a spine.
  CHECK(hop_table(fleet_of("hgx-h100", 16), 0) == "2 links     7 GPUs\n6 links     1 GPU\n8 links     7 GPUs\n");
}

TEST_CASE("links are listed by kind with their sources") {
  const auto table = link_table(fleet_of("hgx-h100", 8));
  CHECK(contains(table, "nvlink           8     18  450 GB/s       300 ns    NVIDIA H100 datasheet"));
  CHECK(contains(
      table,
      "pcie            24     16  63 GB/s        250 ns    PCI Express 5.0"));  // GPU, NIC and uplink of each switch
}

TEST_CASE("the whole description holds every part, for several pools") {
  const auto fleet = build_fleet({{"prefill", load_system("hgx-h100"), 8}, {"decode", load_system("gb200-nvl72"), 72}},
                                 load_fabric("ib-ndr-rail"));
  const auto text = describe(fleet);
  for (const char* part : {"Pool 'prefill': 8 GPUs of hgx-h100", "80 GPUs in 19 nodes, 2 NVLink domains",
                           "prefill/node0\n", "decode/rack0/node0\n", "\nLinks\n", "32.4 TB/s", "\nPaths\n"}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}

TEST_CASE("the drawing has every vertex and edge") {
  const auto fleet = fleet_of("hgx-h100", 8);
  const auto dot = to_dot(fleet);
  CHECK(dot.substr(0, 7) == "graph G");
  CHECK(std::count(dot.begin(), dot.end(), ';') >
        static_cast<std::ptrdiff_t>(boost::num_vertices(fleet.graph) + boost::num_edges(fleet.graph)));
  CHECK(contains(dot, "label=\"p/node0/gpu0\""));
}
