// Properties that every fleet must have, on fleets drawn at random: connected, routes that are the same there and back,
// capacities respected by what SimGrid makes of them. The seeds are fixed.
#include <doctest/doctest.h>

#include <boost/graph/connected_components.hpp>
#include <map>
#include <random>

#include "tests/topologies/transfers.hpp"
#include "topologies/route.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

constexpr int kFleets = 60;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int roll(int low, int high) { return low + static_cast<int>(engine_() % static_cast<unsigned>(high - low + 1)); }

 private:
  std::mt19937 engine_;
};

System random_system(Dice& dice) {
  auto system = load_system(dice.roll(0, 1) == 0 ? "hgx-h100" : "gb200-nvl72");
  system.nodes.value = dice.roll(1, 3);
  system.gpus.value = dice.roll(1, 8);
  system.nvswitches.value = dice.roll(1, 6);
  system.cpus.value = dice.roll(1, 3);
  system.pcie_switches.value = dice.roll(0, 4);
  system.nics.value = dice.roll(1, 8);
  system.nic_bandwidth.value = BytesPerSecond(dice.roll(10, 100) * 1e9);
  system.nvlink.bandwidth.value = BytesPerSecond(dice.roll(100, 900) * 1e9);
  return system;
}

FabricSpec random_fabric(Dice& dice) {
  auto fabric = load_fabric("ib-ndr-rail");
  fabric.rails.value = dice.roll(1, 8);
  fabric.leaf_ports.value = dice.roll(4, 16);
  fabric.spine_ports.value = dice.roll(2, 16);
  fabric.oversubscription.value = dice.roll(1, 3);
  return fabric;
}

Fleet random_fleet(unsigned seed) {
  Dice dice(seed);
  std::vector<PoolRequest> pools;
  for (int p = dice.roll(1, 3); p > 0; --p)
    pools.push_back({"pool" + std::to_string(p), random_system(dice), dice.roll(1, 30)});
  return build_fleet(pools, random_fabric(dice));
}

std::vector<test::Flow> random_flows(const Fleet& fleet, unsigned seed) {
  Dice dice(seed);
  const int gpus = static_cast<int>(fleet.gpus.size());
  std::vector<test::Flow> flows;
  while (gpus > 1 && flows.size() < 40) {
    const auto from = as_index(dice.roll(0, gpus - 1));
    const auto to = as_index(dice.roll(0, gpus - 1));
    if (from != to) flows.push_back({fleet.gpus[from].vertex, fleet.gpus[to].vertex, dice.roll(1, 50) * 1e9});
  }
  return flows;
}

void double_bandwidths(Fleet& fleet) {
  for (auto& link : fleet.links) link.bandwidth = link.bandwidth * 2;
}

}  // namespace

TEST_CASE("every fleet is one piece") {
  for (unsigned seed = 0; seed < kFleets; ++seed) {
    CAPTURE(seed);
    const auto fleet = random_fleet(seed);
    std::vector<int> component(boost::num_vertices(fleet.graph));
    CHECK(boost::connected_components(fleet.graph, component.data()) == 1);
  }
}

TEST_CASE("every route joins its ends link by link, and the way back is the same") {
  for (unsigned seed = 0; seed < kFleets; ++seed) {
    CAPTURE(seed);
    const auto fleet = random_fleet(seed);
    for (const auto& a : fleet.gpus) {
      for (const auto& b : fleet.gpus) {
        const auto there = route(fleet, a.vertex, b.vertex);
        auto back = route(fleet, b.vertex, a.vertex);
        REQUIRE(there.size() == back.size());
        auto at = a.vertex;
        for (std::size_t i = 0; i < there.size(); ++i) {
          const auto& link = fleet.links[there[i].link];
          REQUIRE((there[i].reversed ? link.to : link.from) == at);
          at = there[i].reversed ? link.from : link.to;
          REQUIRE(back[there.size() - 1 - i] == Hop{there[i].link, !there[i].reversed});
        }
        REQUIRE(at == b.vertex);
      }
    }
  }
}

TEST_CASE("no link carries more than its bandwidth, and none of a busy fleet could be faster than its links") {
  for (unsigned seed = 0; seed < kFleets; ++seed) {
    CAPTURE(seed);
    const auto fleet = random_fleet(seed);
    const auto flows = random_flows(fleet, seed + 100);
    if (flows.empty()) continue;
    const auto ends = test::end_times(fleet, flows);
    std::map<std::pair<LinkId, bool>, std::pair<double, double>> carried;  // bytes, and when the last of them came
    for (std::size_t i = 0; i < flows.size(); ++i) {
      const auto hops = route(fleet, flows[i].from, flows[i].to);
      const auto alone = facts(fleet, hops);
      CHECK(ends[i] >= (alone.latency + Bytes(flows[i].bytes) / alone.bandwidth).value() * (1 - 1e-6));
      for (const auto& hop : hops) {
        auto& [bytes, last] = carried[{hop.link, hop.reversed}];
        bytes += flows[i].bytes;
        last = std::max(last, ends[i]);
      }
    }
    for (const auto& [hop, load] : carried)
      CHECK(load.first <= fleet.links[hop.first].bandwidth.value() * load.second * (1 + 1e-6));
  }
}

TEST_CASE("twice the bandwidth everywhere halves long transfers") {
  for (unsigned seed = 0; seed < kFleets; ++seed) {
    CAPTURE(seed);
    auto fleet = random_fleet(seed);
    const auto flows = random_flows(fleet, seed + 200);
    if (flows.empty()) continue;
    const auto slow = test::end_times(fleet, flows);
    double_bandwidths(fleet);
    const auto fast = test::end_times(fleet, flows);
    // Of a gigabyte and more, microseconds of latency are less than a thousandth.
    for (std::size_t i = 0; i < flows.size(); ++i) CHECK(fast[i] == doctest::Approx(slow[i] / 2).epsilon(1e-3));
  }
}
