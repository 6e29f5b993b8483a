// What a user can say of how requests are let in and served: scheduler policies, the gateway's limits, clients' habits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/reader/schema.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::sim {

/// What becomes of a sequence that has to make room.
enum class PreemptionMode { kRecompute, kSwap };
std::span<const std::pair<PreemptionMode, std::string_view>> enum_names(PreemptionMode);

/// TensorRT-LLM's capacity policies.
enum class CapacityPolicy { kGuaranteedNoEvict, kMaxUtilization };
std::span<const std::pair<CapacityPolicy, std::string_view>> enum_names(CapacityPolicy);

/// Keys that only some policies have are optional: without a value the policy does as it does.
struct SchedulerSpec {
  std::optional<std::string> policy;
  std::optional<int> max_num_batched_tokens;
  std::optional<int> max_num_seqs;
  std::optional<bool> enable_chunked_prefill;
  std::string order = "fcfs";
  std::optional<double> prediction_error;
  std::optional<double> watermark;
  std::optional<bool> async_scheduling;
  std::optional<bool> reserve_full_isl;
  int long_prefill_token_threshold = 0;
  int max_num_partial_prefills = 0;
  PreemptionMode preemption_mode = PreemptionMode::kRecompute;
  std::optional<Bytes> swap_space;
  CapacityPolicy capacity_scheduler_policy = CapacityPolicy::kGuaranteedNoEvict;
  double batch_wait_max_tokens_ratio = 0;
  int batch_wait_timeout_iters = 0;
  static const reader::Schema<SchedulerSpec>& schema();
};

/// Where KV is kept beside GPU memory.
struct KvOffloadSpec {
  Bytes host{0};
  Bytes storage{0};
  static const reader::Schema<KvOffloadSpec>& schema();
};

enum class PrefixEviction { kLru, kLfu };
std::span<const std::pair<PrefixEviction, std::string_view>> enum_names(PrefixEviction);

/// A limit at the gateway.
struct GateLimitSpec {
  std::string tenant;  ///< "" = of all requests together
  std::optional<int> max_outstanding;
  std::optional<double> max_outstanding_tokens;
  std::optional<double> requests_per_second;
  std::optional<double> burst;
  std::optional<double> tokens_per_minute;
  static const reader::Schema<GateLimitSpec>& schema();
};

struct GatewaySpec {
  std::vector<GateLimitSpec> limits;
  static const reader::Schema<GatewaySpec>& schema();
};

/// What clients do while they wait.
struct ClientsSpec {
  std::optional<Seconds> timeout;
  std::optional<Seconds> first_token_timeout;
  int max_retries = 0;
  Seconds backoff{1};
  double backoff_factor = 2;
  std::optional<Seconds> max_backoff;
  double jitter = 0;
  double cancel_share = 0;
  std::optional<Seconds> cancel_after;
  bool server_notices = true;
  static const reader::Schema<ClientsSpec>& schema();
};

}  // namespace flotilla::sim
