#include "sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "sim/build_scheduler.hpp"
#include "sim/engine/invariant.hpp"
#include "sim/replicas.hpp"
#include "topologies/platform.hpp"

namespace flotilla::sim {

namespace {

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
  gateway.limit(build.gate_limits);
  if (scenario.slo.ttft) gateway.promise_first_token(scenario.slo.ttft->value());
  if (options.story != nullptr) gateway.tell(*options.story);
  const ClientHabits habits = scenario.clients ? client_habits(*scenario.clients) : ClientHabits();
  std::optional<Clients> clients;
  if (habits.matter()) gateway.serve(clients.emplace(habits, static_cast<std::uint64_t>(scenario.seed), pool, clock));

  // A stated hit rate takes the place of what would be found.
  const bool texts_are_known = source.hash_block_size() > 0 && !scenario.workload.prefix_cache_hit_rate;
  Replicas replicas({scenario, build, platform, options, pool, clock, recorder, gateway, texts_are_known});

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
