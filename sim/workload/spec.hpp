// The load as a scenario describes it: the `workload:` mapping.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/reader/schema.hpp"
#include "sim/workload/arrivals.hpp"
#include "sim/workload/lengths.hpp"
#include "sim/workload/slo.hpp"
#include "sim/workload/trace/trace_spec.hpp"

namespace flotilla::sim {

/// Requests that arrive earlier are left out of latency statistics.
struct Warmup : Seconds {
  Warmup() : Seconds(0) {}
  explicit(false) Warmup(Seconds given) : Seconds(given) {}
  bool automatic = false;  ///< found from a run without one, by the rule MSER-5 (analysis/statistics/batches.hpp)
};

/// What prompts begin with: one of so many texts.
struct SharedPrefixSpec {
  std::int32_t tokens = 0;
  std::int64_t texts = 1;
  static const reader::Schema<SharedPrefixSpec>& schema();
};

/// Conversations.
struct SessionSpec {
  LengthSpec turns;  ///< requests of a session
  Seconds think_time{0};
  static const reader::Schema<SessionSpec>& schema();
};

/// How requests come and how long they are. They are either generated (request_rate, input_tokens, output_tokens, and
/// num_prompts or duration) or replayed from a trace. Which keys go together is checked when the scenario is read.
struct LoadSpec {
  std::optional<double> request_rate;  ///< per second; infinity: as fast as max_concurrency lets them, or all at 0
  std::optional<ArrivalSpec> arrivals;
  std::optional<double> burstiness;  ///< short for arrivals: {gamma: {burstiness: ...}}
  std::optional<WaveSpec> wave;      ///< over any of these arrivals
  std::optional<LengthSpec> input_tokens;
  std::optional<LengthSpec> output_tokens;
  std::optional<std::int64_t> num_prompts;
  std::optional<Seconds> duration;  ///< of arrivals
  std::optional<SharedPrefixSpec> shared_prefix;
  std::optional<SessionSpec> sessions;
  std::optional<TraceSpec> trace;

  /// What `arrivals` and `burstiness` come to.
  [[nodiscard]] ArrivalSpec arrival_process() const;
  /// Requests come by the clock, whatever becomes of those before.
  [[nodiscard]] bool has_dates() const;
  /// Mean tokens of a request, prompt and answer, a shared prefix included; 0 where a trace has them.
  [[nodiscard]] double mean_tokens() const;
};

/// Who shares the fleet with others: a load of its own, a model, promises.
struct TenantSpec : LoadSpec {
  std::string name;
  std::optional<std::string> model;  ///< that it asks for; empty: the scenario's
  std::int32_t priority = 0;         ///< the lower goes first
  std::string slo_class;             ///< by which the router slo_class sends its requests; "" = none
  std::optional<SloSpec> slo;        ///< in place of the scenario's
  static const reader::Schema<TenantSpec>& schema();
};

/// One load, or several tenants with a load each.
struct WorkloadSpec : LoadSpec {
  std::optional<std::int64_t> max_concurrency;  ///< requests in flight at most, of all tenants together
  std::optional<double> prefix_cache_hit_rate;  ///< share of each prompt
  Warmup warmup;
  std::optional<std::vector<TenantSpec>> tenants;
  static const reader::Schema<WorkloadSpec>& schema();

  /// Infinite rate under a limit of concurrency: each client sends its next request when the last one is answered.
  [[nodiscard]] bool closed_loop() const;
  /// Nothing holds requests back: they come by the clock.
  [[nodiscard]] bool open_loop() const;
  /// The loads that there are: the tenants', or its own.
  [[nodiscard]] std::vector<const LoadSpec*> loads() const;
  /// Requests per second of all of them together; nothing where one is infinite, or given by a trace.
  [[nodiscard]] std::optional<double> total_rate() const;
  /// Of the longest wave; 0 without one.
  [[nodiscard]] double wave_period() const;
};

}  // namespace flotilla::sim

namespace flotilla::reader {

/// A time, or `auto`.
template <>
struct Codec<sim::Warmup> {
  static sim::Warmup read(const Node& node, const KeyRules& rules = {});
  static std::string write(const sim::Warmup& warmup);
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {});
  static std::string type_text() { return "time or auto"; }
};

}  // namespace flotilla::reader
