#include "sim/engine/hand_off.hpp"

#include <algorithm>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::sim {

topologies::RateLimit rate_limit(const topologies::Fleet& fleet, const Seat& seat, topologies::VertexId gpu) {
  return {gpu, topologies::nic_bandwidth(fleet, gpu) * seat.deployment->engine.kv_transfer_efficiency.get()};
}

HandOff::HandOff(const topologies::Fleet& fleet, Transfers& transfers, Router& router, Gateway& gateway,
                 RequestPool& pool, Clock& clock, Recorder& recorder)
    : fleet_(fleet),
      transfers_(transfers),
      router_(router),
      gateway_(gateway),
      pool_(pool),
      clock_(clock),
      recorder_(recorder),
      slot_(clock.add_slot([this](double now) { on_event(now); })) {}

void HandOff::add_prefill(Replica& replica, Seat seat) {
  replica.on_prefilled([this](RequestHandle handle) {
    prefilled_.push_back(handle);
    clock_.schedule(slot_, clock_.now());
  });
  sources_.push_back({&replica, std::move(seat)});
}

void HandOff::add_decode(Replica& replica, Seat seat) {
  const std::size_t target = targets_.size();
  replica.on_finished([this](RequestHandle handle) { finished(handle); });
  replica.on_room([this, target] {
    if (!targets_[target].queue.empty()) look_at(target);
  });
  targets_.push_back({&replica, std::move(seat), {}, false});
  loads_.emplace_back();
}

void HandOff::start() { router_.start(targets_.size()); }

/// After the events of this instant that came before: a replica that has made room has planned its step by then.
void HandOff::look_at(std::size_t target) {
  if (std::exchange(targets_[target].to_look_at, true)) return;
  to_look_at_.push_back(target);
  clock_.schedule(slot_, clock_.now());
}

void HandOff::on_event(double now) {
  for (const RequestHandle handle : std::exchange(prefilled_, {})) choose(handle);
  for (const std::size_t target : std::exchange(to_look_at_, {})) {
    targets_[target].to_look_at = false;
    pull(targets_[target], now);
  }
}

void HandOff::choose(RequestHandle handle) {
  const std::size_t target = router_.pick(loads_);
  pool_[handle].decode_replica = static_cast<std::int32_t>(target);
  ++loads_[target].outstanding;
  router_.changed(target, loads_[target]);
  targets_[target].queue.push_back(handle);
  look_at(target);
}

void HandOff::pull(Target& target, double now) {
  while (!target.queue.empty() && target.replica->has_room_for(target.queue.front(), now)) {
    const RequestHandle handle = target.queue.front();
    target.queue.pop_front();
    target.replica->expect(handle, now);
    begin(handle, target, now);
  }
}

const std::vector<KvShard>& HandOff::shards(const Seat& from, const Seat& to) {
  for (const Path& path : paths_) {
    if (path.from == from.deployment && path.to == to.deployment) return path.shards;
  }
  paths_.push_back({from.deployment, to.deployment, kv_shards(*from.deployment, *to.deployment)});
  return paths_.back().shards;
}

void HandOff::begin(RequestHandle handle, const Target& target, double now) {
  const Request& r = pool_[handle];
  const Seat& from = sources_[static_cast<std::size_t>(r.replica)].seat;
  const double fixed = from.deployment->engine.kv_transfer_overhead.get().value();
  fill_flows(r, from, target.seat);
  note_lone_time(fixed);
  ++facts_.count;
  facts_.wait_sum += now - r.prefilled;
  moving_.push_back(handle);
  transfers_.send(now, fixed, flows_, [this, handle, now](double then) { arrived(handle, now, then); });
}

void HandOff::fill_flows(const Request& r, const Seat& from, const Seat& to) {
  // Whole blocks move.
  const int block = from.deployment->block_size;
  const double tokens = static_cast<double>((r.input_tokens + block - 1) / block) * block;
  const auto gpu = [&](const Seat& seat, int index) {
    const auto rank = static_cast<int>(r.id % seat.deployment->data_parallel_size);
    return seat.gpus[static_cast<std::size_t>(gpu_of_rank(*seat.deployment, rank, index))];
  };
  flows_.clear();
  for (const KvShard& shard : shards(from, to)) {
    Flow flow{gpu(from, shard.from), gpu(to, shard.to), shard.bytes_per_token * tokens, 0};
    if (topologies::facts(fleet_, topologies::route(fleet_, flow.from, flow.to)).crosses_fabric)
      flow.rate = rate_limit(fleet_, from, flow.from).rate.value();
    facts_.bytes += flow.bytes;
    flows_.push_back(flow);
  }
}

/// No flow is faster than its own limit, and none of the links carries more than its bandwidth.
void HandOff::note_lone_time(double fixed) {
  double longest = 0, latency = 0;
  std::size_t limit = HandOffFacts::kLimits - 1;
  const auto consider = [&](double time, std::size_t what) {
    if (time <= longest) return;
    longest = time;
    limit = what;
  };
  carried_.clear();
  for (const Flow& flow : flows_) {
    const auto hops = topologies::route(fleet_, flow.from, flow.to);
    latency = std::max(latency, topologies::facts(fleet_, hops).latency.value());
    if (flow.rate > 0) consider(flow.bytes / flow.rate, HandOffFacts::kLimits - 1);
    for (const topologies::Hop& hop : hops) {
      const topologies::Link& link = fleet_.links[hop.link];
      const double bytes = carried_[2 * hop.link + (hop.reversed ? 1 : 0)] += flow.bytes;
      consider(bytes / link.bandwidth.value(), static_cast<std::size_t>(link.kind));
    }
  }
  facts_.lone_sum += fixed + latency + longest;
  ++facts_.limited_by[limit];
}

void HandOff::arrived(RequestHandle handle, double began, double now) {
  moving_.erase(std::find(moving_.begin(), moving_.end(), handle));
  facts_.times.add(now - began);
  const Request& r = pool_[handle];
  const auto source = static_cast<std::size_t>(r.replica);
  sources_[source].replica->release_held(handle, now);
  gateway_.left(source);
  targets_[static_cast<std::size_t>(r.decode_replica)].replica->receive(handle, now);
}

void HandOff::finished(RequestHandle handle) {
  const auto target = static_cast<std::size_t>(pool_[handle].decode_replica);
  --loads_[target].outstanding;
  router_.changed(target, loads_[target]);
  gateway_.finished(handle);
}

void HandOff::close() {
  const auto unfinished = [this](RequestHandle handle) { recorder_.unfinished(pool_[handle]); };
  for (const RequestHandle handle : prefilled_) unfinished(handle);
  for (const Target& target : targets_) std::for_each(target.queue.begin(), target.queue.end(), unfinished);
  std::for_each(moving_.begin(), moving_.end(), unfinished);
}

}  // namespace flotilla::sim
