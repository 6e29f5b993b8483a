// What collectives put on the wires, for the books of the links. Their time is another matter
// (operators/all_reduce.hpp, operators/expert_exchange.hpp).
#pragma once

#include "models/deployment.hpp"

namespace flotilla::models {

/// Bytes that each GPU of a replica sends for each token of its attention rank:
///   all-reduce over r ranks, as a ring: 2 (r - 1) / r of the activations, hidden * 2 bytes (Thakur, Rabenseifner,
///   Gropp 2005); under tensor parallelism one after attention and one after the MLP of every layer; experts over r
///   ranks: activations travel to top-k experts and back, of which (r - 1) / r live elsewhere, shared by the ranks of
///   the tensor-parallel group.
Bytes collective_bytes_per_token(const Deployment&);

}  // namespace flotilla::models
