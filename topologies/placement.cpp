#include "topologies/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::topologies {
namespace {

std::size_t domain_of(const Fleet& fleet, GpuId gpu) { return fleet.nodes[fleet.gpus[gpu].node].domain; }

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

/// Who sits where while one group of replicas is placed. A domain's GPUs are in the order of its nodes; those that are
/// taken, by other groups or by this one, stay in their place.
class Seating {
 public:
  Seating(const Fleet& fleet, const Pool& pool, const std::vector<GpuId>& taken) {
    const std::unordered_set<GpuId> busy(taken.begin(), taken.end());
    std::map<std::size_t, Domain> by_number;
    for (const auto gpu : pool.gpus) {
      auto& domain = by_number[domain_of(fleet, gpu)];
      const bool free = busy.count(gpu) == 0;
      domain.gpus.push_back({gpu, free});
      domain.free += free ? 1 : 0;
    }
    for (auto& [number, domain] : by_number) domains_.push_back(std::move(domain));
  }

  [[nodiscard]] std::size_t free() const {
    std::size_t sum = 0;
    for (const auto& domain : domains_) sum += domain.free;
    return sum;
  }

  /// Up to `wanted` replicas of `size`, each on a domain's first free GPUs; `policy` is not rail-aligned.
  void seat_in_domains(std::size_t size, std::size_t wanted, PlacementPolicy policy, Placement& placement) {
    std::vector<Domain*> order;
    for (auto& domain : domains_) order.push_back(&domain);
    if (policy == PlacementPolicy::kNvlinkDomainFirst)  // one that is filled stays the fullest until it has no room
      std::stable_sort(order.begin(), order.end(), [](const Domain* a, const Domain* b) { return a->free < b->free; });
    for (bool more = true; more;) {
      more = false;
      for (Domain* const domain : order) {
        while (placement.replicas.size() < wanted && domain->free >= size) {
          placement.replicas.emplace_back();
          take_first(*domain, size, placement.replicas.back().gpus);
          more = true;
          if (policy == PlacementPolicy::kSpread) break;
        }
      }
    }
  }

  /// Up to `wanted` replicas of `size`, each on the same GPUs of as few domains as it takes.
  void seat_on_rails(std::size_t size, std::size_t wanted, Placement& placement) {
    for (auto& domain : domains_) {
      for (std::size_t first = 0; first < domain.gpus.size(); first += size)
        if (placement.replicas.size() < wanted && has_free(domain, first, size))
          seat({&domain}, first, size, placement);
    }
    for (std::size_t parts = 2; parts <= domains_.size(); ++parts)
      if (size % parts == 0) seat_across(parts, size / parts, wanted, placement);
  }

  /// The rest, on whatever GPUs are left.
  void seat_scattered(std::size_t size, std::size_t wanted, Placement& placement) {
    auto domain = domains_.begin();
    while (placement.replicas.size() < wanted) {
      placement.replicas.push_back({{}, true});
      auto& gpus = placement.replicas.back().gpus;
      while (gpus.size() < size) {
        if (domain->free == 0) ++domain;
        take_first(*domain, std::min(size - gpus.size(), domain->free), gpus);
      }
    }
  }

 private:
  struct Seat {
    GpuId gpu;
    bool free;
  };
  struct Domain {
    std::vector<Seat> gpus;
    std::size_t free = 0;
    std::size_t first_free = 0;  ///< none before it is
  };

  [[nodiscard]] std::size_t widest() const {
    std::size_t most = 0;
    for (const auto& domain : domains_) most = std::max(most, domain.gpus.size());
    return most;
  }

  /// Up to `wanted` replicas, each on the same `width` GPUs of `parts` domains.
  void seat_across(std::size_t parts, std::size_t width, std::size_t wanted, Placement& placement) {
    for (std::size_t first = 0; first < widest(); first += width) {
      std::vector<Domain*> open;
      for (auto& domain : domains_) {
        if (placement.replicas.size() == wanted) return;
        if (!has_free(domain, first, width)) continue;
        open.push_back(&domain);
        if (open.size() < parts) continue;
        seat(open, first, width, placement);
        open.clear();
      }
    }
  }

  static void seat(const std::vector<Domain*>& on, std::size_t first, std::size_t width, Placement& placement) {
    placement.replicas.push_back({{}, on.size() > 1});
    for (Domain* const domain : on) take(*domain, first, width, placement.replicas.back().gpus);
  }

  static bool has_free(const Domain& domain, std::size_t first, std::size_t count) {
    if (domain.free < count || first + count > domain.gpus.size()) return false;
    const auto begin = domain.gpus.begin() + static_cast<std::ptrdiff_t>(first);
    return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(count), [](const Seat& seat) { return seat.free; });
  }

  static void take(Domain& domain, std::size_t first, std::size_t count, std::vector<GpuId>& into) {
    for (std::size_t i = first; i < first + count; ++i) {
      domain.gpus[i].free = false;
      into.push_back(domain.gpus[i].gpu);
    }
    domain.free -= count;
  }

  static void take_first(Domain& domain, std::size_t count, std::vector<GpuId>& into) {
    while (count > 0) {
      if (domain.gpus[domain.first_free].free) {
        take(domain, domain.first_free, 1, into);
        --count;
      }
      ++domain.first_free;
    }
  }

  std::vector<Domain> domains_;
};

constexpr std::array<std::pair<PlacementPolicy, std::string_view>, 4> kPolicies{
    {{PlacementPolicy::kPacked, "packed"},
     {PlacementPolicy::kSpread, "spread"},
     {PlacementPolicy::kRailAligned, "rail_aligned"},
     {PlacementPolicy::kNvlinkDomainFirst, "nvlink_domain_first"}}};

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

std::span<const std::pair<PlacementPolicy, std::string_view>> enum_names(PlacementPolicy) { return kPolicies; }

//   packed:               [0 0 0 0|1 1 1 1]   [2 2 2 2|. . . .]       replicas of 4; each bracket is a domain
//   spread:               [0 0 0 0|2 2 2 2]   [1 1 1 1|. . . .]
//   nvlink domain first:  [. . . . . . . .]   [x x x x|0 0 0 0]       x: another group's
//   packed:               [x x 0 0 0 0 . .]   [1 1 1 1|. . . .]
//   rail-aligned:         [x x . .|0 0 0 0]   [1 1 1 1|. . . .]
//   packed:               [0 0 0 0 0 0 0 0]   [0 0 0 0|. . . .]       a replica of 12
//   rail-aligned:         [0 0 0 0 0 0|. .]   [0 0 0 0 0 0|. .]
Placement place(const Fleet& fleet, const std::string& pool_name, int gpus_per_replica, std::optional<int> replicas,
                const std::vector<GpuId>& taken, PlacementPolicy policy) {
  Seating seating(fleet, fleet.pool(pool_name), taken);
  const auto wanted = as_index(how_many(pool_name, static_cast<int>(seating.free()), gpus_per_replica, replicas));
  const auto size = as_index(gpus_per_replica);

  Placement placement;
  if (policy == PlacementPolicy::kRailAligned) seating.seat_on_rails(size, wanted, placement);
  seating.seat_in_domains(size, wanted, policy, placement);
  seating.seat_scattered(size, wanted, placement);
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
