// Golden times of SimGrid transfers on the platform, each worked out by hand. GB = 1e9 bytes; times are exact to 1e-6.
#include <doctest/doctest.h>

#include "tests/topologies/transfers.hpp"
#include "topologies/route.hpp"

using namespace flotilla;
using namespace flotilla::topologies;
using test::end_times;

namespace {

constexpr double kUs = 1e-6;

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(1e-6); }

/// A node of GPUs whose NVLinks have the given bandwidth and latency.
System switched(int gpus, BytesPerSecond bandwidth, Seconds latency) {
  System system = load_system("hgx-h100");
  system.gpus.value = gpus;
  system.nvlink.bandwidth.value = bandwidth;
  system.nvlink.latency.value = latency;
  return system;
}

Fleet hgx_h100(int gpus) { return build_fleet({{"p", load_system("hgx-h100"), gpus}}, load_fabric("ib-ndr-rail")); }

VertexId at(const Fleet& fleet, GpuId gpu) { return fleet.gpus[gpu].vertex; }

}  // namespace

TEST_CASE("1 MB over two links of 50 GB/s and 1 us each takes 22.0 us") {
  const auto fleet =
      build_fleet({{"p", switched(2, BytesPerSecond(50e9), Seconds(1e-6)), 2}}, load_fabric("ib-ndr-rail"));
  // 2 x 1 us + 1e6 B / 50e9 B/s = 2 + 20 us
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 1), 1e6}})[0] == exactly(22.0 * kUs));
}

TEST_CASE("one flow over NVLink within an H100 node") {
  const auto fleet = hgx_h100(8);
  // 2 x 0.3 us + 1e9 / 450e9 = 0.6 + 2222.2222 us
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 7), 1e9}})[0] == exactly(2222.822222 * kUs));
}

TEST_CASE("two flows into one GPU share its NVLink port") {
  const auto fleet = hgx_h100(8);
  // Each has half of GPU 2's 450 GB/s: 0.6 us + 450e6 / 225e9 = 2000.6 us
  const auto ends = end_times(fleet, {{at(fleet, 0), at(fleet, 2), 450e6}, {at(fleet, 1), at(fleet, 2), 450e6}});
  CHECK(ends[0] == exactly(2000.6 * kUs));
  CHECK(ends[1] == exactly(2000.6 * kUs));
}

TEST_CASE("two flows in opposite directions do not disturb each other") {
  const auto fleet = hgx_h100(8);
  const auto ends = end_times(fleet, {{at(fleet, 0), at(fleet, 1), 450e6}, {at(fleet, 1), at(fleet, 0), 450e6}});
  CHECK(ends[0] == exactly(1000.6 * kUs));
  CHECK(ends[1] == exactly(1000.6 * kUs));
}

TEST_CASE("three flows on two links get max-min fair shares") {
  // Link A: the NIC of node 0 (50 GB/s, outward), flows 1 and 2. Link B: the NIC of the other pool's node (30 GB/s,
  // inward), flows 2 and 3. B is the tighter: 15 GB/s each; flow 1 takes the rest of A, 35 GB/s. 70 MB at 35 and 30 MB
  // at 15 GB/s: 2000 us each.
  auto slow = load_system("hgx-h100");
  slow.nic_bandwidth.value = BytesPerSecond(30e9);
  const auto fleet =
      build_fleet({{"fast", load_system("hgx-h100"), 24}, {"slow", slow, 8}}, load_fabric("ib-ndr-rail"));
  const auto ends = end_times(
      fleet,
      {{at(fleet, 0), at(fleet, 8), 70e6}, {at(fleet, 0), at(fleet, 24), 30e6}, {at(fleet, 16), at(fleet, 24), 30e6}});
  for (const double end : ends) CHECK(end == exactly(2002.7 * kUs));
}

TEST_CASE("flows of different latency share a link evenly") {
  // GPU 0 sends 1 MB to its CPU and 1 MB to another node; both leave by GPU 0's PCIe link of 63 GB/s, and the second is
  // then held to the NIC's 50 GB/s. While both run each has 31.5 GB/s, although one has the latency of two links and
  // the other of six.
  const auto fleet = hgx_h100(16);
  const VertexId cpu = fleet.nodes[0].first_vertex + fleet.nodes[0].shape->first_cpu();
  // To the CPU: 2 x 0.25 us latency. Alone from 0.5 to 2.7 us at 63 GB/s: 138.6 kB; the other 861.4 kB at 31.5
  // GB/s: 27.346032 us. To the node: starts at 2.7 us; has 861.4 kB at 30.046032 us; the other 138.6 kB at 50
  // GB/s: 2.772 us.
  const auto ends = end_times(fleet, {{at(fleet, 0), cpu, 1e6}, {at(fleet, 0), at(fleet, 8), 1e6}});
  CHECK(ends[0] == exactly(30.046032 * kUs));
  CHECK(ends[1] == exactly(32.818032 * kUs));
}

TEST_CASE("between nodes a flow goes by NIC: on its rail by one leaf, across rails by a spine") {
  const auto fleet = hgx_h100(16);
  // Same rail: 2 x 0.25 (PCIe) + 2 x 0.85 (NIC) + 2 x 0.25 us = 2.7 us; 1e9 / 50e9 = 20 ms.
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 8), 1e9}})[0] == exactly(20002.7 * kUs));
  // Across rails two spine links of 0.23 us more.
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 9), 1e9}})[0] == exactly(20003.16 * kUs));
}

TEST_CASE("NVLink is 18 times as fast as InfiniBand between two GB200") {
  const auto fleet = build_fleet({{"p", load_system("gb200-nvl72"), 144}}, load_fabric("ib-ndr-rail"));
  // Within the rack, across trays: 0.6 us + 9e9 / 900e9 = 10 ms.
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 71), 9e9}})[0] == exactly(10000.6 * kUs));
  // Between racks, same rail, leaf shared by trays 0-31: 2 x (0.2 C2C + 0.25 PCIe + 0.85) us + 9e9 / 50e9 = 180 ms.
  CHECK(end_times(fleet, {{at(fleet, 0), at(fleet, 72), 9e9}})[0] == exactly(180002.6 * kUs));
}

TEST_CASE("an oversubscribed spine is shared by all who cross it") {
  // Leaves of 5 ports at 4:1: four NICs down, one cable up. Four nodes send to the four nodes of the next leaf: 50 / 4
  // = 12.5 GB/s.
  auto system = load_system("hgx-h100");
  system.gpus.value = 1;
  system.nics.value = 1;
  auto fabric = load_fabric("ib-ndr-rail");
  fabric.rails.value = 1;
  fabric.leaf_ports.value = 5;
  fabric.oversubscription.value = 4;
  const auto fleet = build_fleet({{"p", system, 8}}, fabric);
  REQUIRE(fleet.leaves.size() == 2);
  std::vector<test::Flow> flows;
  for (GpuId g = 0; g < 4; ++g) flows.push_back({at(fleet, g), at(fleet, g + 4), 125e6});
  // 2.7 + 2 x 0.23 us latency; 125e6 / 12.5e9 = 10 ms
  for (const double end : end_times(fleet, flows)) CHECK(end == exactly(10003.16 * kUs));
}

TEST_CASE("flows that start at the same instant from one GPU share with those already under way") {
  // Flows 0 and 1 have the inward ports of GPUs 1 and 3 to themselves from 0.6 to 100.6 us: 45 MB each. Then flows 2
  // and 3 leave GPU 0 together and share its port, and each meets one of the others: everyone has 225 GB/s. The other
  // 405 MB of flows 0 and 1 take 1800 us; flows 2 and 3 keep sharing GPU 0's port: 2000 us.
  const auto fleet = hgx_h100(8);
  const auto ends = end_times(fleet, {{at(fleet, 2), at(fleet, 1), 450e6},
                                      {at(fleet, 4), at(fleet, 3), 450e6},
                                      {at(fleet, 0), at(fleet, 3), 450e6, 100 * kUs},
                                      {at(fleet, 0), at(fleet, 1), 450e6, 100 * kUs}});
  CHECK(ends[0] == exactly(1900.6 * kUs));
  CHECK(ends[1] == exactly(1900.6 * kUs));
  CHECK(ends[2] == exactly(2100.6 * kUs));
  CHECK(ends[3] == exactly(2100.6 * kUs));
}

TEST_CASE("what stays where it is takes no time") {
  const auto fleet = hgx_h100(8);
  CHECK(end_times(fleet, {{at(fleet, 3), at(fleet, 3), 1e9}})[0] == 0);
}
