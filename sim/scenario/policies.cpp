#include "sim/scenario/policies.hpp"

#include <array>

#include "sim/engine/waiting_queue.hpp"
#include "sim/scheduler/scheduler.hpp"

namespace flotilla::sim {

namespace {

std::vector<std::string> scheduler_names() {
  std::vector<std::string> names;
  for (const SchedulerEntry& entry : schedulers()) names.push_back(entry.name);
  return names;
}

constexpr std::array<std::pair<PreemptionMode, std::string_view>, 2> kPreemptionModes{
    {{PreemptionMode::kRecompute, "recompute"}, {PreemptionMode::kSwap, "swap"}}};
constexpr std::array<std::pair<CapacityPolicy, std::string_view>, 2> kCapacityPolicies{
    {{CapacityPolicy::kGuaranteedNoEvict, "guaranteed_no_evict"},
     {CapacityPolicy::kMaxUtilization, "max_utilization"}}};

constexpr std::array<std::pair<PrefixEviction, std::string_view>, 2> kEvictions{
    {{PrefixEviction::kLru, "lru"}, {PrefixEviction::kLfu, "lfu"}}};

}  // namespace

std::span<const std::pair<PrefixEviction, std::string_view>> enum_names(PrefixEviction) { return kEvictions; }
std::span<const std::pair<PreemptionMode, std::string_view>> enum_names(PreemptionMode) { return kPreemptionModes; }
std::span<const std::pair<CapacityPolicy, std::string_view>> enum_names(CapacityPolicy) { return kCapacityPolicies; }

const reader::Schema<SchedulerSpec>& SchedulerSpec::schema() {
  static const auto schema =
      reader::Schema<SchedulerSpec>("scheduler", "What enters each step")
          .key("policy", &SchedulerSpec::policy, "scheduler policy",
               {.choices = scheduler_names, .default_text = "the engine's"})
          .key("max_num_batched_tokens", &SchedulerSpec::max_num_batched_tokens,
               "tokens of one step at most, on each attention rank",
               {.min = 1, .max = 1e7, .unit = "tokens", .aliases = {"max_num_tokens"}, .default_text = "the engine's"})
          .key("max_num_seqs", &SchedulerSpec::max_num_seqs, "sequences that run at once, on each attention rank",
               {.min = 1,
                .max = 1e6,
                .aliases = {"max_batch_size", "max_running_requests"},
                .default_text = "the engine's"})
          .key("enable_chunked_prefill", &SchedulerSpec::enable_chunked_prefill,
               "a prompt may be spread over several steps", {.default_text = "the engine's"})
          .key("order", &SchedulerSpec::order, "who of those that wait is next", {.choices = queue_order_names})
          .key("prediction_error", &SchedulerSpec::prediction_error,
               "order predicted_shortest_job_first: standard deviation of the logarithm of predicted over true lengths",
               {.min = 0, .max = 10, .default_text = "0.5"})
          .key("watermark", &SchedulerSpec::watermark,
               "share of the KV blocks that must stay free when a prompt is let in",
               {.min = 0, .max = 0.5, .default_text = "the policy's"})
          .key("async_scheduling", &SchedulerSpec::async_scheduling,
               "a step is planned while the one before it runs: who comes meanwhile is in the step after it",
               {.aliases = {"overlap_scheduler"}, .default_text = "the engine's"})
          .key("reserve_full_isl", &SchedulerSpec::reserve_full_isl,
               "vLLM: a prompt enters only if all of it fits into the free KV memory, not just its first chunk",
               {.aliases = {"scheduler_reserve_full_isl"}, .default_text = "the engine's"})
          .key("long_prefill_token_threshold", &SchedulerSpec::long_prefill_token_threshold,
               "vLLM: a prompt has no more tokens than this in a step; 0 = no limit",
               {.min = 0, .max = 1e7, .unit = "tokens"})
          .key("max_num_partial_prefills", &SchedulerSpec::max_num_partial_prefills,
               "vLLM: prompts that are cut and in prefill at once; 0 = no limit", {.min = 0, .max = 1e6})
          .key("preemption_mode", &SchedulerSpec::preemption_mode,
               "vllm_v0: who has to make room is computed again, or its KV goes to host memory: recompute or swap")
          .key("swap_space", &SchedulerSpec::swap_space, "host memory of each GPU for that",
               {.min = 0, .default_text = "4GiB, as vLLM's"})
          .key("capacity_scheduler_policy", &SchedulerSpec::capacity_scheduler_policy,
               "TensorRT-LLM: guaranteed_no_evict or max_utilization")
          .key("batch_wait_max_tokens_ratio", &SchedulerSpec::batch_wait_max_tokens_ratio,
               "TensorRT-LLM: while sequences decode, prompts wait until a step has this share of "
               "max_num_batched_tokens; 0 = they do not",
               {.min = 0, .max = 1})
          .key("batch_wait_timeout_iters", &SchedulerSpec::batch_wait_timeout_iters,
               "but for no more than so many steps; 0 = they do not wait", {.min = 0, .max = 1e6});
  return schema;
}

const reader::Schema<KvOffloadSpec>& KvOffloadSpec::schema() {
  static const auto schema =
      reader::Schema<KvOffloadSpec>("kv_offload", "Where blocks of KV are kept beside GPU memory, to be found again")
          .key("host", &KvOffloadSpec::host, "host memory of each replica, over PCIe or C2C", {.min = 0})
          .key("storage", &KvOffloadSpec::storage, "on fleet.storage, for all replicas of the group together",
               {.min = 0})
          .check([](const KvOffloadSpec& spec, const reader::Node& node) {
            if (spec.host.value() <= 0 && spec.storage.value() <= 0)
              node.fail("nothing is kept", "host: 500GB, or storage: 10TB");
          });
  return schema;
}

const reader::Schema<GateLimitSpec>& GateLimitSpec::schema() {
  static const auto schema =
      reader::Schema<GateLimitSpec>("gateway_limit", "Who goes beyond it is turned away at once")
          .key("tenant", &GateLimitSpec::tenant, "whose requests; without one, of all together",
               {.default_text = "everybody"})
          .key("max_outstanding", &GateLimitSpec::max_outstanding, "requests in the fleet at once",
               {.min = 0, .max = 1e9})
          .key("max_outstanding_tokens", &GateLimitSpec::max_outstanding_tokens, "tokens of their prompts and answers",
               {.min = 0, .unit = "tokens"})
          .key("requests_per_second", &GateLimitSpec::requests_per_second, "in the mean, by a token bucket",
               {.min = 0, .above_min = true})
          .key("burst", &GateLimitSpec::burst, "requests that may come at once all the same",
               {.min = 1, .default_text = "1"})
          .key("tokens_per_minute", &GateLimitSpec::tokens_per_minute,
               "of prompts and answers; a minute's may come at once", {.min = 0, .above_min = true, .unit = "tokens"})
          .check([](const GateLimitSpec& spec, const reader::Node& node) {
            if (spec.burst && !spec.requests_per_second)
              node.at("burst").fail("a burst of what? requests_per_second is missing", "requests_per_second: 10");
            if (!spec.max_outstanding && !spec.max_outstanding_tokens && !spec.requests_per_second &&
                !spec.tokens_per_minute)
              node.fail("this limits nothing",
                        "give max_outstanding, max_outstanding_tokens, requests_per_second or tokens_per_minute");
          });
  return schema;
}

const reader::Schema<GatewaySpec>& GatewaySpec::schema() {
  static const auto schema = reader::Schema<GatewaySpec>("gateway", "Whom the fleet lets in")
                                 .key("limits", &GatewaySpec::limits, "each of them must let a request in");
  return schema;
}

const reader::Schema<ClientsSpec>& ClientsSpec::schema() {
  static const auto schema =
      reader::Schema<ClientsSpec>("clients", "What clients do while they wait")
          .key("timeout", &ClientsSpec::timeout, "they give up after so long without the whole answer",
               {.min = 0, .above_min = true, .default_text = "never"})
          .key("first_token_timeout", &ClientsSpec::first_token_timeout, "or without its first token",
               {.min = 0, .above_min = true, .default_text = "never"})
          .key("max_retries", &ClientsSpec::max_retries, "they try again so often, after that or when turned away",
               {.min = 0, .max = 1000})
          .key("backoff", &ClientsSpec::backoff, "wait before the first retry; 0 = at once", {.min = 0})
          .key("backoff_factor", &ClientsSpec::backoff_factor, "each further wait is so many times longer",
               {.min = 1, .max = 100})
          .key("max_backoff", &ClientsSpec::max_backoff, "no wait is longer",
               {.min = 0, .above_min = true, .default_text = "no limit"})
          .key("jitter", &ClientsSpec::jitter,
               "share of each wait that is left to chance: up to so much of it is taken off", {.min = 0, .max = 1})
          .key("cancel_share", &ClientsSpec::cancel_share,
               "of requests that are called off during their first attempt, unless answered before",
               {.min = 0, .max = 1})
          .key("cancel_after", &ClientsSpec::cancel_after, "in the mean, exponentially distributed",
               {.min = 0, .above_min = true})
          .key("server_notices", &ClientsSpec::server_notices,
               "that a client is gone, and stops; else answers are computed to their ends for nobody")
          .check([](const ClientsSpec& spec, const reader::Node& node) {
            if (spec.cancel_share > 0 && !spec.cancel_after)
              node.at("cancel_share")
                  .fail("after how long are they called off? cancel_after is missing", "cancel_after: 5s");
            if (spec.cancel_after && spec.cancel_share <= 0)
              node.at("cancel_after").fail("nobody calls off: cancel_share is missing", "cancel_share: 0.05");
          });
  return schema;
}

}  // namespace flotilla::sim
