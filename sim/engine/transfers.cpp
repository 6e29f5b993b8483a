#include "sim/engine/transfers.hpp"

#include <algorithm>
#include <cmath>
#include <simgrid/s4u.hpp>
#include <utility>

#include "topologies/route.hpp"

namespace flotilla::sim {

namespace sg4 = simgrid::s4u;

namespace {

std::size_t pool_of(const topologies::Fleet& fleet, topologies::VertexId part) {
  return fleet.nodes[fleet.node_of_vertex[part]].pool;
}

}  // namespace

struct Transfers::Job {
  Flow flow;
  std::size_t group = 0;
  std::vector<topologies::Hop> hops;
  std::size_t from_pool = 0, to_pool = 0;
  double left = 0;            ///< bytes that the meter has not seen move
  std::size_t moving_at = 0;  ///< its place in moving_
  sg4::CommPtr comm;
};

struct Transfers::Group {
  int flows = 0;  ///< not yet there
  Arrived arrived;
};

/// The actors. Each waits for flows of one group that began together, and then is idle until there are others: a
/// collective may have a thousand flows, and an actor has a stack.
struct Transfers::Movers {
  struct Mover {
    sg4::ActorPtr actor;
    std::vector<std::size_t> jobs;
    bool idle = false;
  };
  std::vector<std::unique_ptr<Mover>> all;
  std::vector<Mover*> idle;
};

Transfers::Transfers(const topologies::Fleet& fleet, const topologies::Platform& platform, Clock& clock,
                     Timeline* timeline)
    : fleet_(fleet),
      platform_(platform),
      clock_(clock),
      meter_(fleet.links.size()),
      timeline_(timeline),
      sent_(fleet.pools.size()),
      received_(fleet.pools.size()),
      movers_(std::make_unique<Movers>()) {
  clock.on_end([this] {
    measure();
    for (const auto& mover : movers_->all) mover->actor->kill();
  });
}

Transfers::~Transfers() = default;

void Transfers::start() {
  slot_ = clock_.add_slot([this](double now) { on_event(now); });
}

std::size_t Transfers::new_job() {
  if (free_jobs_.empty()) {
    jobs_.push_back(std::make_unique<Job>());
    return jobs_.size() - 1;
  }
  const std::size_t job = free_jobs_.back();
  free_jobs_.pop_back();
  return job;
}

std::size_t Transfers::new_group(std::size_t flows, Arrived arrived) {
  if (free_groups_.empty()) {
    free_groups_.push_back(groups_.size());
    groups_.emplace_back();
  }
  const std::size_t group = free_groups_.back();
  free_groups_.pop_back();
  groups_[group] = {static_cast<int>(flows), std::move(arrived)};
  return group;
}

void Transfers::add(const Flow& flow, std::size_t group, double date, bool waits_for_latency) {
  const std::size_t index = new_job();
  Job& job = *jobs_[index];
  job.flow = flow;
  job.flow.bytes = std::ceil(flow.bytes);  // SimGrid counts whole bytes
  job.group = group;
  job.hops = topologies::route(fleet_, flow.from, flow.to);
  job.left = job.flow.bytes;
  job.from_pool = pool_of(fleet_, flow.from);
  job.to_pool = pool_of(fleet_, flow.to);
  bytes_sent_ += job.flow.bytes;
  ++under_way_;
  clock_.hold();
  const double latency = waits_for_latency ? topologies::facts(fleet_, job.hops).latency.value() : 0;
  starts_.push({date + latency, order_++, index});
}

void Transfers::send(double now, double fixed, std::span<const Flow> flows, Arrived arrived) {
  const std::size_t group = new_group(flows.size(), std::move(arrived));
  for (const Flow& flow : flows) add(flow, group, now + fixed, true);
  schedule_next(now);
}

void Transfers::send_at(double date, std::span<const Flow> flows, Arrived arrived) {
  const std::size_t group = new_group(flows.size(), std::move(arrived));
  for (const Flow& flow : flows) add(flow, group, date, false);
  schedule_next(clock_.now());
}

void Transfers::on_event(double now) {
  for (const std::size_t index : ended_) stop_moving(index);
  if (now >= second_ends_) measure();
  tell_ended();
  while (!starts_.empty() && starts_.top().date <= now) begin_together(now);
  tell_ended();
  schedule_next(now);
}

/// The next flows to begin, as far as they are of one group.
void Transfers::begin_together(double now) {
  const std::size_t group = jobs_[starts_.top().job]->group;
  std::vector<std::size_t> begun;
  while (!starts_.empty() && starts_.top().date <= now && jobs_[starts_.top().job]->group == group) {
    const std::size_t job = starts_.top().job;
    starts_.pop();
    if (begin(job)) {
      begun.push_back(job);
    } else {
      ended_.push_back(job);
    }
  }
  if (!begun.empty()) wait_for(std::move(begun));
}

void Transfers::tell_ended() {
  for (const std::size_t index : std::exchange(ended_, {})) ended(index);
}

/// False where nothing moves.
bool Transfers::begin(std::size_t index) {
  Job& job = *jobs_[index];
  if (job.hops.empty() || job.flow.bytes <= 0) return false;
  job.moving_at = moving_.size();
  moving_.push_back(index);
  const Bytes bytes(job.flow.bytes);
  const BytesPerSecond rate(job.flow.rate);
  job.comm = job.flow.valve ? platform_.start(job.flow.from, job.flow.to, bytes, {*job.flow.valve, rate})
                            : platform_.start(job.flow.from, job.flow.to, bytes, rate);
  return true;
}

void Transfers::wait_for(std::vector<std::size_t> jobs) {
  if (movers_->idle.empty()) {
    movers_->all.push_back(std::make_unique<Movers::Mover>());
    Movers::Mover* mover = movers_->all.back().get();
    auto* host = platform_.host_of(jobs_[jobs.front()]->flow.from);
    mover->jobs = std::move(jobs);
    mover->actor = sg4::Actor::create("mover", host, [this, mover] {
      for (;;) {
        carry(mover->jobs);
        movers_->idle.push_back(mover);
        mover->idle = true;
        while (mover->idle) sg4::this_actor::suspend();
      }
    });
    return;
  }
  Movers::Mover* mover = movers_->idle.back();
  movers_->idle.pop_back();
  mover->jobs = std::move(jobs);
  mover->idle = false;
  mover->actor->resume();
}

/// Inside an actor. Those that end before the ones in front of them are told with these.
void Transfers::carry(const std::vector<std::size_t>& jobs) {
  for (const std::size_t index : jobs) {
    jobs_[index]->comm->wait();
    jobs_[index]->comm = nullptr;
    ended_.push_back(index);
  }
  clock_.schedule(slot_, sg4::Engine::get_clock());
}

/// Its bytes are there.
void Transfers::stop_moving(std::size_t index) {
  Job& job = *jobs_[index];
  moved(job, job.left);
  jobs_[moving_.back()]->moving_at = job.moving_at;
  moving_[job.moving_at] = moving_.back();
  moving_.pop_back();
}

void Transfers::ended(std::size_t index) {
  const Job& job = *jobs_[index];
  const std::size_t group = job.group;
  bytes_delivered_ += job.flow.bytes;
  --under_way_;
  clock_.release();
  free_jobs_.push_back(index);
  if (--groups_[group].flows > 0) return;
  const Arrived arrived = std::exchange(groups_[group].arrived, {});
  free_groups_.push_back(group);
  arrived(clock_.now());
}

void Transfers::moved(const Job& job, double bytes) {
  constexpr std::size_t kLastBit = 63;  // shared by all pools beyond
  const std::size_t from = job.from_pool, to = job.to_pool;
  if (job.flow.kv) {
    sent_[from] += bytes;
    received_[to] += bytes;
  }
  meter_.moved(job.hops, bytes, 1ULL << std::min(from, kLastBit) | 1ULL << std::min(to, kLastBit));
}

/// The second, or what of it there was.
void Transfers::tell_timeline() {
  const double from = std::max(0.0, second_ends_ - 1);
  const double to = std::min(second_ends_, clock_.now());
  const double length = to - from;
  if (!(length > 0)) return meter_.close_second();
  std::vector<double> busiest(sent_.size());
  meter_.close_second([&](topologies::LinkId link, double bytes, std::uint64_t pools) {
    const double use = bytes / (fleet_.links[link].bandwidth.value() * length);
    for (std::size_t pool = 0; pool < busiest.size(); ++pool)
      if ((pools >> std::min<std::size_t>(pool, 63) & 1) != 0) busiest[pool] = std::max(busiest[pool], use);
  });
  for (std::size_t pool = 0; pool < busiest.size(); ++pool) {
    if (busiest[pool] == 0 || pool >= timeline_->pools()) continue;  // storage is none of the scenario's
    timeline_->level(pool, Measure::kKvSent, from, to, std::exchange(sent_[pool], 0) / length);
    timeline_->level(pool, Measure::kKvReceived, from, to, std::exchange(received_[pool], 0) / length);
    timeline_->level(pool, Measure::kBusiestLink, from, to, std::min(1.0, busiest[pool]));
  }
}

/// What has moved since the last time, and a new second.
void Transfers::measure() {
  for (const std::size_t index : moving_) {
    Job& job = *jobs_[index];
    if (job.comm == nullptr) continue;  // has ended
    const double left = job.comm->get_remaining();
    moved(job, job.left - left);
    job.left = left;
  }
  if (timeline_ != nullptr) {
    tell_timeline();
  } else {
    meter_.close_second();
  }
  second_ends_ = std::floor(clock_.now()) + 1;
}

void Transfers::schedule_next(double now) {
  double next = std::numeric_limits<double>::infinity();
  if (!ended_.empty()) next = now;
  if (!starts_.empty()) next = std::min(next, std::max(now, starts_.top().date));
  if (!moving_.empty()) next = std::min(next, second_ends_);
  if (std::isfinite(next)) clock_.schedule(slot_, next);
}

std::vector<LinkFacts> Transfers::link_facts() { return meter_.facts(); }

}  // namespace flotilla::sim
