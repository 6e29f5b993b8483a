// The fleet as a SimGrid platform. The only place besides sim/ that knows SimGrid.
#pragma once

#include <simgrid/forward.h>

#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

class FleetZone;

/// What a flow from this GPU or CPU may be limited to.
struct RateLimit {
  VertexId source = kNone;
  BytesPerSecond rate{0};
};

/// A limit whose rate is chosen when a flow starts; for one flow at a time. Platforms have so many, numbered from 0.
struct ValveSetting {
  std::size_t number = 0;
  BytesPerSecond rate{0};
};

/// Where transfers start and end, and the links they share. Valid as long as SimGrid's engine.
class Platform {
 public:
  [[nodiscard]] simgrid::s4u::Host* host(GpuId gpu) const { return hosts_.at(fleet_->gpus.at(gpu).vertex); }
  /// Of a GPU or a CPU (whose memory KV is offloaded to); null for any other vertex.
  [[nodiscard]] simgrid::s4u::Host* host_of(VertexId vertex) const { return hosts_.at(vertex); }
  [[nodiscard]] simgrid::s4u::Link* link(Hop hop) const { return links_.at(2 * hop.link + (hop.reversed ? 1 : 0)); }

  /// Both directions of the link have this share of their bandwidth from now on, flows that are under way included.
  void scale(LinkId link, double share) const;

  /// Moves bytes between two GPUs or CPUs and returns when they have arrived. Blocks the calling actor, which may run
  /// anywhere. Throws simgrid::NetworkFailureException when a link on the way fails.
  void transfer(VertexId from, VertexId to, Bytes bytes) const;
  /// The bytes alone, whose latency has been waited for: starts them and returns at once; an actor must wait for the
  /// end. Their rate is at most `rate`, one of the limits given to make_platform; 0 = what the links give. Call outside
  /// of actors (in a timer): of actors that act at one instant SimGrid does the work when all have asked, and each flow
  /// would get the limit of the last.
  [[nodiscard]] boost::intrusive_ptr<simgrid::s4u::Comm> start(VertexId from, VertexId to, Bytes bytes,
                                                               BytesPerSecond rate) const;
  [[nodiscard]] boost::intrusive_ptr<simgrid::s4u::Comm> start(VertexId from, VertexId to, Bytes bytes,
                                                               const ValveSetting& valve) const;

 private:
  friend Platform make_platform(const Fleet& fleet, const std::vector<RateLimit>& limits, std::size_t valves);
  [[nodiscard]] boost::intrusive_ptr<simgrid::s4u::Comm> start(VertexId from, VertexId to, Bytes bytes,
                                                               simgrid::s4u::Link* limit) const;
  const Fleet* fleet_ = nullptr;
  FleetZone* zone_ = nullptr;               ///< SimGrid's engine owns it
  std::vector<simgrid::s4u::Host*> hosts_;  ///< by vertex
  std::vector<simgrid::s4u::Link*> links_;  ///< by link and direction
  std::vector<simgrid::s4u::Link*> valves_;
};

/// Builds hosts for GPUs and CPUs, a SimGrid link for each direction of each link, and routes on demand as
/// topologies::route takes them. A lone transfer of b bytes takes (sum of latencies) + b / (narrowest bandwidth)
/// seconds; transfers that share links get max-min fair shares, whatever their latencies. The latency is waited for in
/// Platform::transfer: a bare SimGrid communication between the hosts has none. Needs an Engine without a platform
/// (std::logic_error otherwise): the network model is chosen here, before anything is built. The fleet must outlive the
/// simulation.
Platform make_platform(const Fleet& fleet, const std::vector<RateLimit>& limits = {}, std::size_t valves = 0);

}  // namespace flotilla::topologies
