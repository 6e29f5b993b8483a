#include "topologies/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::topologies {
namespace {

std::size_t domain_of(const Fleet& fleet, GpuId gpu) { return fleet.nodes[fleet.gpus[gpu].node].domain; }

/// The pool's free GPUs, by NVLink domain and in order.
std::map<std::size_t, std::vector<GpuId>> free_gpus(const Fleet& fleet, const Pool& pool,
                                                    const std::vector<GpuId>& taken) {
  const std::unordered_set<GpuId> busy(taken.begin(), taken.end());
  std::map<std::size_t, std::vector<GpuId>> free;
  for (const auto gpu : pool.gpus) {
    if (busy.count(gpu) == 0) free[domain_of(fleet, gpu)].push_back(gpu);
  }
  return free;
}

int how_many(const std::string& pool, int free, int per_replica, std::optional<int> replicas) {
  const auto gpus = [](int n) { return fmt::format("{} GPU{}", n, n == 1 ? "" : "s"); };
  if (per_replica < 1 || per_replica > free) {
    throw PlacementError(PlacementError::About::kGpusPerReplica,
                         fmt::format("a replica needs {}, pool '{}' has {} left", gpus(per_replica), pool, gpus(free)),
                         "fewer GPUs per replica, or more in the pool");
  }
  if (!replicas) {
    if (free % per_replica != 0) {
      throw PlacementError(
          PlacementError::About::kGpusPerReplica,
          fmt::format("the {} of pool '{}' do not divide into replicas of {}", gpus(free), pool, per_replica),
          fmt::format("'replicas: {}' leaves {} idle", free / per_replica, gpus(free % per_replica)));
    }
    return free / per_replica;
  }
  if (*replicas * per_replica > free) {
    throw PlacementError(PlacementError::About::kReplicas,
                         fmt::format("{} replicas of {} need {}, pool '{}' has {} left", *replicas, gpus(per_replica),
                                     gpus(*replicas * per_replica), pool, gpus(free)),
                         fmt::format("at most {}", free / per_replica));
  }
  return *replicas;
}

void note_crossing(Placement& placement, int per_replica) {
  const auto crosses = [](const Placement::Replica& replica) { return replica.crosses_domains; };
  const auto count = std::count_if(placement.replicas.begin(), placement.replicas.end(), crosses);
  if (count == 0) return;
  placement.notes.push_back(fmt::format(
      "{} of {} replicas of {} GPUs have them in several NVLink domains: their collectives cross the fabric.", count,
      placement.replicas.size(), per_replica));
}

}  // namespace

PlacementError::PlacementError(About about_what, const std::string& message, std::string hint_text)
    : std::runtime_error(message), about(about_what), hint(std::move(hint_text)) {}

//   packed:  domain 0: [0 0 0 0|1 1 1 1]   domain 1: [2 2 2 2|. . . .]      replicas of 4
//   spread:  domain 0: [0 0 0 0|2 2 2 2]   domain 1: [1 1 1 1|. . . .]
//            domain 0: [0 0 0 0 0 0|2 2]   domain 1: [1 1 1 1 1 1|2 2] ...  replicas of 6: the leftovers make one more
Placement place(const Fleet& fleet, const std::string& pool_name, int gpus_per_replica, std::optional<int> replicas,
                const std::vector<GpuId>& taken, PlacementPolicy policy) {
  const auto& pool = fleet.pool(pool_name);
  const auto free = free_gpus(fleet, pool, taken);
  int left = 0;
  for (const auto& [domain, gpus] : free) left += static_cast<int>(gpus.size());
  const auto wanted = as_index(how_many(pool_name, left, gpus_per_replica, replicas));
  const auto size = as_index(gpus_per_replica);

  Placement placement;
  std::map<std::size_t, std::size_t> used;  // GPUs of each domain
  const auto take = [&](std::size_t domain) {
    const auto first = free.at(domain).begin() + static_cast<std::ptrdiff_t>(used[domain]);
    placement.replicas.push_back({{first, first + gpus_per_replica}, false});
    used[domain] += size;
  };
  const auto fits = [&](std::size_t domain) {
    return placement.replicas.size() < wanted && used[domain] + size <= free.at(domain).size();
  };
  for (bool more = true; more;) {
    more = false;
    for (const auto& [domain, gpus] : free) {
      while (fits(domain)) {
        take(domain);
        more = true;
        if (policy == PlacementPolicy::kSpread) break;
      }
    }
  }
  std::vector<GpuId> scattered;
  for (const auto& [domain, gpus] : free)
    scattered.insert(scattered.end(), gpus.begin() + static_cast<std::ptrdiff_t>(used[domain]), gpus.end());
  for (std::size_t next = 0; placement.replicas.size() < wanted; next += size) {
    const auto first = scattered.begin() + static_cast<std::ptrdiff_t>(next);
    placement.replicas.push_back({{first, first + gpus_per_replica}, true});
  }
  note_crossing(placement, gpus_per_replica);
  return placement;
}

Placement place_by_hand(const Fleet& fleet, const std::string& pool_name, int gpus_per_replica,
                        const std::vector<std::vector<int>>& gpus, const std::vector<GpuId>& taken) {
  const auto fail = [](const std::string& message, const std::string& hint) {
    throw PlacementError(PlacementError::About::kByHand, message, hint);
  };
  const auto& pool = fleet.pool(pool_name);
  std::unordered_set<GpuId> busy(taken.begin(), taken.end());
  Placement placement;
  for (const auto& replica : gpus) {
    if (static_cast<int>(replica.size()) != gpus_per_replica)
      fail(fmt::format("{} GPUs for a replica of {}", replica.size(), gpus_per_replica), "one list for each replica");
    placement.replicas.emplace_back();
    for (const int index : replica) {
      if (index < 0 || as_index(index) >= pool.gpus.size())
        fail(fmt::format("pool '{}' has no GPU {}", pool_name, index), fmt::format("0 to {}", pool.gpus.size() - 1));
      const GpuId gpu = pool.gpus[as_index(index)];
      if (!busy.insert(gpu).second) fail(fmt::format("GPU {} is taken already", index), "each GPU serves one replica");
      placement.replicas.back().gpus.push_back(gpu);
    }
    const auto& placed = placement.replicas.back().gpus;
    placement.replicas.back().crosses_domains = std::any_of(placed.begin(), placed.end(), [&](GpuId gpu) {
      return domain_of(fleet, gpu) != domain_of(fleet, placed.front());
    });
  }
  note_crossing(placement, gpus_per_replica);
  return placement;
}

std::string seats_text(const Fleet& fleet, const std::vector<GpuId>& gpus) {
  std::string text;
  for (std::size_t i = 0; i < gpus.size();) {
    std::size_t last = i;
    while (last + 1 < gpus.size() && gpus[last + 1] == gpus[last] + 1 &&
           fleet.gpus[gpus[last + 1]].node == fleet.gpus[gpus[i]].node)
      ++last;
    const auto& node = fleet.nodes[fleet.gpus[gpus[i]].node];
    text += (i == 0 ? "" : ", ") + fmt::format("{}/gpu{}", node.name, gpus[i] - node.first_gpu);
    if (last > i) text += fmt::format("-{}", gpus[last] - node.first_gpu);
    i = last + 1;
  }
  return text;
}

GroupLinks group_links(const Fleet& fleet, const std::vector<GpuId>& group) {
  GroupLinks result;
  std::unordered_map<LinkId, int> leaving;  // GPUs of the group whose way to their NIC takes this link
  for (const auto gpu : group) {
    const auto& node = fleet.nodes[fleet.gpus[gpu].node];
    const auto local = fleet.local(fleet.gpus[gpu].vertex);
    const auto nic = node.shape->own_nic[local];
    if (nic == kNone) continue;
    for (const auto& hop : node.shape->paths[local][nic]) ++leaving[node.first_link + hop.link];
    ++leaving[node.nic_ports[nic - node.shape->first_nic()].link];
  }
  const auto consider = [&](LinkId link, int sharers) {
    const auto bandwidth = fleet.links[link].bandwidth / sharers;
    if (result.bottleneck != kNone && bandwidth >= result.bandwidth) return;
    result.bandwidth = bandwidth;
    result.bottleneck = link;
  };
  for (std::size_t i = 0; i < group.size(); ++i) {
    for (std::size_t j = i + 1; j < group.size(); ++j) {
      const auto hops = route(fleet, fleet.gpus[group[i]].vertex, fleet.gpus[group[j]].vertex);
      const auto pair = facts(fleet, hops);
      result.latency = std::max(result.latency, pair.latency);
      result.crosses_fabric = result.crosses_fabric || pair.crosses_fabric;
      for (const auto& hop : hops) {
        const auto sharers = leaving.find(hop.link);
        consider(hop.link, pair.crosses_fabric && sharers != leaving.end() ? sharers->second : 1);
      }
    }
  }
  if (group.size() == 1) {
    const auto& gpu = fleet.gpus[group.front()];
    const auto& node = fleet.nodes[gpu.node];
    if (node.shape->system.nvlink.present()) consider(node.first_link + fleet.local(gpu.vertex), 1);
  }
  return result;
}

}  // namespace flotilla::topologies
