// Turns a scenario into things that can run: catalogue entries loaded, engine defaults filled in, replicas placed on
// GPUs, memory laid out. What cannot work is refused here, at the line that says it, and what would work instead is
// named.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/deployment.hpp"
#include "models/memory.hpp"
#include "models/price.hpp"
#include "sim/engine/admission.hpp"
#include "sim/power.hpp"
#include "sim/router/router.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scheduler/scheduler.hpp"
#include "topologies/build.hpp"
#include "topologies/spec.hpp"

namespace flotilla::sim {

/// A pool of the fleet, resolved.
struct Pool {
  topologies::System system;
  models::Gpu gpu;
  int gpus = 0;
  std::optional<models::Price> price;
  std::optional<double> usd_per_gpu_hour;  ///< absent without a price
  PoolPower power;
};

/// One entry of `serving`, resolved.
struct ServingGroup {
  std::size_t pool = 0;  ///< index into the pools
  Role role = Role::kMixed;
  Serves serves;
  models::Deployment deployment;
  models::MemoryLedger memory;  ///< of one GPU
  KvTransferSpec kv_transfer;   ///< of a group that prefills: everything is filled in
  Fidelity fidelity = Fidelity::kAnalytic;
  std::string scheduler;
  bool keeps_prefixes = true;  ///< named blocks of prompts are found again
  SchedulerLimits limits;      ///< of the replica: those of its attention ranks together
  std::string queue_order = "fcfs";
  double prediction_error = 0;
  std::int64_t host_blocks = 0;  ///< KV blocks of host memory for who is preempted
  PrefixEviction eviction = PrefixEviction::kLru;
  std::int64_t offload_host_blocks = 0;     ///< of each replica, for blocks to be found again
  std::int64_t offload_storage_blocks = 0;  ///< the same of all replicas
  int max_model_len = 0;
  int gpus_per_replica = 1;                               ///< tensor * pipeline * data parallel size
  int replicas = 1;                                       ///< that there is room for
  int initial_replicas = 1;                               ///< of those, there when the run begins
  StartupSpec startup;                                    ///< weights_from is filled in
  std::vector<std::vector<topologies::GpuId>> placement;  ///< GPUs of each replica
};

struct Build {
  std::vector<Pool> pools;
  topologies::Fleet fleet;
  std::vector<ServingGroup> groups;
  std::vector<GateLimit> gate_limits;
  std::vector<std::string> models;   ///< that groups serve, each once, in the order of groups
  std::vector<std::string> classes;  ///< of groups; none unless the router looks at them
  std::vector<Serves> tenants;       ///< what the requests of each ask for
  Serves requests;                   ///< what they ask for where there are no tenants
  bool spills = false;               ///< requests of one class may go to groups of another

  /// May requests that go to one of these go to the other as well? Groups hand KV over to such only.
  [[nodiscard]] bool alike(const Serves& a, const Serves& b) const {
    return a.model == b.model && (a.slo_class == b.slo_class || spills);
  }
  std::vector<std::string> warnings;  ///< whole sentences for the user: what fits badly, what was assumed
};

/// Fills in every default that depends on another choice (engine, GPU, what fits) and builds. `origins` maps each path
/// of the resolved scenario to where its value came from. Throws InputError at the place in `document` that asks for
/// the impossible.
Build build(Scenario& scenario, const reader::Document& document, reader::Origins& origins);

}  // namespace flotilla::sim
