// The memory of a replica's hosts, for KV that its GPUs have no room for: each GPU's share goes to the CPU of its own
// NUMA node over PCIe or C2C, as flows that share those links with everybody else's.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/seat.hpp"
#include "sim/engine/transfers.hpp"

namespace flotilla::sim {

class HostMemory {
 public:
  /// `storage`: where else KV may be kept, over the fabric; kNone: nowhere.
  HostMemory(const topologies::Fleet& fleet, Transfers& transfers, const Seat& seat,
             topologies::VertexId storage = topologies::kNone);

  /// The KV of so many tokens goes out and of so many comes in. Calls `arrived` when all of it is there.
  void move(double now, std::int64_t tokens_out, std::int64_t tokens_in, Transfers::Arrived arrived);
  /// The KV of so many tokens goes to the host, and of so many to storage.
  void store(double now, std::int64_t to_host, std::int64_t to_storage, Transfers::Arrived arrived);
  /// And comes from there.
  void fetch(double now, std::int64_t from_host, std::int64_t from_storage, Transfers::Arrived arrived);

 private:
  struct Share {
    topologies::VertexId gpu;
    topologies::VertexId cpu;
    double bytes_per_token;
  };
  void add(topologies::VertexId from, topologies::VertexId to, double bytes);

  Transfers& transfers_;
  topologies::VertexId storage_;
  std::vector<Share> shares_;
  std::vector<Flow> flows_;
};

/// The CPU next to this GPU.
topologies::VertexId host_of(const topologies::Fleet& fleet, topologies::VertexId gpu);

}  // namespace flotilla::sim
