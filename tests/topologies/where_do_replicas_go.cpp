// Placement of replicas on GPUs, and what their groups find between them.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "topologies/placement.hpp"

using namespace flotilla;
using namespace flotilla::topologies;

namespace {

Fleet fleet_of(const char* system, int gpus) {
  return build_fleet({{"p", load_system(system), gpus}}, load_fabric("ib-ndr-rail"));
}

std::string refusal(const Fleet& fleet, int per_replica, std::optional<int> replicas = {}) {
  try {
    place(fleet, "p", per_replica, replicas);
  } catch (const PlacementError& error) {
    return std::string(error.what()) + "; " + error.hint;
  }
  return "";
}

}  // namespace

TEST_CASE("replicas are packed in the order of GPUs") {
  const auto placement = place(fleet_of("hgx-h100", 16), "p", 4);
  REQUIRE(placement.replicas.size() == 4);
  CHECK(placement.replicas[0].gpus == std::vector<GpuId>{0, 1, 2, 3});
  CHECK(placement.replicas[3].gpus == std::vector<GpuId>{12, 13, 14, 15});
  CHECK(placement.notes.empty());
}

TEST_CASE("a group stays in one NVLink domain where it fits there") {
  // Two nodes of 8, groups of 3: GPUs 6 and 7 cannot hold one, so the third replica begins with node 1.
  const auto placement = place(fleet_of("hgx-h100", 16), "p", 3, 4);
  REQUIRE(placement.replicas.size() == 4);
  CHECK(placement.replicas[2].gpus == std::vector<GpuId>{8, 9, 10});
  for (const auto& replica : placement.replicas) CHECK_FALSE(replica.crosses_domains);
  CHECK(placement.notes.empty());  // whether the 4 GPUs that are left stay idle is known after the last group
}

TEST_CASE("leftovers of several domains make a replica that crosses, and the user is told") {
  // Three nodes of 8, groups of 6: one in each node, and the fourth from the 2 + 2 + 2 that are left.
  const auto placement = place(fleet_of("hgx-h100", 24), "p", 6);
  REQUIRE(placement.replicas.size() == 4);
  CHECK(placement.replicas[3].gpus == std::vector<GpuId>{6, 7, 14, 15, 22, 23});
  CHECK(placement.replicas[3].crosses_domains);
  REQUIRE(placement.notes.size() == 1);
  CHECK(placement.notes[0] ==
        "1 of 4 replicas of 6 GPUs have them in several NVLink domains: their collectives cross the fabric.");
}

TEST_CASE("a group of 16 crosses nodes of 8 but not an NVL72") {
  CHECK(place(fleet_of("hgx-b200", 16), "p", 16).replicas[0].crosses_domains);
  CHECK_FALSE(place(fleet_of("gb200-nvl72", 16), "p", 16).replicas[0].crosses_domains);
}

TEST_CASE("spread: nodes take turns, and replicas begin at the same GPU of each") {
  const auto placement = place(fleet_of("hgx-h100", 16), "p", 4, 3, {}, PlacementPolicy::kSpread);
  REQUIRE(placement.replicas.size() == 3);
  CHECK(placement.replicas[0].gpus == std::vector<GpuId>{0, 1, 2, 3});
  CHECK(placement.replicas[1].gpus == std::vector<GpuId>{8, 9, 10, 11});
  CHECK(placement.replicas[2].gpus == std::vector<GpuId>{4, 5, 6, 7});
}

TEST_CASE("rail-aligned: replicas begin at multiples of their size, packed ones where the last has ended") {
  // One GPU of node 0 is another group's. Packed goes on behind it; aligned, ranks 0 to 3 keep rails 0 to 3 or 4 to 7.
  const auto fleet = fleet_of("hgx-h100", 16);
  const auto packed = place(fleet, "p", 4, 3, {0});
  CHECK(packed.replicas[0].gpus == std::vector<GpuId>{1, 2, 3, 4});
  const auto aligned = place(fleet, "p", 4, 3, {0}, PlacementPolicy::kRailAligned);
  REQUIRE(aligned.replicas.size() == 3);
  CHECK(aligned.replicas[0].gpus == std::vector<GpuId>{4, 5, 6, 7});
  CHECK(aligned.replicas[1].gpus == std::vector<GpuId>{8, 9, 10, 11});
  CHECK(aligned.replicas[2].gpus == std::vector<GpuId>{12, 13, 14, 15});
  CHECK(aligned.notes.empty());
}

TEST_CASE("rail-aligned: a replica larger than a domain has the same GPUs of each") {
  // Replicas of 12 on four nodes of 8: six GPUs of two nodes each, where packed takes eight of one and four of another.
  const auto fleet = fleet_of("hgx-h100", 32);
  const auto aligned = place(fleet, "p", 12, 2, {}, PlacementPolicy::kRailAligned);
  REQUIRE(aligned.replicas.size() == 2);
  CHECK(aligned.replicas[0].gpus == std::vector<GpuId>{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13});
  CHECK(aligned.replicas[1].gpus == std::vector<GpuId>{16, 17, 18, 19, 20, 21, 24, 25, 26, 27, 28, 29});
  CHECK(aligned.replicas[0].crosses_domains);
  CHECK(aligned.notes.size() == 1);
  const auto packed = place(fleet, "p", 12, 2);
  CHECK(packed.replicas[0].gpus == std::vector<GpuId>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("rail-aligned: what is left out of line is given all the same") {
  // GPUs 0 and 4 are taken: no four in line in node 0, one replica goes on 1, 2, 3, 5 as packed would have it.
  const auto placement = place(fleet_of("hgx-h100", 16), "p", 4, 3, {0, 4}, PlacementPolicy::kRailAligned);
  REQUIRE(placement.replicas.size() == 3);
  CHECK(placement.replicas[2].gpus == std::vector<GpuId>{1, 2, 3, 5});
  CHECK_FALSE(placement.replicas[2].crosses_domains);
}

TEST_CASE("NVLink domain first: a domain begun is filled, so that a whole one is left for who needs it") {
  // Node 1 has four GPUs taken. A replica of four goes there; packed would begin node 0, and leave no eight together.
  const auto fleet = fleet_of("hgx-h100", 16);
  const std::vector<GpuId> taken{8, 9, 10, 11};
  const auto first = place(fleet, "p", 4, 1, taken, PlacementPolicy::kNvlinkDomainFirst);
  CHECK(first.replicas[0].gpus == std::vector<GpuId>{12, 13, 14, 15});
  CHECK(place(fleet, "p", 4, 1, taken).replicas[0].gpus == std::vector<GpuId>{0, 1, 2, 3});
  const auto all = place(fleet, "p", 4, {}, taken, PlacementPolicy::kNvlinkDomainFirst);
  REQUIRE(all.replicas.size() == 3);
  CHECK(all.replicas[1].gpus == std::vector<GpuId>{0, 1, 2, 3});
}

TEST_CASE("whatever the policy, no GPU is given twice and as many replicas are placed as were asked for") {
  for (const auto& named : enum_names(PlacementPolicy{})) {
    const PlacementPolicy policy = named.first;
    CAPTURE(std::string(named.second));
    for (int size = 1; size <= 20; ++size) {
      CAPTURE(size);
      const auto fleet = fleet_of(size % 2 == 0 ? "hgx-h100" : "gb200-nvl72", 40);
      const std::vector<GpuId> taken{1, 2, 9, 17, 33};
      const auto placement = place(fleet, "p", size, 35 / size, taken, policy);
      CHECK(placement.replicas.size() == static_cast<std::size_t>(35 / size));
      std::set<GpuId> seen(taken.begin(), taken.end());
      for (const auto& replica : placement.replicas) {
        CHECK(replica.gpus.size() == static_cast<std::size_t>(size));
        for (const GpuId gpu : replica.gpus) CHECK(seen.insert(gpu).second);
        const bool crosses = std::any_of(replica.gpus.begin(), replica.gpus.end(), [&](GpuId gpu) {
          return fleet.nodes[fleet.gpus[gpu].node].domain != fleet.nodes[fleet.gpus[replica.gpus.front()].node].domain;
        });
        CHECK((replica.crosses_domains || !crosses));
      }
    }
  }
}

TEST_CASE("by hand: each replica gets the GPUs it is given, and mistakes say which") {
  const auto fleet = fleet_of("hgx-h100", 16);
  const auto placement = place_by_hand(fleet, "p", 2, {{3, 4}, {7, 8}});
  REQUIRE(placement.replicas.size() == 2);
  CHECK(placement.replicas[0].gpus == std::vector<GpuId>{3, 4});
  CHECK_FALSE(placement.replicas[0].crosses_domains);
  CHECK(placement.replicas[1].crosses_domains);
  CHECK(placement.notes.size() == 1);
  CHECK(seats_text(fleet, placement.replicas[0].gpus) == "p/node0/gpu3-4");
  CHECK(seats_text(fleet, placement.replicas[1].gpus) == "p/node0/gpu7, p/node1/gpu0");
  CHECK_THROWS_WITH_AS(place_by_hand(fleet, "p", 2, {{0, 16}}), "pool 'p' has no GPU 16", PlacementError);
  CHECK_THROWS_WITH_AS(place_by_hand(fleet, "p", 2, {{0, 1}, {1, 2}}), "GPU 1 is taken already", PlacementError);
  CHECK_THROWS_WITH_AS(place_by_hand(fleet, "p", 2, {{0, 1, 2}}), "3 GPUs for a replica of 2", PlacementError);
  CHECK_THROWS_WITH_AS(place_by_hand(fleet, "p", 2, {{0, 1}}, {1}), "GPU 1 is taken already", PlacementError);
}

TEST_CASE("a second group of replicas takes what the first has left") {
  const auto fleet = fleet_of("hgx-h100", 16);
  const auto first = place(fleet, "p", 8, 1);
  const auto second = place(fleet, "p", 2, {}, first.replicas[0].gpus);
  CHECK(second.replicas.size() == 4);
  CHECK(second.replicas[0].gpus == std::vector<GpuId>{8, 9});
}

TEST_CASE("what cannot be placed is refused with what would work") {
  const auto fleet = fleet_of("hgx-h100", 14);
  CHECK(refusal(fleet, 4) ==
        "the 14 GPUs of pool 'p' do not divide into replicas of 4; 'replicas: 3' leaves 2 GPUs idle");
  CHECK(refusal(fleet, 16) ==
        "a replica needs 16 GPUs, pool 'p' has 14 GPUs left; fewer GPUs per replica, or more in the pool");
  CHECK(refusal(fleet, 4, 4) == "4 replicas of 4 GPUs need 16 GPUs, pool 'p' has 14 GPUs left; at most 3");
  CHECK_THROWS_AS(place(fleet, "q", 1), std::out_of_range);
}

TEST_CASE("groups in a node see NVLink, groups across nodes their NICs") {
  const auto h100 = fleet_of("hgx-h100", 16);
  const auto inside = group_links(h100, {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(inside.bandwidth == BytesPerSecond(450e9));
  CHECK(inside.latency.value() == doctest::Approx(0.6e-6));
  CHECK_FALSE(inside.crosses_fabric);

  const auto across = group_links(h100, {0, 1, 8, 9});
  CHECK(across.bandwidth == BytesPerSecond(50e9));
  CHECK(across.latency.value() == doctest::Approx(3.16e-6));  // GPU 0 to GPU 9 changes rails: see the transfer times
  CHECK(across.crosses_fabric);
  CHECK(h100.links[across.bottleneck].kind == LinkKind::kNicLink);

  const auto rack = group_links(fleet_of("gb200-nvl72", 72), {0, 10, 20, 71});
  CHECK(rack.bandwidth == BytesPerSecond(900e9));
  CHECK_FALSE(rack.crosses_fabric);
}

TEST_CASE("GPUs that leave by one NIC share it") {
  auto system = load_system("hgx-h100");
  system.nics.value = 4;
  const auto fleet = build_fleet({{"p", system, 16}}, load_fabric("ib-ndr-rail"));
  std::vector<GpuId> all;
  for (GpuId g = 0; g < 16; ++g) all.push_back(g);
  CHECK(group_links(fleet, all).bandwidth == BytesPerSecond(25e9));            // two GPUs to a NIC of 50 GB/s
  CHECK(group_links(fleet, {0, 2, 8, 10}).bandwidth == BytesPerSecond(50e9));  // each has a NIC to itself
}

TEST_CASE("a group of one waits for nobody") {
  const auto alone = group_links(fleet_of("hgx-b200", 8), {5});
  CHECK(alone.bandwidth == BytesPerSecond(900e9));
  CHECK(alone.latency == Seconds(0));
  CHECK_FALSE(alone.crosses_fabric);
}
