// Which GPUs each replica gets, and what links the GPUs of a group have between them.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// What cannot be placed. `about` says which of the caller's words to blame.
class PlacementError : public std::runtime_error {
 public:
  enum class About { kGpusPerReplica, kReplicas, kByHand };
  PlacementError(About about_what, const std::string& message, std::string hint_text);
  About about;
  std::string hint;
};

struct Placement {
  struct Replica {
    std::vector<GpuId> gpus;
    bool crosses_domains = false;  ///< its GPUs do not share one NVLink domain
  };
  std::vector<Replica> replicas;
  std::vector<std::string> notes;  ///< whole sentences for the user: replicas that cross domains
};

/// Which domain the next replica goes to.
enum class PlacementPolicy {
  kPacked,             ///< the first that has room: one is filled before the next is begun
  kSpread,             ///< each in turn
  kRailAligned,        ///< as packed, but ranks sit on the rails of their number: see below
  kNvlinkDomainFirst,  ///< the fullest that has room: whole domains are kept for who needs them
};

/// The policies as users write them.
std::span<const std::pair<PlacementPolicy, std::string_view>> enum_names(PlacementPolicy);

/// Places replicas on the pool's GPUs that are not in `taken`, in the order of nodes, each inside one NVLink domain
/// where it fits there, the domain being chosen by `policy`. Groups larger than a domain, and groups for which only
/// scattered GPUs are left, take GPUs of several domains; `notes` says so. Rail-aligned, a replica begins at a multiple
/// of its size in the domain, so that its rank r has the rail of every other replica's rank r; one that fits in no
/// domain takes the same GPUs of each of several, so that its neighbours between nodes share a rail. Where no such
/// place is left it gets what packed would give it. Without `replicas` as many as there are GPUs for, which must come
/// out even. Throws PlacementError; std::out_of_range for an unknown pool.
Placement place(const Fleet& fleet, const std::string& pool, int gpus_per_replica, std::optional<int> replicas = {},
                const std::vector<GpuId>& taken = {}, PlacementPolicy policy = PlacementPolicy::kPacked);

/// The same by hand: for each replica the GPUs of the pool that it gets, counted from 0 in the pool. Throws
/// PlacementError where one is not there, is given twice or is taken.
Placement place_by_hand(const Fleet& fleet, const std::string& pool, int gpus_per_replica,
                        const std::vector<std::vector<int>>& gpus, const std::vector<GpuId>& taken = {});

/// "chat/node0/gpu0-3", "rack/rack0/node17/gpu3, rack/rack0/node18/gpu0".
std::string seats_text(const Fleet& fleet, const std::vector<GpuId>& gpus);

/// The links of a group as its collectives see them.
struct GroupLinks {
  BytesPerSecond bandwidth{
      0};  ///< per GPU and direction, of the narrowest path between any two; GPUs that leave by one NIC share it
  Seconds latency{0};           ///< of the longest path between any two
  bool crosses_fabric = false;  ///< some pair is linked only through NICs
  LinkId bottleneck = kNone;    ///< a link of that bandwidth
};

/// A group of one has its GPU's NVLink bandwidth (0 without) and no latency.
GroupLinks group_links(const Fleet& fleet, const std::vector<GpuId>& group);

}  // namespace flotilla::topologies
