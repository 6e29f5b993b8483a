#include "sim/workload/spec_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::sim {
namespace {

using reader::Node;

void check_replayed(const LoadSpec& w, const Node& node) {
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

void check_generated(const LoadSpec& w, const Node& node) {
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

/// `whole`: what holds for all loads together.
void check_texts(const LoadSpec& w, const WorkloadSpec& whole, const Node& node) {
  for (const char* const key : {"shared_prefix", "sessions"}) {
    if (!node.has(key)) continue;
    if (w.trace)
      node.fail_for(key, fmt::format("{} and trace: which texts are alike comes from the trace's hash_ids", key),
                    "remove one of them");
    if (whole.prefix_cache_hit_rate)
      node.fail_for(key, fmt::format("{} and prefix_cache_hit_rate: what is found in the cache is simulated", key),
                    "remove one of them");
  }
  if (w.sessions && (!w.request_rate || std::isinf(*w.request_rate) || whole.max_concurrency))
    node.fail_for("sessions", "sessions are an open load: their turns come by the clock",
                  "give a finite request_rate, and no max_concurrency");
}

/// `endless`: clients who wait for each other may go on until the duration is over. Those of a tenant may not.
void check_arrivals(const LoadSpec& w, bool endless, bool of_tenant, const Node& node) {
  if (w.arrivals && w.burstiness) {
    node.fail_for("burstiness", "arrivals and burstiness: burstiness alone means Gamma arrivals",
                  "keep one, or write arrivals: {gamma: {burstiness: ...}}");
  }
  if (!w.request_rate || !std::isinf(*w.request_rate)) return;
  if (w.duration && !endless) {
    node.fail_for("duration",
                  "with request_rate: inf all requests arrive at the start, so a duration does not say how many",
                  of_tenant ? "give num_prompts instead, or a finite rate"
                            : "give num_prompts instead, or max_concurrency for a closed loop");
  }
  const char* const key = w.arrivals ? "arrivals" : w.burstiness ? "burstiness" : "wave";
  if (w.arrivals || w.burstiness || w.wave) {
    node.fail_for(key, fmt::format("{} with request_rate: inf: there are no gaps between requests", key),
                  "remove it, or give a finite rate");
  }
}

void check_load(const LoadSpec& w, const WorkloadSpec& whole, bool of_tenant, const Node& node) {
  if (w.trace) {
    check_replayed(w, node);
  } else {
    check_generated(w, node);
  }
  check_texts(w, whole, node);
  check_arrivals(w, whole.max_concurrency.has_value(), of_tenant, node);
}

void check_warmup(const WorkloadSpec& w, const Node& node) {
  double longest = 0;
  for (const LoadSpec* load : w.loads()) {
    if (!load->duration) return;
    longest = std::max(longest, load->duration->value());
  }
  if (w.warmup.value() < longest) return;
  node.fail_for("warmup",
                fmt::format("the warm-up is as long as the whole load ({})", reader::write_flow(Seconds(longest))));
}

/// Tenants have loads of their own; what they share is said beside them.
void check_tenants(const WorkloadSpec& w, const Node& node) {
  for (const auto& [word, value] : node.entries()) {
    if (value.is_null()) continue;
    for (const reader::KeyInfo& key : TenantSpec::schema().keys()) {
      if (key.is_called(word))
        value.fail(fmt::format("{} and tenants: each tenant has a load of its own", word),
                   fmt::format("move {} into the tenants", word));
    }
  }
  const Node list = node.at("tenants");
  if (w.tenants->empty()) list.fail("nobody sends requests: the list of tenants is empty", "give at least one tenant");
  for (std::size_t i = 0; i < w.tenants->size(); ++i) {
    const TenantSpec& tenant = (*w.tenants)[i];
    for (std::size_t j = 0; j < i; ++j) {
      if ((*w.tenants)[j].name != tenant.name) continue;
      list[i].at("name").fail(
          fmt::format("two tenants are called '{}'", tenant.name),
          fmt::format("the other is at {}; results and random streams go by the name", list[j].at("name").origin()));
    }
    check_texts(tenant, w, list[i]);
  }
}

}  // namespace

void check_tenant(const TenantSpec& tenant, const Node& node) {
  if (tenant.name.empty()) node.fail_for("name", "a tenant needs a name", "for example name: chat");
  check_load(tenant, WorkloadSpec(), true, node);
}

void check_workload(const WorkloadSpec& w, const Node& node) {
  if (w.tenants) {
    check_tenants(w, node);
  } else {
    check_load(w, w, false, node);
  }
  check_warmup(w, node);
}

}  // namespace flotilla::sim
