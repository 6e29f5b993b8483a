// The fleet as a SimGrid platform. The only place besides sim/ that knows SimGrid.
#pragma once

#include <simgrid/forward.h>

#include <vector>

#include "topologies/build.hpp"

namespace flotilla::topologies {

/// Where transfers start and end, and the links they share. Valid as long as SimGrid's engine.
class Platform {
 public:
  [[nodiscard]] simgrid::s4u::Host* host(GpuId gpu) const { return hosts_.at(fleet_->gpus.at(gpu).vertex); }
  /// Of a GPU or a CPU (whose memory KV is offloaded to); null for any other vertex.
  [[nodiscard]] simgrid::s4u::Host* host_of(VertexId vertex) const { return hosts_.at(vertex); }
  [[nodiscard]] simgrid::s4u::Link* link(Hop hop) const { return links_.at(2 * hop.link + (hop.reversed ? 1 : 0)); }

  /// Moves bytes between two GPUs or CPUs and returns when they have arrived. Blocks the calling actor, which may run
  /// anywhere. Throws simgrid::NetworkFailureException when a link on the way fails.
  void transfer(VertexId from, VertexId to, Bytes bytes) const;

 private:
  friend Platform make_platform(const Fleet& fleet);
  const Fleet* fleet_ = nullptr;
  std::vector<simgrid::s4u::Host*> hosts_;  ///< by vertex
  std::vector<simgrid::s4u::Link*> links_;  ///< by link and direction
};

/// Builds hosts for GPUs and CPUs, a SimGrid link for each direction of each link, and routes on demand as
/// topologies::route takes them. A lone transfer of b bytes takes (sum of latencies) + b / (narrowest bandwidth)
/// seconds; transfers that share links get max-min fair shares, whatever their latencies. The latency is waited for in
/// Platform::transfer: a bare SimGrid communication between the hosts has none. Needs an Engine without a platform
/// (std::logic_error otherwise): the network model is chosen here, before anything is built. The fleet must outlive the
/// simulation.
Platform make_platform(const Fleet& fleet);

}  // namespace flotilla::topologies
