#include "sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "sim/engine/invariant.hpp"
#include "sim/workload/rng.hpp"
#include "topologies/platform.hpp"

namespace flotilla::sim {

namespace {

ReplicaSpec replica_spec(const ServingGroup& group, int index, std::shared_ptr<models::StepCost> cost,
                         bool step_by_step) {
  ReplicaSpec spec;
  spec.frontend = cost->frontend();
  spec.cost = std::move(cost);
  spec.scheduler = make_scheduler(group.scheduler, group.limits);
  spec.kv_blocks = group.memory.kv_blocks * group.deployment.data_parallel_size;
  spec.block_size = group.deployment.block_size;
  spec.window = models::window_of(group.deployment.llm);
  spec.gpus = group.gpus_per_replica;
  spec.serving_group = index;
  spec.step_by_step = step_by_step;
  return spec;
}

AdmissionLimits admission_limits(const ServingGroup& group) {
  AdmissionLimits limits;
  // A request lives on one attention rank.
  limits.max_model_len = group.max_model_len;
  limits.kv_tokens = group.memory.kv_tokens;
  limits.max_prompt = group.limits.enable_chunked_prefill ? INT64_MAX : group.deployment.max_num_batched_tokens;
  return limits;
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
}

std::vector<GroupFacts> group_facts(const std::vector<std::unique_ptr<Replica>>& replicas, std::size_t groups) {
  std::vector<GroupFacts> facts(groups);
  for (const auto& replica : replicas) {
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
  if (f.injected == f.completed + f.rejected + f.unfinished) return;
  throw InvariantError("injected = completed + rejected + unfinished",
                       fmt::format("{} != {} + {} + {}", f.injected, f.completed, f.rejected, f.unfinished));
}

}  // namespace

RunFacts simulate(const Scenario& scenario, const Build& build, RequestSource& source, const RunOptions& options) {
  Clock clock;
  const topologies::Platform platform = topologies::make_platform(build.fleet);
  RequestPool pool;
  const auto promised = [](const std::optional<Seconds>& limit) { return limit ? limit->value() : -1.0; };
  Recorder recorder({promised(scenario.slo.ttft), promised(scenario.slo.tpot), promised(scenario.slo.e2el)},
                    scenario.workload.warmup.value());
  recorder.on_request(options.on_request);
  const auto seed = static_cast<std::uint64_t>(scenario.seed);
  const auto router = make_router(scenario.router, stream_seed(seed, "routing"));
  // A closed loop with a duration never runs out of requests: its clients stop sending.
  const double stop_sending = scenario.workload.closed_loop() && scenario.workload.duration
                                  ? scenario.workload.duration->value()
                                  : std::numeric_limits<double>::infinity();
  Gateway gateway(source, *router, scenario.workload.max_concurrency.value_or(0), stop_sending, pool, clock, recorder);
  gateway.cache_share(scenario.workload.prefix_cache_hit_rate.value_or(0));

  std::vector<std::unique_ptr<Replica>> replicas;
  for (std::size_t g = 0; g < build.groups.size(); ++g) {
    const auto cost = std::make_shared<models::StepCost>(build.groups[g].deployment);
    for (int i = 0; i < build.groups[g].replicas; ++i) {
      replicas.push_back(std::make_unique<Replica>(
          replica_spec(build.groups[g], static_cast<int>(g), cost, options.step_by_step), pool, clock, recorder));
      gateway.add_replica(*replicas.back(), admission_limits(build.groups[g]));
    }
  }

  RunFacts facts;
  clock.on_tick([&](double now) {
    if (options.on_progress) options.on_progress(now, recorder.completed);
    if (options.interrupt != nullptr && options.interrupt->load()) {
      facts.interrupted = true;
      clock.stop();
    }
  });
  gateway.start();
  if (options.on_start) options.on_start();
  clock.run();
  for (const auto& replica : replicas) replica->close();

  facts.samples = recorder.take_samples();
  facts.itl = recorder.itl();
  facts.backlog = recorder.backlog();
  facts.injected = recorder.injected;
  facts.completed = recorder.completed;
  facts.rejected = recorder.rejected_count;
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
  facts.groups = group_facts(replicas, build.groups.size());
  check_conservation(facts);
  return facts;
}

}  // namespace flotilla::sim
