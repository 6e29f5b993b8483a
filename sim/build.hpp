// Turns a scenario into things that can run: catalogue entries loaded, engine defaults filled in, replicas placed on GPUs, memory
// laid out. What cannot work is refused here, at the line that says it, and what would work instead is named.
#pragma once

#include <string>
#include <vector>

#include "models/deployment.hpp"
#include "models/memory.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/scheduler/scheduler.hpp"
#include "topologies/build.hpp"
#include "topologies/placement.hpp"

namespace flotilla::sim {

/// One entry of `serving`, resolved.
struct ServingGroup {
  std::size_t pool = 0;              ///< index into the fleet's pools
  models::Deployment deployment;
  models::MemoryLedger memory;       ///< of one GPU
  std::string scheduler;
  SchedulerLimits limits;
  int max_model_len = 0;
  int gpus_per_replica = 1;
  int replicas = 1;
  topologies::Placement placement;
};

struct Build {
  topologies::Fleet fleet;
  std::vector<ServingGroup> groups;
  std::vector<std::string> warnings;  ///< whole sentences for the user: what fits badly, what was assumed
  [[nodiscard]] int gpus() const;     ///< in the pools, used or not: they are paid for
};

/// Reads a scenario and fills in every default that depends on another choice (engine, GPU); `origins` says where each came from.
Scenario read_scenario(const reader::Document& document);
void resolve(Scenario& scenario, const reader::Document& document, reader::Origins& origins);

/// The scenario must have been resolved. Throws InputError at the place in `document` that asks for the impossible.
Build build(const Scenario& scenario, const reader::Document& document);

}  // namespace flotilla::sim
