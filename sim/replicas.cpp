#include "sim/replicas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/engine/invariant.hpp"
#include "sim/router/by_model.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

namespace {

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
  limits.kv_tokens = limits.prompt_kv_tokens = group.memory.kv_longest;
  limits.max_prompt = group.limits.enable_chunked_prefill ? INT64_MAX : group.deployment.max_num_batched_tokens;
  if (group.role != Role::kPrefill) return limits;
  limits.kv_tokens = INT64_MAX;
  for (const ServingGroup& other : build.groups) {
    if (other.role != Role::kDecode || !build.alike(group.serves, other.serves)) continue;
    limits.max_model_len = std::min<std::int64_t>(limits.max_model_len, other.max_model_len);
    limits.kv_tokens = std::min(limits.kv_tokens, other.memory.kv_longest);
  }
  return limits;
}

/// On any replica that may decode it. What does not goes the usual way, and is refused there.
bool fits_where_it_decodes(const Build& build, const Request& r) {
  const std::int64_t tokens = std::int64_t{r.input_tokens} + r.output_tokens;
  return r.input_tokens > 0 && r.output_tokens > 0 &&
         std::all_of(build.groups.begin(), build.groups.end(), [&](const ServingGroup& group) {
           return group.role != Role::kDecode || group.serves.model != r.model ||
                  (tokens <= group.max_model_len && tokens <= group.memory.kv_longest &&
                   (group.limits.enable_chunked_prefill || r.input_tokens <= group.deployment.max_num_batched_tokens));
         });
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

bool decodes(const ServingGroup& group) { return group.role == Role::kDecode; }

bool uses_hosts(const ServingGroup& group) {
  return group.host_blocks > 0 || group.offload_host_blocks > 0 || group.offload_storage_blocks > 0;
}

}  // namespace

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

std::unique_ptr<Router> router_of(const Scenario& scenario, const Build& build, bool decode) {
  std::vector<Serves> replicas;
  for (const ServingGroup& group : build.groups)
    if ((group.role == Role::kDecode) == decode) replicas.insert(replicas.end(), group.replicas, group.serves);
  return make_router(
      scenario.router.policy, static_cast<std::uint64_t>(scenario.seed), decode ? "routing of decode" : "routing",
      {scenario.router.overlap_weight, scenario.router.temperature, scenario.router.spill}, build.models, replicas);
}

Replicas::Replicas(const Stage& stage) : stage_(stage) {
  const std::vector<ServingGroup>& groups = stage.build.groups;
  const bool split = std::any_of(groups.begin(), groups.end(), decodes);
  if (changes(stage.scenario)) {
    lifecycle_ = std::make_unique<Lifecycle>(stage.scenario, stage.build, stage.platform, stage.gateway, stage.pool,
                                             stage.clock, stage.recorder);
  }
  make_transfers(split);
  std::vector<std::tuple<Replica*, Seat, KvSending>> entries;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (decodes(groups[g])) continue;
    make_group(g, [&](Replica& replica, Seat seat) {
      if (lifecycle_ != nullptr) lifecycle_->add(replica, g, entries.size());
      stage.gateway.add_replica(replica, admission_limits(stage.build, groups[g]), groups[g].serves);
      entries.emplace_back(&replica, std::move(seat), sending_of(groups[g]));
    });
  }
  if (split) {
    decode_router_ = router_of(stage.scenario, stage.build, true);
    hand_off_ = std::make_unique<HandOff>(stage.build.fleet, *transfers_, *decode_router_, stage.gateway, stage.pool,
                                          stage.clock, stage.recorder);
    for (auto& [replica, seat, sending] : entries) hand_off_->add_prefill(*replica, std::move(seat), sending);
    split_fleet();
  }
  if (transfers_ != nullptr) transfers_->start();
}

void Replicas::make_transfers(bool split) {
  const std::vector<ServingGroup>& groups = stage_.build.groups;
  const topologies::Fleet& fleet = stage_.build.fleet;
  for (const topologies::Node& node : fleet.nodes)
    if (fleet.pools[node.pool].gpus.empty()) storage_.push_back(node.first_vertex);
  if (split || lifecycle_ != nullptr || std::any_of(groups.begin(), groups.end(), has_flows) ||
      std::any_of(groups.begin(), groups.end(), uses_hosts))
    transfers_ = std::make_unique<Transfers>(fleet, stage_.platform, stage_.clock, stage_.options.timeline);
}

ReplicaSpec Replicas::spec_of(std::size_t index) {
  const ServingGroup& group = stage_.build.groups[index];
  const RunOptions& options = stage_.options;
  const auto seed = static_cast<std::uint64_t>(stage_.scenario.seed);
  ReplicaSpec spec;
  spec.scheduler = make_scheduler(group.scheduler, group.limits);
  spec.layout = group.memory.layout;
  spec.kv_blocks = group.memory.kv_blocks * group.deployment.data_parallel_size;
  spec.block_size = group.deployment.block_size;
  spec.window = models::window_of(group.deployment.llm);
  spec.queue_order = group.queue_order;
  spec.queue_order_options = {group.prediction_error, stream_seed(seed, "predictions")};
  spec.speculation = group.deployment.speculation;
  spec.speculation_seed = stream_seed(seed, "acceptance");
  spec.keeps_prefixes = group.keeps_prefixes && stage_.texts_are_known;
  if (group.eviction == PrefixEviction::kLfu) spec.eviction = PrefixCache::Eviction::kLeastFrequentlyUsed;
  spec.host_blocks = group.host_blocks;
  spec.max_num_seqs = group.limits.max_num_seqs;
  spec.async_scheduling = group.limits.async_scheduling;
  spec.prefills_only = group.role == Role::kPrefill;
  spec.gpus = group.gpus_per_replica;
  spec.serving_group = static_cast<int>(index);
  spec.step_by_step = options.step_by_step;
  spec.pen = {options.timeline, group.pool, group.gpus_per_replica};
  spec.listener = options.listener;
  spec.story = options.story;
  spec.number = static_cast<int>(all_.size());
  return spec;
}

template <class Receive>
void Replicas::make_group(std::size_t index, Receive receive) {
  const ServingGroup& group = stage_.build.groups[index];
  const auto cost = std::make_shared<models::StepCost>(group.deployment);
  const std::vector<PowerState> power = power_states(stage_.build.pools[group.pool].power, cost);
  for (int i = 0; i < group.replicas; ++i) {
    ReplicaSpec spec = spec_of(index);
    spec.frontend = cost->frontend();
    spec.power = power;
    spec.cost = power.front().cost;
    if (spec.listener != nullptr) spec.listener->made(spec.number, spec.serving_group, spec.kv_blocks);
    Seat seat = seat_of(stage_.build, group, i);
    if (has_flows(group)) {
      collectives_.push_back(std::make_unique<Collectives>(stage_.build.fleet, *transfers_, seat, valves_given_));
      valves_given_ += collectives_.back()->pairs();
      spec.collectives = collectives_.back().get();
    }
    if (uses_hosts(group)) give_host(group, seat, i, spec);
    all_.push_back(std::make_unique<Replica>(std::move(spec), stage_.pool, stage_.clock, stage_.recorder));
    receive(*all_.back(), std::move(seat));
  }
}

/// The replicas that decode, and the ways to them.
void Replicas::split_fleet() {
  Gateway& gateway = stage_.gateway;
  if (stage_.options.story != nullptr) hand_off_->tell(*stage_.options.story);
  gateway.divert([this](RequestHandle handle) { return hand_off_->takes(handle); });
  gateway.on_abandoned([this](RequestHandle handle, double now) { return hand_off_->abandon(handle, now); });
  std::size_t decode_replicas = 0;
  for (std::size_t g = 0; g < stage_.build.groups.size(); ++g) {
    if (!decodes(stage_.build.groups[g])) continue;
    make_group(g, [&](Replica& replica, Seat seat) {
      if (lifecycle_ != nullptr) lifecycle_->add(replica, g, decode_replicas++);
      hand_off_->add_decode(replica, std::move(seat), stage_.build.groups[g].serves);
    });
  }
  hand_off_->start();
  const int longest = stage_.scenario.router.max_local_prefill_length;
  if (longest == 0) return;
  gateway.shortcut([this, longest](RequestHandle handle, double now, bool after_steps) {
    const Request& r = stage_.pool[handle];
    return r.input_tokens <= longest && fits_where_it_decodes(stage_.build, r) &&
           hand_off_->send_directly(handle, now, after_steps);
  });
}

void Replicas::close(RunFacts& facts) {
  for (const auto& replica : all_) replica->close();
  stage_.gateway.close();
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

/// Memory of its hosts, and of storage, for KV.
void Replicas::give_host(const ServingGroup& group, const Seat& seat, int replica, ReplicaSpec& spec) {
  const topologies::VertexId storage = group.offload_storage_blocks > 0
                                           ? storage_[static_cast<std::size_t>(replica) % storage_.size()]
                                           : topologies::kNone;
  hosts_.push_back(std::make_unique<HostMemory>(stage_.build.fleet, *transfers_, seat, storage));
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

}  // namespace flotilla::sim
