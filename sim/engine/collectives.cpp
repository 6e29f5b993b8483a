#include "sim/engine/collectives.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::sim {

namespace {

using topologies::VertexId;

//   node 0:   0 - 1 - 2 - 3        In every second NVLink domain backwards: a ring leaves a node by the rail by which
//             |           |        it reaches the next.
//   node 1:   7 - 6 - 5 - 4
std::vector<VertexId> in_ring_order(const topologies::Fleet& fleet, std::vector<VertexId> gpus) {
  const auto domain = [&](VertexId gpu) { return fleet.nodes[fleet.node_of_vertex[gpu]].domain; };
  bool backwards = false;
  for (auto begin = gpus.begin(); begin != gpus.end();) {
    const auto end = std::find_if(begin, gpus.end(), [&](VertexId gpu) { return domain(gpu) != domain(*begin); });
    if (std::exchange(backwards, !backwards)) std::reverse(begin, end);
    begin = end;
  }
  return gpus;
}

/// Pairs in the order in which they are first named.
class Pairs {
 public:
  CollectivePair& operator()(VertexId from, VertexId to) {
    const auto [place, made] = index_.try_emplace({from, to}, pairs_.size());
    if (made) pairs_.push_back({from, to});
    return pairs_[place->second];
  }
  void ring(const topologies::Fleet& fleet, const std::vector<VertexId>& gpus, bool CollectivePair::*kind) {
    if (gpus.size() < 2) return;
    const std::vector<VertexId> ring = in_ring_order(fleet, gpus);
    for (std::size_t i = 0; i < ring.size(); ++i) (*this)(ring[i], ring[(i + 1) % ring.size()]).*kind = true;
  }
  [[nodiscard]] std::vector<CollectivePair> take() { return std::move(pairs_); }

 private:
  std::vector<CollectivePair> pairs_;
  std::map<std::pair<VertexId, VertexId>, std::size_t> index_;
};

}  // namespace

std::vector<CollectivePair> collective_pairs(const topologies::Fleet& fleet, const Seat& seat) {
  const models::Deployment& d = *seat.deployment;
  const auto tp = static_cast<std::ptrdiff_t>(d.tensor_parallel_size);
  const auto ranks = static_cast<std::ptrdiff_t>(d.expert_ranks());
  Pairs pairs;
  for (auto stage = seat.gpus.begin(); stage != seat.gpus.end(); stage += ranks) {
    for (auto rank = stage; rank != stage + ranks; rank += tp)
      pairs.ring(fleet, {rank, rank + tp}, &CollectivePair::tensor_ring);
    if (d.data_parallel_size > 1 && d.engine.gathers_for_experts.get()) {
      pairs.ring(fleet, {stage, stage + ranks}, &CollectivePair::stage_ring);
    } else if (d.data_parallel_size > 1) {
      for (auto from = stage; from != stage + ranks; ++from) {
        for (auto to = stage; to != stage + ranks; ++to)
          if (from != to) pairs(*from, *to).exchange = true;
      }
    }
    if (stage + ranks == seat.gpus.end()) continue;
    for (auto from = stage; from != stage + ranks; ++from) pairs(*from, *(from + ranks)).next_stage = true;
  }
  return pairs.take();
}

Collectives::Collectives(const topologies::Fleet& fleet, Transfers& transfers, const Seat& seat, std::size_t valves)
    : transfers_(transfers), valves_(valves), peers_(seat.deployment->expert_ranks() - 1) {
  std::map<std::pair<topologies::LinkId, bool>, std::size_t> known;
  for (const CollectivePair& pair : collective_pairs(fleet, seat)) {
    const std::vector<topologies::Hop> hops = topologies::route(fleet, pair.from, pair.to);
    const bool crosses = topologies::facts(fleet, hops).crosses_fabric;
    Way way{pair, !crosses || seat.deployment->links.crosses_fabric, {}};
    for (const topologies::Hop& hop : hops) {
      const auto [place, made] = known.try_emplace({hop.link, hop.reversed}, ports_.size());
      if (made) ports_.push_back({fleet.links[hop.link].bandwidth.value()});
      way.ports.push_back(place->second);
    }
    ways_.push_back(std::move(way));
  }
}

double Collectives::bytes_of(const CollectivePair& pair, const models::CollectiveLoad& load) const {
  return (pair.tensor_ring ? load.tensor_ring : 0) + (pair.stage_ring ? load.stage_ring : 0) +
         (pair.exchange ? load.exchange / peers_ : 0) + (pair.next_stage ? load.next_stage : 0);
}

void Collectives::send(double date, double seconds, const models::CollectiveLoad& load, Transfers::Arrived arrived) {
  for (Port& port : ports_) port.bytes = 0;
  for (const Way& way : ways_) {
    const double bytes = bytes_of(way.pair, load);
    for (const std::size_t port : way.ports) ports_[port].bytes += bytes;
  }
  flows_.clear();
  for (const Way& way : ways_) {
    const double bytes = bytes_of(way.pair, load);
    double most = 1;  // of its bytes, in that time
    if (way.may_be_cut) {
      for (const std::size_t port : way.ports)
        most = std::min(most, ports_[port].bandwidth * seconds / std::max(ports_[port].bytes, 1.0));
    }
    Flow flow{way.pair.from, way.pair.to, std::ceil(bytes * most), 0, {}, false};
    if (seconds > 0) {  // else its links alone set the rate
      flow.rate = flow.bytes / seconds;
      flow.valve = valves_ + flows_.size();
    }
    flows_.push_back(flow);
  }
  transfers_.send_at(date, flows_, std::move(arrived));
}

}  // namespace flotilla::sim
