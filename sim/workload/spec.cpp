#include "sim/workload/spec.hpp"

#include <fmt/format.h>

#include <cmath>

namespace flotilla::sim {
namespace {

using reader::Node;

void check_replayed(const WorkloadSpec& w, const Node& node) {
  for (const char* const key : {"input_tokens", "output_tokens"}) {
    if (node.has(key))
      node.fail_for(key, fmt::format("{} and trace: lengths come from the trace", key), "remove one of them");
  }
  if (w.num_prompts)
    node.fail_for("num_prompts", "num_prompts and trace: how many are read is a matter of the trace",
                  "write trace: {max_requests: ...}");
  const bool recorded = w.trace->arrivals == TraceArrivals::kRecorded;
  const char* const kScale =
      "to replay faster or slower use trace.rate_scale; to keep only its lengths set trace.arrivals: generated";
  if (recorded && w.request_rate)
    node.fail_for("request_rate", "request_rate and trace: the trace has arrival times of its own", kScale);
  if (recorded && w.duration)
    node.fail_for("duration", "duration and trace: the trace has arrival times of its own", "write trace: {end: ...}");
  for (const char* const key : {"arrivals", "burstiness", "wave"}) {
    if (recorded && node.has(key))
      node.fail_for(key, fmt::format("{} and trace: the trace has arrival times of its own", key), kScale);
  }
  if (!recorded && !w.request_rate) node.fail("trace.arrivals: generated needs a request_rate", "per second, or inf");
}

void check_generated(const WorkloadSpec& w, const Node& node) {
  if (!w.request_rate)
    node.fail("neither request_rate nor trace is given",
              "for example request_rate: 50 (per second), or trace: {path: trace.csv}");
  if (!w.input_tokens) node.fail("input_tokens is missing", "how long prompts are, for example 800");
  if (!w.output_tokens) node.fail("output_tokens is missing", "how long answers are, for example 400");
  if (w.num_prompts && w.duration) {
    node.fail_for("duration", "num_prompts and duration: each says when the load ends", "keep one of them");
  }
  if (!w.num_prompts && !w.duration) node.fail("when does the load end?", "add num_prompts: 20000, or duration: 10min");
}

void check_texts(const WorkloadSpec& w, const Node& node) {
  for (const char* const key : {"shared_prefix", "sessions"}) {
    if (!node.has(key)) continue;
    if (w.trace)
      node.fail_for(key, fmt::format("{} and trace: which texts are alike comes from the trace's hash_ids", key),
                    "remove one of them");
    if (w.prefix_cache_hit_rate)
      node.fail_for(key, fmt::format("{} and prefix_cache_hit_rate: what is found in the cache is simulated", key),
                    "remove one of them");
  }
  if (w.sessions && (!w.request_rate || std::isinf(*w.request_rate) || w.max_concurrency))
    node.fail_for("sessions", "sessions are an open load: their turns come by the clock",
                  "give a finite request_rate, and no max_concurrency");
}

void check_arrivals(const WorkloadSpec& w, const Node& node) {
  if (w.arrivals && w.burstiness) {
    node.fail_for("burstiness", "arrivals and burstiness: burstiness alone means Gamma arrivals",
                  "keep one, or write arrivals: {gamma: {burstiness: ...}}");
  }
  if (!w.request_rate || !std::isinf(*w.request_rate)) return;
  if (w.duration && !w.max_concurrency) {
    node.fail_for("duration",
                  "with request_rate: inf all requests arrive at the start, so a duration does not say how many",
                  "give num_prompts instead, or max_concurrency for a closed loop");
  }
  const char* const key = w.arrivals ? "arrivals" : w.burstiness ? "burstiness" : "wave";
  if (w.arrivals || w.burstiness || w.wave) {
    node.fail_for(key, fmt::format("{} with request_rate: inf: there are no gaps between requests", key),
                  "remove it, or give a finite rate");
  }
}

void check(const WorkloadSpec& w, const Node& node) {
  if (w.trace) {
    check_replayed(w, node);
  } else {
    check_generated(w, node);
  }
  check_texts(w, node);
  check_arrivals(w, node);
  if (w.duration && w.warmup.value() >= w.duration->value()) {
    node.fail_for("warmup",
                  fmt::format("the warm-up is as long as the whole load ({})", reader::write_flow(*w.duration)));
  }
}

}  // namespace

bool WorkloadSpec::closed_loop() const { return max_concurrency && request_rate && std::isinf(*request_rate); }

ArrivalSpec WorkloadSpec::arrival_process() const {
  ArrivalSpec spec = arrivals.value_or(ArrivalSpec{});
  spec.wave = wave;
  if (!burstiness) return spec;
  spec.kind = ArrivalSpec::Kind::kGamma;
  spec.gamma.burstiness = burstiness;
  return spec;
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

const reader::Schema<WorkloadSpec>& WorkloadSpec::schema() {
  using W = WorkloadSpec;
  static const auto s =
      reader::Schema<W>(
          "workload",
          "The requests: generated (request_rate, lengths, num_prompts or duration) or replayed from a trace")
          .key("request_rate", &W::request_rate,
               "requests per second; inf with max_concurrency is a closed loop, inf alone sends all at the start",
               {.min = 0, .above_min = true, .may_be_infinite = true, .unit = "1/s", .default_text = "the trace's"})
          .key("max_concurrency", &W::max_concurrency, "requests in flight at most; others wait at the client",
               {.min = 1, .default_text = "no limit"})
          .key("arrivals", &W::arrivals, "how requests are spread in time", {.default_text = "poisson"})
          .key("burstiness", &W::burstiness, "short for arrivals: {gamma: {burstiness: ...}}",
               {.min = 1e-4, .max = 1e6, .default_text = "1: poisson"})
          .key("wave", &W::wave, "the rate follows a day", {.default_text = "none: the rate is the same throughout"})
          .key("input_tokens", &W::input_tokens, "length of prompts",
               {.unit = "tokens", .aliases = {"isl", "random_input_len"}, .default_text = "the trace's"})
          .key("output_tokens", &W::output_tokens, "length of answers",
               {.unit = "tokens", .aliases = {"osl", "random_output_len"}, .default_text = "the trace's"})
          .key("prefix_cache_hit_rate", &W::prefix_cache_hit_rate,
               "share of each prompt that is found in the prefix cache: it takes memory, but no computation",
               {.min = 0, .max = 1, .default_text = "0"})
          .key("shared_prefix", &W::shared_prefix, "text that prompts have in common", {.default_text = "none"})
          .key("sessions", &W::sessions, "prompts that go on where earlier ones ended", {.default_text = "none"})
          .key("num_prompts", &W::num_prompts, "how many requests",
               {.min = 1, .default_text = "as many as arrive within duration"})
          .key("duration", &W::duration, "how long requests arrive",
               {.min = 0, .above_min = true, .default_text = "until num_prompts have arrived"})
          .key("warmup", &W::warmup,
               "requests that arrive earlier count for totals, not for latencies; auto: found by a run of its own")
          .key("trace", &W::trace, "requests recorded elsewhere, instead of generated ones", {.default_text = "none"})
          .check(check);
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
