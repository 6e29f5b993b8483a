// What collectives put on the wires. Their time is another matter (operators/all_reduce.hpp,
// operators/expert_exchange.hpp).
#pragma once

#include "models/deployment.hpp"

namespace flotilla::models {

/// Bytes that each GPU of a replica sends for each token of its attention rank:
///   all-reduce over r ranks, as a ring: 2 (r - 1) / r of the activations, hidden * 2 bytes (Thakur, Rabenseifner,
///   Gropp 2005); under tensor parallelism one after attention and one after the MLP of every layer; experts over r
///   ranks: activations travel to top-k experts and back, of which (r - 1) / r live elsewhere, shared by the ranks of
///   the tensor-parallel group.
Bytes collective_bytes_per_token(const Deployment&);

/// What each GPU of a replica sends in the collectives of a step, by whom it sends to, and the part of their time in
/// which no byte moves: what empty messages would take.
struct CollectiveLoad {
  double latency = 0;      ///< seconds, in CauseTimes::communication
  double tensor_ring = 0;  ///< bytes to its neighbour in the ring of its tensor-parallel group
  double stage_ring = 0;   ///< bytes to its neighbour in the ring of all ranks of its stage
  double exchange = 0;     ///< bytes to all other ranks of its stage together, evenly
  double next_stage = 0;   ///< bytes to the GPU in its place in the next stage

  CollectiveLoad& operator+=(const CollectiveLoad& o) {
    latency += o.latency;
    tensor_ring += o.tensor_ring;
    stage_ring += o.stage_ring;
    exchange += o.exchange;
    next_stage += o.next_stage;
    return *this;
  }
  friend CollectiveLoad operator*(CollectiveLoad l, double f) {
    return {l.latency * f, l.tensor_ring * f, l.stage_ring * f, l.exchange * f, l.next_stage * f};
  }
};

/// The bytes of all layers, where `rank_tokens` of a micro-batch pass through an attention rank and `group_tokens`
/// through all ranks that share experts; every stage has as many micro-batches under way as there are stages. An
/// all-reduce counts as a ring, whatever kernel does it. Tokens travel as expert_exchange_time has them: once to each
/// other rank that holds one of their experts, shared by the tensor-parallel group. The latency is not filled in.
CollectiveLoad collective_load(const Deployment&, double rank_tokens, double group_tokens);

}  // namespace flotilla::models
