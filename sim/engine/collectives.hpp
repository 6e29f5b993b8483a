// The collectives inside one replica as flows: what its GPUs send each other in a step competes for NVLink ports, NICs
// and spines with everybody else's.
//
// All collectives of a step are taken together: one flow for each GPU and each GPU that it sends to, all of which begin
// when the step's other work, and the latencies of its calls, are over. How fast each may be follows from what the
// calibrated operators say (models/operators/): if nobody disturbs them, the flows of a step arrive when its
// communication would have been over without flows.
//
// - all-reduce: a ring in the order of ranks, whose neighbours on different nodes share a rail where they can;
// - exchange of experts: each rank to each other rank of its stage;
// - pipeline: each GPU to the one in its place in the next stage.
//
// Where an operator is faster than its ring, the links could not carry what the ring moves in that time: NVSwitches add
// up inside (half of a ring's bytes), or engines beat their kernels' tables. There a flow has only the bytes that its
// links carry. Small all-reduces are done by a one-shot kernel, which moves more than a ring and takes longer: their
// flows have the ring's bytes, at a lower rate. Flows over the fabric of which the operator does not know (pipeline
// stages on different nodes, replicas placed unlike their group's first) keep their bytes and may take longer.
#pragma once

#include <vector>

#include "models/collective_bytes.hpp"
#include "sim/engine/seat.hpp"
#include "sim/engine/transfers.hpp"

namespace flotilla::sim {

/// One GPU of a replica that sends to another, and in what.
struct CollectivePair {
  topologies::VertexId from = topologies::kNone;
  topologies::VertexId to = topologies::kNone;
  bool tensor_ring = false;
  bool stage_ring = false;
  bool exchange = false;
  bool next_stage = false;
};
/// In the order of ranks, each pair once; none for a replica of one GPU. Throws std::invalid_argument where GPUs cannot
/// reach each other.
std::vector<CollectivePair> collective_pairs(const topologies::Fleet& fleet, const Seat& seat);

class Collectives {
 public:
  /// `valves`: the first of the platform's that are its own, one for each of collective_pairs().
  Collectives(const topologies::Fleet& fleet, Transfers& transfers, const Seat& seat, std::size_t valves);

  /// How many valves those are.
  [[nodiscard]] std::size_t pairs() const { return ways_.size(); }

  /// Those of one step. Bytes begin to move at `date` and have arrived `seconds` later, or when the network lets them.
  void send(double date, double seconds, const models::CollectiveLoad& load, Transfers::Arrived arrived);

 private:
  /// A link in one direction, among those that the replica uses.
  struct Port {
    double bandwidth = 0;  ///< bytes/s
    double bytes = 0;      ///< of the step
  };
  struct Way {
    CollectivePair pair;
    bool may_be_cut = false;
    std::vector<std::size_t> ports;
  };
  [[nodiscard]] double bytes_of(const CollectivePair& pair, const models::CollectiveLoad& load) const;

  Transfers& transfers_;
  std::size_t valves_;
  double peers_;  ///< of a rank in an exchange
  std::vector<Way> ways_;
  std::vector<Port> ports_;
  std::vector<Flow> flows_;
};

}  // namespace flotilla::sim
