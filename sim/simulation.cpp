#include "sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "sim/engine/invariant.hpp"
#include "sim/life/lifecycle.hpp"
#include "sim/router/by_model.hpp"
#include "sim/workload/rng.hpp"
#include "topologies/platform.hpp"

namespace flotilla::sim {

namespace {

ReplicaSpec replica_spec(const ServingGroup& group, int index, std::shared_ptr<models::StepCost> cost,
                         const RunOptions& options) {
  ReplicaSpec spec;
  spec.frontend = cost->frontend();
  spec.cost = std::move(cost);
  spec.scheduler = make_scheduler(group.scheduler, group.limits);
  spec.kv_blocks = group.memory.kv_blocks * group.deployment.data_parallel_size;
  spec.block_size = group.deployment.block_size;
  spec.window = models::window_of(group.deployment.llm);
  spec.max_num_seqs = group.limits.max_num_seqs;
  spec.prefills_only = group.role == Role::kPrefill;
  spec.gpus = group.gpus_per_replica;
  spec.serving_group = index;
  spec.step_by_step = options.step_by_step;
  spec.pen = {options.timeline, group.pool, group.gpus_per_replica};
  spec.listener = options.listener;
  return spec;
}

/// The steps of a group under each cap that comes to hold.
std::vector<PowerState> power_states(const PoolPower& power, const std::shared_ptr<models::StepCost>& cost) {
  std::vector<PowerState> states;
  for (const PowerPeriod& period : power.periods) {
    PowerState state{period.from, cost, period.gpu.watts};
    if (!period.gpu.changes_nothing()) state.cost = std::make_shared<models::CappedSteps>(cost, period.gpu);
    states.push_back(std::move(state));
  }
  return states;
}

/// What a replica of this group can take, or, if it only prefills, it and any replica that may decode afterwards.
AdmissionLimits admission_limits(const Build& build, const ServingGroup& group) {
  AdmissionLimits limits;
  // A request lives on one attention rank.
  limits.max_model_len = group.max_model_len;
  limits.kv_tokens = limits.prompt_kv_tokens = group.memory.kv_tokens;
  limits.max_prompt = group.limits.enable_chunked_prefill ? INT64_MAX : group.deployment.max_num_batched_tokens;
  if (group.role != Role::kPrefill) return limits;
  limits.kv_tokens = INT64_MAX;
  for (const ServingGroup& other : build.groups) {
    if (other.role != Role::kDecode || !build.alike(group.serves, other.serves)) continue;
    limits.max_model_len = std::min<std::int64_t>(limits.max_model_len, other.max_model_len);
    limits.kv_tokens = std::min(limits.kv_tokens, other.memory.kv_tokens);
  }
  return limits;
}

Seat seat_of(const Build& build, const ServingGroup& group, int replica) {
  Seat seat{&group.deployment, {}};
  for (const topologies::GpuId gpu : group.placement[static_cast<std::size_t>(replica)])
    seat.gpus.push_back(build.fleet.gpus[gpu].vertex);
  return seat;
}

void add(ReplicaBooks& sum, const ReplicaBooks& b) {
  sum.busy += b.busy;
  sum.steps += b.steps;
  sum.mixed_steps += b.mixed_steps;
  sum.preemptions += b.preemptions;
  sum.output_tokens += b.output_tokens;
  sum.prefill_tokens += b.prefill_tokens;
  sum.kv_block_seconds += b.kv_block_seconds;
  sum.kv_peak_blocks += b.kv_peak_blocks;
  sum.requests += b.requests;
  sum.joules_above_idle += b.joules_above_idle;
  sum.peak_above_idle += b.peak_above_idle;
}

KvSending sending_of(const ServingGroup& group) {
  KvSending sending;
  if (group.role != Role::kPrefill) return sending;
  sending.overhead = group.kv_transfer.overhead->value();
  sending.efficiency = *group.kv_transfer.efficiency;
  sending.push = group.kv_transfer.direction == KvDirection::kPush;
  sending.overlap = group.kv_transfer.overlap;
  return sending;
}

bool has_flows(const ServingGroup& group) { return group.fidelity == Fidelity::kFlows && group.gpus_per_replica > 1; }

/// Flows that the collectives of all replicas may have at once.
std::size_t valves(const Build& build) {
  std::size_t pairs = 0;
  for (const ServingGroup& group : build.groups) {
    if (!has_flows(group)) continue;
    for (int i = 0; i < group.replicas; ++i) pairs += collective_pairs(build.fleet, seat_of(build, group, i)).size();
  }
  return pairs;
}

/// Of the KV flows that there may be.
std::vector<topologies::RateLimit> rate_limits(const Build& build) {
  std::vector<topologies::RateLimit> limits;
  for (const ServingGroup& group : build.groups) {
    if (group.role != Role::kPrefill) continue;
    for (int i = 0; i < group.replicas; ++i) {
      const Seat seat = seat_of(build, group, i);
      for (const topologies::VertexId gpu : seat.gpus)
        limits.push_back(rate_limit(build.fleet, sending_of(group), gpu));
    }
  }
  return limits;
}

/// Over the replicas that requests are sent to, or those that decode apart.
std::unique_ptr<Router> router_of(const Scenario& scenario, const Build& build, bool decode) {
  std::vector<Serves> replicas;
  for (const ServingGroup& group : build.groups)
    if ((group.role == Role::kDecode) == decode) replicas.insert(replicas.end(), group.replicas, group.serves);
  return make_router(
      scenario.router.policy, static_cast<std::uint64_t>(scenario.seed), decode ? "routing of decode" : "routing",
      {scenario.router.overlap_weight, scenario.router.temperature, scenario.router.spill}, build.models, replicas);
}

SloLimits limits_of(const SloSpec& slo) {
  const auto promised = [](const std::optional<Seconds>& limit) { return limit ? limit->value() : -1.0; };
  return {promised(slo.ttft), promised(slo.tpot), promised(slo.e2el)};
}

std::vector<SloLimits> tenants_limits(const Scenario& scenario) {
  std::vector<SloLimits> limits;
  if (!scenario.workload.tenants) return limits;
  for (const TenantSpec& tenant : *scenario.workload.tenants)
    limits.push_back(limits_of(tenant.slo.value_or(SloSpec())));
  return limits;
}

/// The replicas, and what takes KV from those that prefill to those that decode, if any do.
class Replicas {
 public:
  Replicas(const Scenario& scenario, const Build& build, const topologies::Platform& platform,
           const RunOptions& options, RequestPool& pool, Clock& clock, Recorder& recorder, Gateway& gateway,
           bool texts_are_known)
      : gateway_(gateway) {
    const auto decodes = [](const ServingGroup& group) { return group.role == Role::kDecode; };
    const bool split = std::any_of(build.groups.begin(), build.groups.end(), decodes);
    if (changes(scenario)) {
      lifecycle_ = std::make_unique<Lifecycle>(scenario, build, platform, gateway, pool, clock, recorder);
    }
    if (split || lifecycle_ != nullptr || std::any_of(build.groups.begin(), build.groups.end(), has_flows))
      transfers_ = std::make_unique<Transfers>(build.fleet, platform, clock, options.timeline);
    std::size_t valves_given = 0;
    const auto add = [&](std::size_t g, const auto& receive) {
      const ServingGroup& group = build.groups[g];
      const auto cost = std::make_shared<models::StepCost>(group.deployment);
      const std::vector<PowerState> power = power_states(build.pools[group.pool].power, cost);
      for (int i = 0; i < group.replicas; ++i) {
        ReplicaSpec spec = replica_spec(group, static_cast<int>(g), cost, options);
        spec.power = power;
        spec.cost = power.front().cost;
        spec.keeps_prefixes = group.keeps_prefixes && texts_are_known;
        spec.number = static_cast<int>(all_.size());
        if (options.listener != nullptr) options.listener->made(spec.number, spec.serving_group, spec.kv_blocks);
        Seat seat = seat_of(build, group, i);
        if (has_flows(group)) {
          collectives_.push_back(std::make_unique<Collectives>(build.fleet, *transfers_, seat, valves_given));
          valves_given += collectives_.back()->pairs();
          spec.collectives = collectives_.back().get();
        }
        all_.push_back(std::make_unique<Replica>(std::move(spec), pool, clock, recorder));
        receive(*all_.back(), std::move(seat));
      }
    };
    std::vector<std::tuple<Replica*, Seat, KvSending>> entries;
    for (std::size_t g = 0; g < build.groups.size(); ++g) {
      if (build.groups[g].role == Role::kDecode) continue;
      add(g, [&](Replica& replica, Seat seat) {
        if (lifecycle_ != nullptr) lifecycle_->add(replica, g, entries.size());
        gateway.add_replica(replica, admission_limits(build, build.groups[g]), build.groups[g].serves);
        entries.emplace_back(&replica, std::move(seat), sending_of(build.groups[g]));
      });
    }
    if (!split) {
      start();
      return;
    }
    decode_router_ = router_of(scenario, build, true);
    hand_off_ = std::make_unique<HandOff>(build.fleet, *transfers_, *decode_router_, gateway, pool, clock, recorder);
    for (auto& [replica, seat, sending] : entries) hand_off_->add_prefill(*replica, std::move(seat), sending);
    gateway.divert([this](RequestHandle handle) { return hand_off_->takes(handle); });
    std::size_t decode_replicas = 0;
    for (std::size_t g = 0; g < build.groups.size(); ++g) {
      if (!decodes(build.groups[g])) continue;
      add(g, [&](Replica& replica, Seat seat) {
        if (lifecycle_ != nullptr) lifecycle_->add(replica, g, decode_replicas++);
        hand_off_->add_decode(replica, std::move(seat), build.groups[g].serves);
      });
    }
    hand_off_->start();
    start();
  }

  /// Closes the books.
  void close(RunFacts& facts) {
    for (const auto& replica : all_) replica->close();
    gateway_.close();
    if (lifecycle_ != nullptr) {
      lifecycle_->close();
      facts.life = lifecycle_->facts();
    }
    if (hand_off_ != nullptr) {
      hand_off_->close();
      facts.hand_off = hand_off_->facts();
    }
    if (transfers_ == nullptr) return;
    facts.links = transfers_->link_facts();
    if (transfers_->under_way() > 0 || transfers_->bytes_sent() == transfers_->bytes_delivered()) return;
    throw InvariantError("bytes delivered = bytes sent",
                         fmt::format("{} != {}", transfers_->bytes_delivered(), transfers_->bytes_sent()));
  }

  /// The routers know the replicas: some of them may be closed.
  void begin() {
    if (lifecycle_ != nullptr) lifecycle_->start(hand_off_.get(), transfers_.get());
  }

  [[nodiscard]] std::vector<GroupFacts> group_facts(std::size_t groups) const;

 private:
  void start() {
    if (transfers_ != nullptr) transfers_->start();
  }

  Gateway& gateway_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::vector<std::unique_ptr<Replica>> all_;
  std::unique_ptr<Transfers> transfers_;
  std::vector<std::unique_ptr<Collectives>> collectives_;
  std::unique_ptr<Router> decode_router_;
  std::unique_ptr<HandOff> hand_off_;
};

std::vector<GroupFacts> Replicas::group_facts(std::size_t groups) const {
  std::vector<GroupFacts> facts(groups);
  for (const auto& replica : all_) {
    GroupFacts& group = facts[static_cast<std::size_t>(replica->spec().serving_group)];
    add(group.books, replica->books());
    group.kv_blocks += replica->spec().kv_blocks;
    group.peak_kv_usage = std::max(group.peak_kv_usage, static_cast<double>(replica->books().kv_peak_blocks) /
                                                            static_cast<double>(replica->spec().kv_blocks));
    ++group.replicas;
    group.gpus += replica->spec().gpus;
  }
  return facts;
}

void check_conservation(const RunFacts& f) {
  if (f.injected == f.completed + f.rejected + f.failed + f.unfinished) return;
  throw InvariantError(
      "injected = completed + rejected + failed + unfinished",
      fmt::format("{} != {} + {} + {} + {}", f.injected, f.completed, f.rejected, f.failed, f.unfinished));
}

}  // namespace

RunFacts simulate(const Scenario& scenario, const Build& build, RequestSource& source, const RunOptions& options) {
  Clock clock;
  const topologies::Platform platform = topologies::make_platform(build.fleet, rate_limits(build), valves(build));
  RequestPool pool;
  Recorder recorder(limits_of(scenario.slo), scenario.workload.warmup.value());
  recorder.keep_tenants(tenants_limits(scenario));
  recorder.on_request(options.on_request);
  const auto router = router_of(scenario, build, false);
  // A closed loop with a duration never runs out of requests: its clients stop sending.
  const double stop_sending = scenario.workload.closed_loop() && scenario.workload.duration
                                  ? scenario.workload.duration->value()
                                  : std::numeric_limits<double>::infinity();
  Gateway gateway(source, *router, scenario.workload.max_concurrency.value_or(0), stop_sending, pool, clock, recorder);
  gateway.tell_tenants(build.tenants, build.requests);
  gateway.see_late(scenario.router.staleness.value());
  gateway.cache_share(scenario.workload.prefix_cache_hit_rate.value_or(0));

  // A stated hit rate takes the place of what would be found.
  const bool texts_are_known = source.hash_block_size() > 0 && !scenario.workload.prefix_cache_hit_rate;
  Replicas replicas(scenario, build, platform, options, pool, clock, recorder, gateway, texts_are_known);

  RunFacts facts;
  clock.on_tick([&](double now) {
    if (options.on_progress) options.on_progress(now, recorder.completed);
    if (options.interrupt != nullptr && options.interrupt->load()) {
      facts.interrupted = true;
      clock.stop();
    }
  });
  gateway.start();
  replicas.begin();
  if (options.on_start) options.on_start();
  clock.run();
  replicas.close(facts);

  facts.samples = recorder.take_samples();
  facts.tenants = recorder.take_tenants();
  facts.itl = recorder.itl();
  facts.backlog = recorder.backlog();
  facts.injected = recorder.injected;
  facts.completed = recorder.completed;
  facts.rejected = recorder.rejected_count;
  facts.failed = recorder.failed_count;
  facts.unfinished = recorder.unfinished_count;
  facts.total_input_tokens = recorder.total_input_tokens;
  facts.total_cached_tokens = recorder.total_cached_tokens;
  facts.total_output_tokens = recorder.total_output_tokens;
  facts.peak_in_flight = recorder.peak_in_flight;
  facts.peak_tokens_per_second = recorder.peak_tokens_per_second();
  facts.duration = std::max(0.0, recorder.last_finish - std::max(0.0, recorder.first_arrival));
  facts.arrival_window = recorder.last_arrival - recorder.first_arrival;
  facts.events = clock.events();
  facts.refusals = gateway.refusals();
  facts.groups = replicas.group_facts(build.groups.size());
  check_conservation(facts);
  return facts;
}

}  // namespace flotilla::sim
