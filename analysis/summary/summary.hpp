// What a run found, as one plain record. Every field is declared once in visit_summary, with key, unit and definition:
// the JSON writer, the JSON reader and the list of metrics all follow from there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/summary/statistics.hpp"

namespace flotilla::analysis {

enum class Verdict { kStable, kSaturated, kNotApplicable };

struct PoolSummary {
  std::string name;
  std::string system;
  std::int64_t gpus = 0;
  std::int64_t replicas = 0;
  double utilization = 0;  ///< share of its GPUs' time in steps
  double output_throughput = 0;
  double output_throughput_per_gpu = 0;
  double kv_mean_usage = 0;
  double kv_peak_usage = 0;
  double usd_per_hour = 0;
  double average_watts = 0, peak_watts = 0;  ///< at the wall of its servers
  double gpu_watts = 0;                      ///< of one of its GPUs alone, average
  std::int64_t racks = 0;
  double rack_average_watts = 0, rack_peak_watts = 0;  ///< of its fullest rack
  std::optional<double> usd_per_million_output_tokens, usd_per_million_total_tokens, usd_per_million_useful_tokens;
  std::optional<double> assumed_output_tok_s_per_gpu;  ///< the scenario's, beside what was found
};

/// What one link carried, both directions together; shares are of its busier direction.
struct LinkSummary {
  std::string name;
  std::string kind;
  double bytes = 0;
  double mean_utilization = 0;
  double peak_utilization = 0;
};

/// What became of one promise of the scenario's slo.
struct PromiseSummary {
  std::string metric;  ///< ttft, tpot or e2el
  double percentile = 0;
  double limit_ms = 0;
  double found_ms = 0;  ///< the metric at that percentile
  bool kept = false;
};

/// What became of one of several tenants.
struct TenantSummary {
  std::string name;
  std::string model;
  std::string slo_class;
  std::int64_t priority = 0;
  std::int64_t num_prompts = 0, completed = 0, failed = 0;
  std::int64_t total_input_tokens = 0, total_output_tokens = 0;
  double output_throughput = 0;
  Distribution ttft, tpot, e2el;  ///< ms
  double goodput_ratio = 0;
  std::vector<PromiseSummary> slo;
  std::optional<double> usd_per_hour, usd_per_million_output_tokens;
};

/// What became of one of several models, summed over the tenants that ask for it.
struct ModelSummary {
  std::string name;
  std::int64_t gpus = 0, replicas = 0;
  std::int64_t completed = 0, failed = 0;
  std::int64_t total_input_tokens = 0, total_output_tokens = 0;
  double output_throughput = 0, output_throughput_per_gpu = 0;
  std::optional<double> usd_per_hour, usd_per_million_output_tokens;
};

/// What a little better hardware would do: relative changes of the figures, 0.1 = +10 %.
struct ElasticitySummary {
  std::string change;  ///< the key of what_if
  double factor = 1;
  std::optional<double> mean_ttft, p99_ttft, mean_tpot, p99_tpot, mean_e2el, p99_e2el, output_throughput;
};

/// Low and high end of a confidence interval; absent where the run says too little for one.
using Range = std::optional<std::array<double, 2>>;

struct Summary {
  std::int64_t schema_version = 1;
  std::string date;
  std::string backend;
  std::string label;
  std::string model_id;
  std::int64_t num_prompts = 0;
  std::optional<double> request_rate;  ///< absent: infinite, or given by a trace
  std::optional<double> burstiness;
  std::optional<std::int64_t> max_concurrency;
  double duration = 0;
  double warmup_s = 0;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t total_input_tokens = 0;
  std::int64_t total_output_tokens = 0;
  double request_throughput = 0;
  std::optional<double> request_goodput;
  double output_throughput = 0;
  double total_token_throughput = 0;
  double max_output_tokens_per_s = 0;
  std::int64_t max_concurrent_requests = 0;
  Distribution ttft, tpot, itl, e2el;  ///< ms
  double mean_client_queue_ms = 0;

  std::int64_t gpus = 0;
  double goodput_ratio = 0;
  std::vector<PromiseSummary> slo;     ///< none where there are tenants: each has its own
  std::vector<TenantSummary> tenants;  ///< none unless the scenario states them
  std::vector<ModelSummary> models;    ///< none unless tenants ask a fleet of several
  Verdict verdict = Verdict::kNotApplicable;
  double backlog_growth_per_s = 0;
  double output_throughput_per_gpu = 0;
  double total_throughput_per_gpu = 0;
  struct {
    double median = 0, p99 = 0;
  } interactivity;
  struct {
    std::int64_t injected = 0, completed = 0, rejected = 0, timed_out = 0, cancelled = 0, failed = 0, unfinished = 0;
  } conservation;
  struct {
    std::int64_t turned_away = 0, retries = 0;
  } clients;
  struct {
    double level = 0;
    std::string method;
    Range mean_ttft_ms, p99_ttft_ms, mean_tpot_ms, p99_tpot_ms, mean_e2el_ms, p99_e2el_ms;
  } confidence;
  struct {
    double memory = 0, compute = 0, communication = 0, host = 0, idle = 0;
  } time_share;
  struct {
    double queue = 0, prefill = 0, transfer = 0, other = 0;
  } ttft_share;
  struct {
    double sequences = 0, kv_tokens = 0, bound_ms = 0, calibrated_ms = 0;
  } decode_step;
  std::vector<ElasticitySummary> elasticities;  ///< empty unless asked for
  struct {
    std::int64_t budget_tokens = 0;
    double mean_usage = 0, peak_usage = 0;
    std::int64_t preemptions = 0;
    std::int64_t swaps = 0;
    double prefix_hit_rate = 0;
    std::int64_t stored_tokens = 0, fetched_from_host = 0, fetched_from_storage = 0;
  } kv;
  struct {
    std::optional<double> usd_per_hour, usd_per_day, usd_per_month, usd_per_million_output_tokens,
        usd_per_million_total_tokens, usd_per_million_useful_tokens;
  } cost;
  struct {
    double average_watts = 0, peak_watts = 0;
    std::optional<double> joules_per_output_token, tokens_per_second_per_megawatt;
    double kwh = 0, server_watts = 0, switch_watts = 0, pue = 1;
    std::optional<double> provisioned_watts, tokens_per_second_per_provisioned_megawatt;
    std::string borrowed;
  } energy;
  std::vector<PoolSummary> pools;
  /// Of a fleet that changed while it served.
  struct {
    std::int64_t failures = 0, repairs = 0, replicas_lost = 0, largest_loss_gpus = 0;
    std::int64_t requests_rerouted = 0, tokens_lost = 0;
    std::int64_t recoveries = 0;
    double mean_recovery_s = 0, longest_recovery_s = 0;
    bool recovering = false;
    std::int64_t starts = 0, warm_starts = 0, drained = 0;
    double mean_start_s = 0, longest_start_s = 0, start_bytes = 0;
    double paid_gpu_hours = 0, open_share = 0;
  } availability;
  struct {
    std::int64_t count = 0;
    double bytes = 0, mean_wait_ms = 0, mean_ms = 0, p99_ms = 0, mean_alone_ms = 0;
    std::string bottleneck;
  } kv_transfers;
  std::vector<LinkSummary> links;
  struct {
    bool inside = true;
    std::string nearest_points;
    double expected_error = 0;
    std::string reason;
  } envelope;
  struct {
    std::string version, commit, simgrid_version;
    std::int64_t seed = 0;
    std::string scenario_sha256;
    double wall_time_s = 0;
    std::int64_t steps = 0, events = 0;
    double peak_rss_mb = 0;
  } sim;
  bool interrupted = false;
  std::vector<std::string> warnings;
};

}  // namespace flotilla::analysis
