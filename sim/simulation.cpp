#include "sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "sim/build_scheduler.hpp"
#include "sim/engine/invariant.hpp"
#include "sim/life/lifecycle.hpp"
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
  spec.queue_order = group.queue_order;
  spec.queue_order_options.prediction_error = group.prediction_error;
  spec.host_blocks = group.host_blocks;
  spec.max_num_seqs = group.limits.max_num_seqs;
  spec.prefills_only = group.role == Role::kPrefill;
  spec.gpus = group.gpus_per_replica;
  spec.serving_group = index;
  spec.step_by_step = options.step_by_step;
  spec.pen = {options.timeline, group.pool, group.gpus_per_replica};
  spec.listener = options.listener;
  spec.story = options.story;
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
    if (other.role != Role::kDecode) continue;
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
  sum.swaps += b.swaps;
  sum.stored_tokens += b.stored_tokens;
  sum.fetched_from_host += b.fetched_from_host;
  sum.fetched_from_remote += b.fetched_from_remote;
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
    const auto swaps = [](const ServingGroup& group) {
      return group.host_blocks > 0 || group.offload_host_blocks > 0 || group.offload_storage_blocks > 0;
    };
    for (const topologies::Node& node : build.fleet.nodes)
      if (build.fleet.pools[node.pool].gpus.empty()) storage_.push_back(node.first_vertex);
    if (split || lifecycle_ != nullptr || std::any_of(build.groups.begin(), build.groups.end(), has_flows) ||
        std::any_of(build.groups.begin(), build.groups.end(), swaps))
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
        if (group.eviction == PrefixEviction::kLfu) spec.eviction = PrefixCache::Eviction::kLeastFrequentlyUsed;
        spec.number = static_cast<int>(all_.size());
        if (options.listener != nullptr) options.listener->made(spec.number, spec.serving_group, spec.kv_blocks);
        Seat seat = seat_of(build, group, i);
        if (has_flows(group)) {
          collectives_.push_back(std::make_unique<Collectives>(build.fleet, *transfers_, seat, valves_given));
          valves_given += collectives_.back()->pairs();
          spec.collectives = collectives_.back().get();
        }
        spec.speculation = group.deployment.speculation;
        spec.speculation_seed = stream_seed(static_cast<std::uint64_t>(scenario.seed), "acceptance");
        spec.queue_order_options.seed = stream_seed(static_cast<std::uint64_t>(scenario.seed), "predictions");
        if (swaps(group)) give_host(build, group, seat, i, spec);
        all_.push_back(std::make_unique<Replica>(std::move(spec), pool, clock, recorder));
        receive(*all_.back(), std::move(seat));
      }
    };
    std::vector<std::tuple<Replica*, Seat, KvSending>> entries;
    for (std::size_t g = 0; g < build.groups.size(); ++g) {
      if (build.groups[g].role == Role::kDecode) continue;
      add(g, [&](Replica& replica, Seat seat) {
        if (lifecycle_ != nullptr) lifecycle_->add(replica, g, entries.size());
        gateway.add_replica(replica, admission_limits(build, build.groups[g]));
        entries.emplace_back(&replica, std::move(seat), sending_of(build.groups[g]));
      });
    }
    if (!split) {
      start();
      return;
    }
    decode_router_ =
        make_router(scenario.router.policy, stream_seed(static_cast<std::uint64_t>(scenario.seed), "routing of decode"),
                    {scenario.router.overlap_weight, scenario.router.temperature});
    hand_off_ = std::make_unique<HandOff>(build.fleet, *transfers_, *decode_router_, gateway, pool, clock, recorder);
    if (options.story != nullptr) hand_off_->tell(*options.story);
    for (auto& [replica, seat, sending] : entries) hand_off_->add_prefill(*replica, std::move(seat), sending);
    gateway.divert([this](RequestHandle handle) { return hand_off_->takes(handle); });
    gateway.on_abandoned([this](RequestHandle handle, double now) { return hand_off_->abandon(handle, now); });
    std::size_t decode_replicas = 0;
    for (std::size_t g = 0; g < build.groups.size(); ++g) {
      if (!decodes(build.groups[g])) continue;
      add(g, [&](Replica& replica, Seat seat) {
        if (lifecycle_ != nullptr) lifecycle_->add(replica, g, decode_replicas++);
        hand_off_->add_decode(replica, std::move(seat));
      });
    }
    hand_off_->start();
    start();
    const int longest = scenario.router.max_local_prefill_length;
    if (longest == 0) return;
    const AdmissionLimits limits =
        admission_limits(build, *std::find_if(build.groups.begin(), build.groups.end(),
                                              [](const ServingGroup& g) { return g.role == Role::kPrefill; }));
    gateway.shortcut([this, &pool, limits, longest](RequestHandle handle, double now, bool after_steps) {
      const Request& r = pool[handle];
      const std::int64_t tokens = std::int64_t{r.input_tokens} + r.output_tokens;
      // Whatever cannot be served goes the usual way, and is refused there.
      const bool fits =
          r.input_tokens > 0 && r.output_tokens > 0 && tokens <= limits.max_model_len && tokens <= limits.kv_tokens;
      return fits && r.input_tokens <= longest && hand_off_->send_directly(handle, now, after_steps);
    });
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
  void give_host(const Build& build, const ServingGroup& group, const Seat& seat, int replica, ReplicaSpec& spec);
  void start() {
    if (transfers_ != nullptr) transfers_->start();
  }

  Gateway& gateway_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::vector<std::unique_ptr<Replica>> all_;
  std::unique_ptr<Transfers> transfers_;
  std::vector<std::unique_ptr<Collectives>> collectives_;
  std::vector<std::unique_ptr<HostMemory>> hosts_;
  std::vector<topologies::VertexId> storage_;
  std::map<const ServingGroup*, std::shared_ptr<KvTier>> shared_tiers_;
  std::unique_ptr<Router> decode_router_;
  std::unique_ptr<HandOff> hand_off_;
};

/// Memory of its hosts, and of storage, for KV.
void Replicas::give_host(const Build& build, const ServingGroup& group, const Seat& seat, int replica,
                         ReplicaSpec& spec) {
  const topologies::VertexId storage = group.offload_storage_blocks > 0
                                           ? storage_[static_cast<std::size_t>(replica) % storage_.size()]
                                           : topologies::kNone;
  hosts_.push_back(std::make_unique<HostMemory>(build.fleet, *transfers_, seat, storage));
  if (group.host_blocks > 0) spec.host = hosts_.back().get();
  if (!spec.keeps_prefixes) return;
  if (group.offload_host_blocks > 0) spec.tiers.host = std::make_unique<KvTier>(group.offload_host_blocks);
  if (group.offload_storage_blocks > 0) {
    std::shared_ptr<KvTier>& shared = shared_tiers_[&group];
    if (!shared) shared = std::make_shared<KvTier>(group.offload_storage_blocks);
    spec.tiers.remote = shared;
  }
  if (spec.tiers.host || spec.tiers.remote) spec.tiers.mover = hosts_.back().get();
}

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
  if (f.injected == f.completed + f.rejected + f.timed_out + f.cancelled + f.failed + f.unfinished) return;
  throw InvariantError("injected = completed + rejected + timed out + cancelled + failed + unfinished",
                       fmt::format("{} != {} + {} + {} + {} + {} + {}", f.injected, f.completed, f.rejected,
                                   f.timed_out, f.cancelled, f.failed, f.unfinished));
}

}  // namespace

RunFacts simulate(const Scenario& scenario, const Build& build, RequestSource& source, const RunOptions& options) {
  Clock clock;
  const topologies::Platform platform = topologies::make_platform(build.fleet, rate_limits(build), valves(build));
  RequestPool pool;
  const auto promised = [](const std::optional<Seconds>& limit) { return limit ? limit->value() : -1.0; };
  Recorder recorder({promised(scenario.slo.ttft), promised(scenario.slo.tpot), promised(scenario.slo.e2el)},
                    scenario.workload.warmup.value());
  recorder.on_request(options.on_request);
  const auto seed = static_cast<std::uint64_t>(scenario.seed);
  const auto router = make_router(scenario.router.policy, stream_seed(seed, "routing"),
                                  {scenario.router.overlap_weight, scenario.router.temperature});
  // A closed loop with a duration never runs out of requests: its clients stop sending.
  const double stop_sending = scenario.workload.closed_loop() && scenario.workload.duration
                                  ? scenario.workload.duration->value()
                                  : std::numeric_limits<double>::infinity();
  Gateway gateway(source, *router, scenario.workload.max_concurrency.value_or(0), stop_sending, pool, clock, recorder);
  gateway.see_late(scenario.router.staleness.value());
  gateway.cache_share(scenario.workload.prefix_cache_hit_rate.value_or(0));
  gateway.limit(build.gate_limits);
  if (options.story != nullptr) gateway.tell(*options.story);
  const ClientHabits habits = scenario.clients ? client_habits(*scenario.clients) : ClientHabits();
  std::optional<Clients> clients;
  if (habits.matter()) gateway.serve(clients.emplace(habits, seed, pool, clock));

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
  facts.itl = recorder.itl();
  facts.backlog = recorder.backlog();
  facts.injected = recorder.injected;
  facts.completed = recorder.completed;
  facts.rejected = recorder.rejected_count;
  facts.failed = recorder.failed_count;
  facts.unfinished = recorder.unfinished_count;
  facts.timed_out = recorder.timed_out_count;
  facts.cancelled = recorder.cancelled_count;
  facts.retries = clients ? clients->retries() : 0;
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
