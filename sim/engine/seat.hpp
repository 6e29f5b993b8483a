#pragma once

#include <vector>

#include "models/deployment.hpp"
#include "topologies/build.hpp"

namespace flotilla::sim {

/// Where a replica's GPUs are, and how its ranks divide them: stage by stage, in each stage by attention rank, and
/// there by tensor-parallel rank.
struct Seat {
  const models::Deployment* deployment = nullptr;
  std::vector<topologies::VertexId> gpus;
};

}  // namespace flotilla::sim
