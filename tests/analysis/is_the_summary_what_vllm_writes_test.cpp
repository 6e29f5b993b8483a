// summary.json has the keys that scripts around `vllm bench serve` read, our own, and no others.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "analysis/summary/json.hpp"

using namespace flotilla::analysis;
using Json = nlohmann::ordered_json;

namespace {

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

/// A summary with a different value in every field.
struct Filler {
  double next = 1.25;
  void set(double& value) { value = next += 1; }
  void set(std::int64_t& value) { value = static_cast<std::int64_t>(next += 1); }
  void set(std::string& value) { value = "text " + std::to_string(next += 1); }
  void set(bool& value) { value = !value; }
  void set(std::vector<std::string>& value) { value = {"a", "b\n\"c\" ä"}; }
};

Summary full_summary() {
  Filler f;
  Summary s;
  for (auto* text : {&s.date, &s.backend, &s.label, &s.model_id, &s.envelope.nearest_points, &s.envelope.reason,
                     &s.sim.version, &s.sim.commit, &s.sim.simgrid_version, &s.sim.scenario_sha256}) {
    f.set(*text);
  }
  for (auto* d : {&s.ttft, &s.tpot, &s.itl, &s.e2el}) {
    for (double* value : {&d->mean, &d->median, &d->std, &d->p90, &d->p95, &d->p99}) f.set(*value);
  }
  for (auto* value :
       {&s.duration, &s.request_throughput, &s.output_throughput, &s.total_token_throughput, &s.max_output_tokens_per_s,
        &s.mean_client_queue_ms, &s.goodput_ratio, &s.backlog_growth_per_s, &s.interactivity.p99, &s.time_share.host,
        &s.ttft_share.transfer, &s.kv.peak_usage, &s.envelope.expected_error, &s.sim.wall_time_s, &s.sim.peak_rss_mb}) {
    f.set(*value);
  }
  for (auto* value : {&s.num_prompts, &s.completed, &s.failed, &s.total_input_tokens, &s.conservation.unfinished,
                      &s.kv.budget_tokens, &s.sim.seed, &s.sim.events, &s.gpus}) {
    f.set(*value);
  }
  s.request_rate = 50;
  s.burstiness = 0.5;
  s.max_concurrency = 64;
  s.request_goodput = 12;
  s.cost.usd_per_hour = 12.06;
  s.cost.usd_per_million_useful_tokens = 0.3;
  s.verdict = Verdict::kSaturated;
  s.interrupted = true;
  f.set(s.warnings);
  s.slo = {{"ttft", 99.5, 1000, 1001, false}, {"e2el", 50, 9000, 8000, true}};
  s.elasticities = {{"compute", 1.1, -0.01, -0.02, 0, std::nullopt, 0.5, -0.5, 0.25}};
  s.pools.resize(2);
  f.set(s.pools[1].name);
  f.set(s.pools[1].utilization);
  f.set(s.pools[1].replicas);
  s.tenants.resize(2);
  f.set(s.tenants[0].name);
  f.set(s.tenants[1].tpot.p99);
  s.tenants[1].slo = {{"tpot", 99, 20, 19, true}};
  s.tenants[1].usd_per_million_output_tokens = 0.4;
  s.models.resize(2);
  f.set(s.models[1].gpus);
  return s;
}

}  // namespace

TEST_CASE("the keys at the top: vllm bench serve's, and ours") {
  std::set<std::string> expected{// vllm bench serve --save-result
                                 "date", "backend", "label", "model_id", "num_prompts", "request_rate", "burstiness",
                                 "max_concurrency", "duration", "completed", "failed", "total_input_tokens",
                                 "total_output_tokens", "request_throughput", "request_goodput", "output_throughput",
                                 "total_token_throughput", "max_output_tokens_per_s", "max_concurrent_requests",
                                 // Flotilla
                                 "schema_version", "mean_client_queue_ms", "gpus", "goodput_ratio", "slo", "verdict",
                                 "backlog_growth_per_s", "output_throughput_per_gpu", "total_throughput_per_gpu",
                                 "interactivity", "conservation", "clients", "time_share", "ttft_share", "kv", "cost",
                                 "pools", "kv_transfers", "availability", "links", "envelope", "sim", "interrupted",
                                 "warnings", "warmup_s", "decode_step", "elasticities",
                                 // only where tenants are stated, and where they ask for several models
                                 "tenants", "models"};
  for (const char* const metric : {"ttft", "tpot", "itl", "e2el"}) {
    for (const char* const statistic : {"mean", "median", "std", "p50", "p90", "p95", "p99"}) {
      expected.insert(std::string(statistic) + "_" + metric + "_ms");
    }
  }
  const auto found = keys_of(to_json(full_summary()));
  for (const auto& key : expected) CHECK_MESSAGE(found.count(key) == 1, "missing: ", key);
  // energy, confidence: known to later versions, and welcome.
  const std::set<std::string> later{"energy", "confidence"};
  for (const auto& key : found) CHECK_MESSAGE((expected.count(key) == 1 || later.count(key) == 1), "unexpected: ", key);
}

TEST_CASE("the keys of the groups") {
  const Json json = to_json(full_summary());
  using Keys = std::set<std::string>;
  CHECK(keys_of(json["interactivity"]) == Keys{"median", "p99"});
  CHECK(keys_of(json["conservation"]) ==
        Keys{"injected", "completed", "rejected", "timed_out", "cancelled", "failed", "unfinished"});
  CHECK(keys_of(json["time_share"]) == Keys{"memory", "compute", "communication", "host", "idle"});
  CHECK(keys_of(json["ttft_share"]) == Keys{"queue", "prefill", "transfer", "other"});
  for (const char* const key : {"budget_tokens", "mean_usage", "peak_usage", "preemptions", "swaps", "prefix_hit_rate",
                                "stored_tokens", "fetched_from_host", "fetched_from_storage"})
    CHECK(json["kv"].contains(key));
  CHECK(keys_of(json["cost"]) == Keys{"usd_per_hour", "usd_per_day", "usd_per_month", "usd_per_million_output_tokens",
                                      "usd_per_million_total_tokens", "usd_per_million_useful_tokens"});
  for (const char* const key : {"inside", "nearest_points", "expected_error"}) CHECK(json["envelope"].contains(key));
  for (const char* const key : {"version", "commit", "simgrid_version", "seed", "scenario_sha256", "wall_time_s",
                                "steps", "events", "peak_rss_mb"}) {
    CHECK(json["sim"].contains(key));
  }
  CHECK(keys_of(json["slo"][0]) == Keys{"metric", "percentile", "limit_ms", "found_ms", "kept"});
  CHECK(keys_of(json["tenants"][1]["slo"][0]) == keys_of(json["slo"][0]));
  for (const char* const key : {"name", "model", "class", "priority", "completed", "failed", "output_throughput",
                                "mean_ttft_ms", "median_tpot_ms", "p99_e2el_ms", "goodput_ratio", "usd_per_hour"})
    CHECK(json["tenants"][0].contains(key));
  for (const char* const key : {"name", "gpus", "replicas", "completed", "output_throughput", "usd_per_hour"})
    CHECK(json["models"][0].contains(key));
  for (const char* const key : {"name", "gpus", "replicas", "utilization", "output_throughput"})
    CHECK(json["pools"][0].contains(key));
}

TEST_CASE("every field survives writing and reading") {
  const Json json = to_json(full_summary());
  CHECK(to_json(summary_from_json(json)) == json);
  CHECK(to_json(summary_from_json(Json::parse(json.dump()))).dump() == json.dump());
  CHECK(to_json(summary_from_json(to_json(Summary{}))) == to_json(Summary{}));
}

TEST_CASE("what is infinite is inf where vLLM writes so, and null elsewhere, never NaN") {
  Summary s = full_summary();
  s.request_rate.reset();
  s.tpot.p99 = std::numeric_limits<double>::quiet_NaN();
  s.duration = std::numeric_limits<double>::infinity();
  s.pools[0].utilization = -std::numeric_limits<double>::infinity();
  s.cost.usd_per_hour = std::numeric_limits<double>::quiet_NaN();
  const Json json = to_json(s);
  CHECK(json["request_rate"] == "inf");
  CHECK(json["p99_tpot_ms"].is_null());
  CHECK(json["duration"].is_null());
  CHECK(json["pools"][0]["utilization"].is_null());
  CHECK(json["cost"]["usd_per_hour"].is_null());
  const std::string text = json.dump();
  CHECK(text.find("NaN") == std::string::npos);
  CHECK(text.find("Infinity") == std::string::npos);
}

TEST_CASE("every figure has a definition, and a unit where it has a dimension") {
  for (const MetricDefinition& m : metric_definitions()) {
    if (m.key != "sim.simgrid_version") CHECK_MESSAGE(!m.definition.empty(), m.key);
    const bool milliseconds = m.key.size() > 3 && m.key.compare(m.key.size() - 3, 3, "_ms") == 0;
    if (milliseconds) CHECK_MESSAGE(m.unit == "ms", m.key);
  }
}
