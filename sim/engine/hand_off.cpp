#include "sim/engine/hand_off.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::sim {

topologies::RateLimit rate_limit(const topologies::Fleet& fleet, const KvSending& sending, topologies::VertexId gpu) {
  return {gpu, topologies::nic_bandwidth(fleet, gpu) * sending.efficiency};
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

void HandOff::add_prefill(Replica& replica, Seat seat, const KvSending& sending) {
  replica.on_prefilled([this](RequestHandle handle) { prefilled(handle, clock_.now()); });
  if (sending.overlap != KvOverlap::kNone) {
    replica.on_chunk([this](RequestHandle handle, std::int32_t tokens, double seconds) {
      chunk_begins(handle, tokens, clock_.now(), seconds);
    });
  }
  sources_.push_back({&replica, std::move(seat), sending});
}

void HandOff::add_decode(Replica& replica, Seat seat, const Serves& serves) {
  const std::size_t target = targets_.size();
  replica.on_finished([this](RequestHandle handle) { finished(handle); });
  replica.on_room([this, target] {
    if (!targets_[target].queue.empty()) look_at(target);
  });
  targets_.push_back({&replica, std::move(seat), {}, false});
  loads_.emplace_back();
  loads_.back().serves = serves;
  loads_.back().max_num_seqs = replica.spec().max_num_seqs;
  ++open_;
}

void HandOff::start() {
  router_.start(targets_.size());
  for (std::size_t i = 0; i < loads_.size(); ++i) router_.changed(i, loads_[i]);
}

/// After the events of this instant that came before: a replica that has made room has planned its step by then.
void HandOff::look_at(std::size_t target) {
  if (std::exchange(targets_[target].to_look_at, true)) return;
  to_look_at_.push_back(target);
  clock_.schedule(slot_, clock_.now());
}

void HandOff::on_event(double now) {
  for (const RequestHandle handle : std::exchange(to_choose_, {})) {
    if (finds_open(handle)) {
      choose(handle);
    } else {
      to_choose_.push_back(handle);
    }
  }
  for (const std::size_t target : std::exchange(to_look_at_, {})) {
    targets_[target].to_look_at = false;
    serve(targets_[target], now);
  }
}

bool HandOff::takes(RequestHandle handle) {
  const Request& r = pool_[handle];
  // One token is made by prefill: there is nothing to decode.
  if (!sources_[static_cast<std::size_t>(r.replica)].sending.push || r.output_tokens == r.carried + 1) return false;
  to_choose_.push_back(handle);
  clock_.schedule(slot_, clock_.now());
  return true;
}

RoutedRequest HandOff::routed(RequestHandle handle) const {
  const Request& r = pool_[handle];
  return {r.prompt(), -1, {r.model, r.slo_class}};
}

bool HandOff::finds_open(RequestHandle handle) const {
  if (open_ == loads_.size()) return true;
  const RoutedRequest request = routed(handle);
  return std::any_of(loads_.begin(), loads_.end(),
                     [&](const ReplicaLoad& load) { return load.open && router_.may_take(load, request); });
}

std::size_t HandOff::pick(RequestHandle handle, double now) {
  for (std::size_t i = 0; i < targets_.size() && router_.looks_at() != Look::kCounts; ++i) {
    const Replica& replica = *targets_[i].replica;
    loads_[i].used_tokens = replica.used_tokens(now);
    loads_[i].kv_tokens = replica.spec().kv_tokens();
  }
  return router_.pick(loads_, routed(handle));
}

bool HandOff::send_directly(RequestHandle handle, double now, bool after_steps) {
  if (!finds_open(handle)) return false;
  Request& r = pool_[handle];
  const std::size_t target = pick(handle, now);
  r.decode_replica = static_cast<std::int32_t>(target);
  if (tells(r))
    story_->tell(now, fmt::format("its prompt is short: decode replica {}, with {} outstanding, computes it", target,
                                  loads_[target].outstanding));
  load_changed(target, 1);
  targets_[target].replica->enqueue(handle, now, after_steps);
  return true;
}

void HandOff::choose(RequestHandle handle) {
  const double now = clock_.now();
  const std::size_t target = pick(handle, now);
  pool_[handle].decode_replica = static_cast<std::int32_t>(target);
  if (tells(pool_[handle]))
    story_->tell(now,
                 fmt::format("will decode on decode replica {}, with {} outstanding and {} waiting for memory there",
                             target, loads_[target].outstanding, targets_[target].queue.size()));
  load_changed(target, 1);
  targets_[target].queue.push_back(handle);
  look_at(target);
}

/// Gives room to those who wait for it, in their order.
void HandOff::serve(Target& target, double now) {
  while (!target.queue.empty() && target.replica->has_room_for(target.queue.front(), now)) {
    const RequestHandle handle = target.queue.front();
    target.queue.pop_front();
    target.replica->expect(handle, now);
    begin(handle, now);
  }
}

/// There is room where it will decode: its KV may move, or its prefill begin.
void HandOff::begin(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  const Source& source = sources_[static_cast<std::size_t>(r.replica)];
  ++facts_.count;
  const bool ahead = source.sending.push && !r.held;
  facts_.wait_sum += now - (ahead ? r.arrival : r.prefilled);
  moving_.push_back({handle, ++tickets_});
  if (!ahead) return send_last(moving_.back(), 1, now);
  if (r.scheduled < 0) r.let_in = now;
  source.replica->enqueue(handle, now, true);
}

void HandOff::prefilled(RequestHandle handle, double now) {
  const KvSending& sending = sources_[static_cast<std::size_t>(pool_[handle].replica)].sending;
  pool_[handle].held = true;
  if (tells(pool_[handle])) story_->tell(now, "its prompt is computed; its KV has to move");
  // Where it was to be pushed, the other side may have been lost.
  if (!sending.push || moving(handle) == nullptr) {
    to_choose_.push_back(handle);
    clock_.schedule(slot_, now);
    return;
  }
  const double layers = sources_[static_cast<std::size_t>(pool_[handle].replica)].seat.deployment->llm.layers;
  Moving& m = *moving(handle);
  const bool last_layer_alone = sending.overlap == KvOverlap::kLayers && m.sent == pool_[handle].prompt();
  if (last_layer_alone) m.sent = m.chunk;
  send_last(m, last_layer_alone ? 1 / layers : 1, now);
}

/// A chunk of `tokens` is computed for so many seconds from now on.
void HandOff::chunk_begins(RequestHandle handle, std::int32_t tokens, double now, double seconds) {
  const Request& r = pool_[handle];
  const Source& source = sources_[static_cast<std::size_t>(r.replica)];
  if (moving(handle) == nullptr) return;  // its KV never moves, or not yet
  Moving& m = *moving(handle);
  const bool last = r.computed + tokens == r.prefill_target;
  const std::int32_t begin = std::min(r.computed, m.sent);  // from 0 with a cached prefix, and again after a preemption
  const std::int32_t end = r.computed + tokens;
  if (source.sending.overlap == KvOverlap::kChunks) {
    if (last) return;  // its end is that of the prompt
    send(m, begin, end, 1, seconds, now);
  } else {
    const double layers = source.seat.deployment->llm.layers;
    const double share = (layers - 1) / layers;
    fill_flows(r, share * (end - begin));
    const double late = std::max(0.0, seconds - lone_time(nullptr) - source.sending.overhead);
    send(m, begin, end, share, late, now);
    if (!last) send(m, begin, end, 1 - share, seconds, now);
    m.chunk = begin;
  }
  m.sent = end;
}

/// Part of what the KV of tokens `begin` to `end` comes to.
void HandOff::send(Moving& m, std::int32_t begin, std::int32_t end, double share, double delay, double now) {
  const Request& r = pool_[m.handle];
  const Source& source = sources_[static_cast<std::size_t>(r.replica)];
  // Whole blocks move.
  const int block = source.seat.deployment->block_size;
  if (end == r.prompt()) end = (end + block - 1) / block * block;
  fill_flows(r, share * (end - begin));
  for (const Flow& flow : flows_) facts_.bytes += flow.bytes;
  ++m.parts;
  const std::uint64_t ticket = m.ticket;
  transfers_.send(now, delay + source.sending.overhead, flows_,
                  [this, ticket](double then) { part_arrived(ticket, then); });
}

/// What is still to be sent, of which alone a hand-off's time is told.
void HandOff::send_last(Moving& m, double share, double now) {
  m.whole = true;
  m.began = now;
  send(m, m.sent, pool_[m.handle].prompt(), share, 0, now);
  std::size_t limit = HandOffFacts::kLimits - 1;
  const Request& r = pool_[m.handle];
  facts_.lone_sum += sources_[static_cast<std::size_t>(r.replica)].sending.overhead + lone_time(&limit);
  ++facts_.limited_by[limit];
}

HandOff::Moving* HandOff::moving(RequestHandle handle) {
  const auto found = std::find_if(moving_.begin(), moving_.end(), [&](const Moving& m) { return m.handle == handle; });
  return found == moving_.end() ? nullptr : &*found;
}

const std::vector<KvShard>& HandOff::shards(const Seat& from, const Seat& to) {
  for (const Path& path : paths_) {
    if (path.from == from.deployment && path.to == to.deployment) return path.shards;
  }
  paths_.push_back({from.deployment, to.deployment, kv_shards(*from.deployment, *to.deployment)});
  return paths_.back().shards;
}

void HandOff::fill_flows(const Request& r, double tokens) {
  const Source& source = sources_[static_cast<std::size_t>(r.replica)];
  const Seat& to = targets_[static_cast<std::size_t>(r.decode_replica)].seat;
  const auto gpu = [&](const Seat& seat, int index) {
    const auto rank = static_cast<int>(r.id % seat.deployment->data_parallel_size);
    return seat.gpus[static_cast<std::size_t>(gpu_of_rank(*seat.deployment, rank, index))];
  };
  flows_.clear();
  for (const KvShard& shard : shards(source.seat, to)) {
    Flow flow{gpu(source.seat, shard.from), gpu(to, shard.to), shard.bytes_per_token * tokens, 0};
    if (topologies::facts(fleet_, topologies::route(fleet_, flow.from, flow.to)).crosses_fabric)
      flow.rate = rate_limit(fleet_, source.sending, flow.from).rate.value();
    flows_.push_back(flow);
  }
}

/// Of flows_ with no others about: none is faster than its own limit, and none of the links carries more than its
/// bandwidth. `limit`: what sets the time.
double HandOff::lone_time(std::size_t* limit) {
  double longest = 0, latency = 0;
  const auto consider = [&](double time, std::size_t what) {
    if (time <= longest) return;
    longest = time;
    if (limit != nullptr) *limit = what;
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
  return latency + longest;
}

void HandOff::part_arrived(std::uint64_t ticket, double now) {
  const auto found = std::find_if(moving_.begin(), moving_.end(), [&](const Moving& m) { return m.ticket == ticket; });
  if (found == moving_.end()) return;
  Moving& m = *found;
  if (--m.parts > 0 || !m.whole) return;
  const double began = m.began;
  const RequestHandle handle = m.handle;
  m = moving_.back();
  moving_.pop_back();
  facts_.times.add(now - began);
  if (tells(pool_[handle]))
    story_->tell(now, fmt::format("the last of its KV is there, {:.1f} ms after it was sent", 1000 * (now - began)));
  Request& r = pool_[handle];
  r.held = false;
  const auto source = static_cast<std::size_t>(r.replica);
  sources_[source].replica->release_held(handle, now);
  gateway_.left(source);
  targets_[static_cast<std::size_t>(r.decode_replica)].replica->receive(handle, now);
}

void HandOff::finished(RequestHandle handle) {
  const auto target = static_cast<std::size_t>(pool_[handle].decode_replica);
  gateway_.finished(handle);
  load_changed(target, -1);
}

void HandOff::load_changed(std::size_t target, std::int64_t by) {
  loads_[target].outstanding += by;
  router_.changed(target, loads_[target]);
  if (by < 0 && empty_ && loads_[target].outstanding == 0) empty_(target);
}

void HandOff::close() {
  const auto unfinished = [this](RequestHandle handle) { recorder_.unfinished(pool_[handle]); };
  std::for_each(to_choose_.begin(), to_choose_.end(), unfinished);
  for (const Target& target : targets_) std::for_each(target.queue.begin(), target.queue.end(), unfinished);
  for (const Moving& m : moving_) {
    if (pool_[m.handle].held) unfinished(m.handle);  // before that, its prefill replica counts it
  }
}

}  // namespace flotilla::sim
