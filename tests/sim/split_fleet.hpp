// Prefill and decode replicas, each on a node of its own, with KV moving between them over a fabric.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "models/llm.hpp"
#include "sim/engine/hand_off.hpp"
#include "topologies/platform.hpp"

namespace flotilla::sim {

/// What stands between the two sides of a split fleet. Made in two parts, because a replica's slot follows from when it
/// is made: all prefill replicas, then this, then the decode replicas.
class SplitFleet {
 public:
  /// `nodes` HGX H100 nodes, each holding one replica on its first GPUs. Every leaf has two nodes, so that the third
  /// reaches the first over the spine.
  SplitFleet(int nodes, int tensor_parallel_size, const KvSending& sending) : sending_(sending) {
    auto fabric = topologies::load_fabric("ib-ndr-rail");
    fabric.leaf_ports.value = 4;
    fleet_ = topologies::build_fleet({{"p", topologies::load_system("hgx-h100"), 8 * nodes}}, fabric);
    deployment_.llm = models::load_llm("llama-3.1-8b");
    deployment_.kv_cache = models::NumberFormat::kFp8;
    deployment_.tensor_parallel_size = tensor_parallel_size;
    std::vector<topologies::RateLimit> limits;
    for (int node = 0; node < nodes; ++node) {
      const Seat s = seat(node);
      for (const auto gpu : s.gpus) limits.push_back(rate_limit(fleet_, sending, gpu));
    }
    platform_ = topologies::make_platform(fleet_, limits);
  }

  [[nodiscard]] Seat seat(int node) const {
    Seat s{&deployment_, {}};
    for (int gpu = 0; gpu < deployment_.tensor_parallel_size; ++gpu)
      s.gpus.push_back(fleet_.gpus[static_cast<std::size_t>(8 * node + gpu)].vertex);
    return s;
  }

  void begin(Clock& clock) { transfers_ = std::make_unique<Transfers>(fleet_, platform_, clock); }

  void connect(Gateway& gateway, RequestPool& pool, Clock& clock, Recorder& recorder, const std::string& router) {
    router_ = make_router(router, 2);
    begin(clock);
    hand_off_ = std::make_unique<HandOff>(fleet_, *transfers_, *router_, gateway, pool, clock, recorder);
    gateway.divert([this](RequestHandle handle) { return hand_off_->takes(handle); });
    gateway.on_abandoned([this](RequestHandle handle, double now) { return hand_off_->abandon(handle, now); });
  }

  void add_prefill(Replica& replica, int node) { hand_off_->add_prefill(replica, seat(node), sending_); }

  [[nodiscard]] HandOff& hand_off() { return *hand_off_; }
  [[nodiscard]] Transfers& transfers() { return *transfers_; }
  [[nodiscard]] const topologies::Fleet& fleet() const { return fleet_; }

 private:
  topologies::Fleet fleet_;
  models::Deployment deployment_;
  KvSending sending_;
  topologies::Platform platform_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<Transfers> transfers_;
  std::unique_ptr<HandOff> hand_off_;
};

}  // namespace flotilla::sim
