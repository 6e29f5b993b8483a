#include "sim/workload/spec.hpp"

#include <algorithm>
#include <cmath>

#include "sim/workload/load_keys.hpp"
#include "sim/workload/spec_checks.hpp"

namespace flotilla::sim {

ArrivalSpec LoadSpec::arrival_process() const {
  ArrivalSpec spec = arrivals.value_or(ArrivalSpec{});
  spec.wave = wave;
  if (!burstiness) return spec;
  spec.kind = ArrivalSpec::Kind::kGamma;
  spec.gamma.burstiness = burstiness;
  return spec;
}

bool LoadSpec::has_dates() const { return trace || (request_rate && std::isfinite(*request_rate)); }

double LoadSpec::mean_tokens() const {
  double tokens = 0;
  for (const auto* lengths : {&input_tokens, &output_tokens})
    if (*lengths) tokens += LengthSampler(**lengths).mean();
  return tokens + (shared_prefix ? shared_prefix->tokens : 0);
}

bool WorkloadSpec::closed_loop() const { return max_concurrency && request_rate && std::isinf(*request_rate); }

bool WorkloadSpec::open_loop() const {
  const auto all = loads();
  return !max_concurrency &&
         std::all_of(all.begin(), all.end(), [](const LoadSpec* load) { return load->has_dates(); });
}

std::vector<const LoadSpec*> WorkloadSpec::loads() const {
  if (!tenants) return {this};
  std::vector<const LoadSpec*> all;
  for (const TenantSpec& tenant : *tenants) all.push_back(&tenant);
  return all;
}

std::optional<double> WorkloadSpec::total_rate() const {
  double sum = 0;
  for (const LoadSpec* load : loads()) {
    if (!load->request_rate || !std::isfinite(*load->request_rate)) return std::nullopt;
    sum += *load->request_rate;
  }
  return sum;
}

double WorkloadSpec::wave_period() const {
  double longest = 0;
  for (const LoadSpec* load : loads())
    if (load->wave && load->wave->peak_to_average > 1) longest = std::max(longest, load->wave->period.value());
  return longest;
}

const reader::Schema<SharedPrefixSpec>& SharedPrefixSpec::schema() {
  using S = SharedPrefixSpec;
  static const auto s =
      reader::Schema<S>("shared_prefix", "What prompts begin with, such as system prompts: the prefix cache finds it")
          .key("tokens", &S::tokens, "of the prefix, on top of input_tokens (as vLLM's --random-prefix-len)",
               {.min = 1, .max = 1e7, .required = true, .unit = "tokens"})
          .key("texts", &S::texts, "how many there are; each prompt begins with one of them, drawn evenly",
               {.min = 1, .max = 1e9});
  return s;
}

const reader::Schema<SessionSpec>& SessionSpec::schema() {
  using S = SessionSpec;
  static const auto s =
      reader::Schema<S>(
          "sessions", "Conversations: each prompt is all that was said before, answers included, and input_tokens more")
          .key("turns", &S::turns, "requests of a session", {.required = true})
          .key("think_time", &S::think_time,
               "from the sending of a turn to that of the next: mean of an exponential distribution",
               {.min = 0, .required = true});
  return s;
}

namespace {

reader::Schema<WorkloadSpec> workload_schema() {
  using W = WorkloadSpec;
  reader::Schema<W> s(
      "workload", "The requests: generated (request_rate, lengths, num_prompts or duration) or replayed from a trace");
  add_rate_key(s);
  s.key("max_concurrency", &W::max_concurrency, "requests in flight at most; others wait at the client",
        {.min = 1, .default_text = "no limit"});
  add_arrival_and_length_keys(s);
  s.key("prefix_cache_hit_rate", &W::prefix_cache_hit_rate,
        "share of each prompt that is found in the prefix cache: it takes memory, but no computation",
        {.min = 0, .max = 1, .default_text = "0"});
  add_text_and_end_keys(s);
  s.key("warmup", &W::warmup,
        "requests that arrive earlier count for totals, not for latencies; auto: found by a run of its own");
  add_trace_key(s);
  s.key("tenants", &W::tenants,
        "several loads instead of one, each with a name, and with a model, a priority and promises of its own",
        {.default_text = "none: one load"});
  s.check(check_workload);
  return s;
}

}  // namespace

const reader::Schema<WorkloadSpec>& WorkloadSpec::schema() {
  static const reader::Schema<WorkloadSpec> s = workload_schema();
  return s;
}

}  // namespace flotilla::sim

namespace flotilla::reader {

sim::Warmup Codec<sim::Warmup>::read(const Node& node, const KeyRules& rules) {
  if (!node.is_scalar() || node.text() != "auto") return {Codec<Seconds>::read(node, rules)};
  sim::Warmup warmup;
  warmup.automatic = true;
  return warmup;
}

std::string Codec<sim::Warmup>::write(const sim::Warmup& warmup) {
  return warmup.automatic ? "auto" : Codec<Seconds>::write(warmup);
}

nlohmann::ordered_json Codec<sim::Warmup>::json_schema(const KeyRules& rules) {
  return {{"anyOf", {Codec<Seconds>::json_schema(rules), {{"const", "auto"}}}}};
}

}  // namespace flotilla::reader
