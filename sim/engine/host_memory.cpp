#include "sim/engine/host_memory.hpp"

#include "sim/engine/kv_shards.hpp"

namespace flotilla::sim {

topologies::VertexId host_of(const topologies::Fleet& fleet, topologies::VertexId gpu) {
  const topologies::Node& node = fleet.nodes[fleet.node_of_vertex[gpu]];
  return node.first_vertex + node.shape->first_cpu() + node.shape->numa[gpu - node.first_vertex];
}

/// A token's KV lies on one attention rank; which one is not told apart here: its bytes count on the first.
HostMemory::HostMemory(const topologies::Fleet& fleet, Transfers& transfers, const Seat& seat,
                       topologies::VertexId storage)
    : transfers_(transfers), storage_(storage) {
  for (const KvShard& shard : kv_shards(*seat.deployment, *seat.deployment)) {
    const topologies::VertexId gpu = seat.gpus[static_cast<std::size_t>(gpu_of_rank(*seat.deployment, 0, shard.to))];
    shares_.push_back({gpu, host_of(fleet, gpu), shard.bytes_per_token});
  }
}

void HostMemory::add(topologies::VertexId from, topologies::VertexId to, double bytes) {
  if (bytes <= 0) return;
  Flow flow{from, to, bytes};
  flow.kv = false;
  flows_.push_back(flow);
}

void HostMemory::move(double now, std::int64_t tokens_out, std::int64_t tokens_in, Transfers::Arrived arrived) {
  flows_.clear();
  for (const Share& share : shares_) {
    add(share.gpu, share.cpu, share.bytes_per_token * static_cast<double>(tokens_out));
    add(share.cpu, share.gpu, share.bytes_per_token * static_cast<double>(tokens_in));
  }
  transfers_.send(now, 0, flows_, std::move(arrived));
}

void HostMemory::store(double now, std::int64_t to_host, std::int64_t to_storage, Transfers::Arrived arrived) {
  flows_.clear();
  for (const Share& share : shares_) {
    add(share.gpu, share.cpu, share.bytes_per_token * static_cast<double>(to_host));
    if (storage_ != topologies::kNone)
      add(share.gpu, storage_, share.bytes_per_token * static_cast<double>(to_storage));
  }
  transfers_.send(now, 0, flows_, std::move(arrived));
}

void HostMemory::fetch(double now, std::int64_t from_host, std::int64_t from_storage, Transfers::Arrived arrived) {
  flows_.clear();
  for (const Share& share : shares_) {
    add(share.cpu, share.gpu, share.bytes_per_token * static_cast<double>(from_host));
    if (storage_ != topologies::kNone)
      add(storage_, share.gpu, share.bytes_per_token * static_cast<double>(from_storage));
  }
  transfers_.send(now, 0, flows_, std::move(arrived));
}

}  // namespace flotilla::sim
