// The replicas of a run, and what stands between them: transfers, hosts, collectives, and what takes KV from those that
// prefill to those that decode, if any do.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "sim/build.hpp"
#include "sim/engine/collectives.hpp"
#include "sim/engine/gateway.hpp"
#include "sim/engine/hand_off.hpp"
#include "sim/engine/host_memory.hpp"
#include "sim/engine/replica.hpp"
#include "sim/engine/transfers.hpp"
#include "sim/life/lifecycle.hpp"
#include "sim/simulation.hpp"

namespace flotilla::sim {

/// Flows that the collectives of all replicas may have at once, and limits of the KV flows that there may be: what the
/// platform is made with.
std::size_t valves(const Build& build);
std::vector<topologies::RateLimit> rate_limits(const Build& build);
/// Over the replicas that requests are sent to, or those that decode apart.
std::unique_ptr<Router> router_of(const Scenario& scenario, const Build& build, bool decode);

/// What a run is made of before its replicas are. All of it outlives them.
struct Stage {
  const Scenario& scenario;
  const Build& build;
  const topologies::Platform& platform;
  const RunOptions& options;
  RequestPool& pool;
  Clock& clock;
  Recorder& recorder;
  Gateway& gateway;
  bool texts_are_known;  ///< blocks have names
};

class Replicas {
 public:
  explicit Replicas(const Stage& stage);

  /// The routers know the replicas: some of them may be closed.
  void begin() {
    if (lifecycle_ != nullptr) lifecycle_->start(hand_off_.get(), transfers_.get());
  }
  /// Closes the books.
  void close(RunFacts& facts);
  [[nodiscard]] std::vector<GroupFacts> group_facts(std::size_t groups) const;

 private:
  void make_transfers(bool split);
  /// Those of one serving group; `receive` is called with each and its seat.
  template <class Receive>
  void make_group(std::size_t group, Receive receive);
  ReplicaSpec spec_of(std::size_t group);
  void give_host(const ServingGroup& group, const Seat& seat, int replica, ReplicaSpec& spec);
  void split_fleet();

  Stage stage_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::vector<std::unique_ptr<Replica>> all_;
  std::unique_ptr<Transfers> transfers_;
  std::vector<std::unique_ptr<Collectives>> collectives_;
  std::size_t valves_given_ = 0;
  std::vector<std::unique_ptr<HostMemory>> hosts_;
  std::vector<topologies::VertexId> storage_;
  std::map<const ServingGroup*, std::shared_ptr<KvTier>> shared_tiers_;
  std::unique_ptr<Router> decode_router_;
  std::unique_ptr<HandOff> hand_off_;
};

}  // namespace flotilla::sim
