// What the pools of a fleet draw, resolved: watts of a GPU by activity under each cap that comes to hold, and what
// stands around the GPUs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/gpu_power.hpp"
#include "scenarios/reader/node.hpp"
#include "sim/scenario/scenario.hpp"
#include "topologies/spec.hpp"

namespace flotilla::sim {

/// From `from` on, until the next of its kind, GPUs run like this.
struct PowerPeriod {
  double from = 0;  ///< s
  models::CappedGpu gpu;
};

/// Of one pool. Watts of GPUs are their own; all else is at the wall.
struct PoolPower {
  double idle_per_gpu = 0;         ///< W at the wall without work: the GPU and its share of the node
  double per_gpu_watt = 1;         ///< W at the wall for each watt of a GPU above idle
  double provisioned_per_gpu = 0;  ///< W
  int gpus_per_rack = 1;           ///< of this pool, in its fullest rack
  int racks = 1;
  std::vector<PowerPeriod> periods;  ///< not empty, the first from 0, in order
  std::string borrowed;              ///< "b300-hgx draws as b200-hgx": whose figures stand in; "" = measured ones
  std::string beyond;                ///< why caps are beyond what was measured; "" = they are not

  [[nodiscard]] bool capped() const;
};

/// Throws InputError at a cap that leaves the GPUs nothing to work with.
PoolPower pool_power(const PoolSpec& spec, const topologies::System& system, const models::Gpu& gpu, int gpus,
                     const reader::Document& document, const std::string& path);

/// W of the switches: each NIC takes a port of a leaf and its part of the ports between leaves and spines. A fleet
/// within one node or NVLink domain needs none.
double switch_watts(const topologies::FabricSpec& fabric, int nics);

}  // namespace flotilla::sim
