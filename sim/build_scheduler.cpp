#include "sim/build_scheduler.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "models/calibration.hpp"
#include "sim/build_roles.hpp"

namespace flotilla::sim {

namespace {

constexpr double kPredictionError = 0.5;
/// vLLM's --swap-space, of each GPU (release 0.6.3).
constexpr double kSwapSpace = 4.0 * 1024 * 1024 * 1024;

template <class T>
T resolved(std::optional<T>& value, T fallback, const std::string& path, const std::string& origin,
           reader::Origins& origins) {
  if (!value) {
    value = fallback;
    origins[path] = origin;
  }
  return *value;
}

/// Keys with a value that does something, of those that only some policies know.
std::vector<std::string> keys_in_use(const SchedulerSpec& spec) {
  std::vector<std::string> keys;
  const auto add = [&](bool in_use, const char* key) {
    if (in_use) keys.emplace_back(key);
  };
  add(spec.watermark.value_or(0) > 0, "watermark");
  add(spec.reserve_full_isl.value_or(false), "reserve_full_isl");
  add(spec.long_prefill_token_threshold > 0, "long_prefill_token_threshold");
  add(spec.max_num_partial_prefills > 0, "max_num_partial_prefills");
  add(spec.preemption_mode == PreemptionMode::kSwap, "preemption_mode");
  add(spec.swap_space.has_value(), "swap_space");
  add(spec.capacity_scheduler_policy != CapacityPolicy::kGuaranteedNoEvict, "capacity_scheduler_policy");
  add(spec.batch_wait_max_tokens_ratio > 0, "batch_wait_max_tokens_ratio");
  add(spec.batch_wait_timeout_iters > 0, "batch_wait_timeout_iters");
  return keys;
}

bool knows(const SchedulerEntry& policy, const std::string& key) {
  return std::find(policy.keys.begin(), policy.keys.end(), key) != policy.keys.end();
}

void check_keys(const SchedulerSpec& spec, const SchedulerEntry& policy, const reader::Document& document,
                const std::string& path) {
  for (const std::string& key : keys_in_use(spec)) {
    if (knows(policy, key)) continue;
    std::vector<std::string> others;
    for (const SchedulerEntry& entry : schedulers())
      if (knows(entry, key)) others.push_back(entry.name);
    document.fail(path + "." + key, fmt::format("{} does not know {}", policy.name, key),
                  fmt::format("only {} {}", fmt::join(others, ", "), others.size() == 1 ? "does" : "do"));
  }
  if (spec.prediction_error && spec.order != "predicted_shortest_job_first") {
    document.fail(path + ".prediction_error", fmt::format("order {} predicts nothing", spec.order),
                  "order: predicted_shortest_job_first");
  }
  if (spec.swap_space && spec.preemption_mode != PreemptionMode::kSwap)
    document.fail(path + ".swap_space", "nothing is swapped", "preemption_mode: swap");
}

/// Batch waiting, where the policy knows it.
void set_batch_waiting(ServingGroup& group, const SchedulerSpec& spec, const std::string& path,
                       std::vector<std::string>& warnings) {
  const bool ratio = spec.batch_wait_max_tokens_ratio > 0, timeout = spec.batch_wait_timeout_iters > 0;
  if (!ratio && !timeout) return;
  const std::string key = path + (ratio ? ".batch_wait_max_tokens_ratio" : ".batch_wait_timeout_iters");
  if (ratio != timeout) {
    warnings.push_back(key + ": nobody waits, as in TensorRT-LLM, unless both ratio and timeout are above 0");
  } else if (group.deployment.data_parallel_size > 1) {
    warnings.push_back(key + ": nobody waits, as in TensorRT-LLM, under attention data parallelism");
  } else {
    group.limits.batch_wait_max_tokens_ratio = spec.batch_wait_max_tokens_ratio;
    group.limits.batch_wait_timeout_iters = spec.batch_wait_timeout_iters;
  }
}

}  // namespace

void set_scheduler(ServingGroup& group, SchedulerSpec& spec, const reader::Document& document, const std::string& path,
                   const std::string& engine_origin, reader::Origins& origins, std::vector<std::string>& warnings) {
  const models::Deployment& d = group.deployment;
  group.scheduler = resolved(spec.policy, d.engine.scheduler, path + ".policy", engine_origin, origins);
  const SchedulerEntry& policy = scheduler_entry(group.scheduler);
  check_keys(spec, policy, document, path);
  const std::string policy_origin = "policy " + policy.name;
  const bool cuts =
      resolved(spec.enable_chunked_prefill, policy.chunked_prefill.value_or(d.engine.chunked_prefill.get()),
               path + ".enable_chunked_prefill", policy.chunked_prefill ? policy_origin : engine_origin, origins);
  // Of one batch for all attention ranks: docs/decisions/0014.
  group.limits = {d.max_num_batched_tokens * d.data_parallel_size, d.max_num_seqs * d.data_parallel_size, cuts};
  group.limits.reserve_full_isl =
      resolved(spec.reserve_full_isl,
               knows(policy, "reserve_full_isl") && models::default_reserve_full_isl(d.engine, d.engine_version),
               path + ".reserve_full_isl", engine_origin, origins);
  // An engine's habit, not that of a policy that another has.
  const bool ahead =
      group.scheduler == d.engine.scheduler && models::default_async_scheduling(d.engine, d.engine_version);
  group.limits.async_scheduling =
      resolved(spec.async_scheduling, ahead, path + ".async_scheduling", engine_origin, origins);
  group.limits.max_chunk_tokens = d.max_num_batched_tokens;
  group.limits.tokens_per_decode = 1 + d.speculation.draft_tokens;
  group.limits.long_prefill_token_threshold = spec.long_prefill_token_threshold;
  group.limits.max_num_partial_prefills = spec.max_num_partial_prefills;
  group.limits.max_utilization = spec.capacity_scheduler_policy == CapacityPolicy::kMaxUtilization;
  group.limits.watermark = resolved(spec.watermark, policy.watermark, path + ".watermark", policy_origin, origins);
  group.limits.swap = spec.preemption_mode == PreemptionMode::kSwap;
  if (group.limits.swap && d.data_parallel_size > 1)
    document.fail(path + ".preemption_mode", "swapping is not modelled under attention data parallelism",
                  "preemption_mode: recompute");
  if (spec.order == "longest_prefix" && !group.keeps_prefixes)
    document.fail(path + ".order", "there is no prefix cache to look at", "enable_prefix_caching: true");
  group.queue_order = spec.order;
  group.prediction_error = spec.prediction_error.value_or(kPredictionError);
  set_batch_waiting(group, spec, path, warnings);
}

void set_swap_space(ServingGroup& group, const SchedulerSpec& spec) {
  const models::Deployment& d = group.deployment;
  const auto blocks = static_cast<double>(group.memory.kv_blocks * d.data_parallel_size);
  group.limits.watermark_blocks = static_cast<std::int64_t>(group.limits.watermark * blocks);
  if (!group.limits.swap) return;
  const double bytes = spec.swap_space.value_or(Bytes(kSwapSpace)).value();
  group.host_blocks =
      static_cast<std::int64_t>(bytes / (group.memory.kv_bytes_per_token.value() * d.block_size)) *
                      group.memory.layout.groups();
}

void set_kv_offload(ServingGroup& group, const ServingSpec& spec, const Scenario& scenario,
                    const reader::Document& document, const std::string& path) {
  group.eviction = spec.prefix_cache_eviction;
  if (!spec.kv_offload) return;
  const models::Deployment& d = group.deployment;
  if (!group.keeps_prefixes) {
    document.fail(path,
                  spec.role == Role::kDecode ? "who only decodes gets all KV from elsewhere" : "nothing is looked up",
                  spec.role == Role::kDecode ? "keep it where prompts are computed" : "enable_prefix_caching: true");
  }
  if (d.data_parallel_size > 1)
    document.fail(path, "keeping KV beside GPU memory is not modelled under attention data parallelism");
  if (spec.kv_offload->storage.value() > 0 && !scenario.fleet.storage)
    document.fail(path + ".storage", "the fleet has no storage",
                  "fleet: {storage: {servers: 2, bandwidth: 25GBps}, ...}");
  const double block = models::kv_bytes_per_token(d.llm, d.kv_cache).value() * static_cast<double>(d.block_size);
  group.offload_host_blocks = static_cast<std::int64_t>(spec.kv_offload->host.value() / block);
  group.offload_storage_blocks = static_cast<std::int64_t>(spec.kv_offload->storage.value() / block);
}

std::vector<GateLimit> gate_limits(const Scenario& scenario, const std::vector<std::string>& tenants,
                                   const reader::Document& document) {
  std::vector<GateLimit> limits;
  if (!scenario.gateway) return limits;
  for (std::size_t i = 0; i < scenario.gateway->limits.size(); ++i) {
    const GateLimitSpec& spec = scenario.gateway->limits[i];
    GateLimit limit;
    if (!spec.tenant.empty()) {
      const auto found = std::find(tenants.begin(), tenants.end(), spec.tenant);
      if (found == tenants.end()) {
        document.fail(path_of("gateway.limits", i, "tenant"), fmt::format("there is no tenant '{}'", spec.tenant),
                      tenants.empty() ? "the workload has no tenants" : reader::suggest(spec.tenant, tenants));
      }
      limit.tenant = static_cast<std::int32_t>(found - tenants.begin());
    }
    if (spec.max_outstanding) limit.max_outstanding = *spec.max_outstanding;
    if (spec.max_outstanding_tokens) limit.max_outstanding_tokens = *spec.max_outstanding_tokens;
    if (spec.requests_per_second) limit.requests_per_second = *spec.requests_per_second;
    limit.burst = spec.burst.value_or(1);
    if (spec.tokens_per_minute) limit.tokens_per_minute = *spec.tokens_per_minute;
    limits.push_back(limit);
  }
  return limits;
}

ClientHabits client_habits(const ClientsSpec& spec) {
  ClientHabits habits;
  if (spec.timeout) habits.timeout = spec.timeout->value();
  if (spec.first_token_timeout) habits.first_token_timeout = spec.first_token_timeout->value();
  habits.max_retries = spec.max_retries;
  habits.backoff = spec.backoff.value();
  habits.backoff_factor = spec.backoff_factor;
  if (spec.max_backoff) habits.max_backoff = spec.max_backoff->value();
  habits.jitter = spec.jitter;
  habits.cancel_share = spec.cancel_share;
  if (spec.cancel_after) habits.cancel_after = spec.cancel_after->value();
  habits.server_notices = spec.server_notices;
  return habits;
}

}  // namespace flotilla::sim
