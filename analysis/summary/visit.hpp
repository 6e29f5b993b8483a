// The declaration of every field of a summary: key, unit, definition. A visitor is called for each, in the order of the
// file.
//   visitor.field(key, value, unit, definition);   visitor.group(key, [&](auto& inner) {...});
//   visitor.list(key, values, [](auto& value, auto& inner) {...});   visitor.list_if_any(...): no key where it is empty
#pragma once

#include <string>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// The five statistics of a metric, under vLLM's keys: mean_ttft_ms, median_ttft_ms, ...
template <class D, class Visitor>
void visit_distribution(D& d, const std::string& metric, const char* definition, Visitor& v) {
  const auto stat = [&](const char* name, auto& value, const char* how) {
    v.field(std::string(name) + "_" + metric + "_ms", value, "ms", std::string(how) + " of " + definition);
  };
  stat("mean", d.mean, "mean");
  stat("median", d.median, "median");
  stat("std", d.std, "population standard deviation");
  stat("p50", d.median, "50th percentile");
  stat("p90", d.p90, "90th percentile");
  stat("p95", d.p95, "95th percentile");
  stat("p99", d.p99, "99th percentile");
}

template <class S, class Visitor>
void visit_load(S& s, Visitor& v) {
  v.field("date", s.date, "", "wall-clock time of the run");
  v.field("backend", s.backend, "", "engine that was simulated");
  v.field("label", s.label, "", "the scenario's name");
  v.field("model_id", s.model_id, "", "model");
  v.field("num_prompts", s.num_prompts, "requests", "requests that were sent");
  v.rate("request_rate", s.request_rate, "1/s", "configured rate; \"inf\" where none limits it");
  v.field("burstiness", s.burstiness, "", "shape of the gamma distribution of the gaps; 1 = Poisson");
  v.field("max_concurrency", s.max_concurrency, "requests", "requests in flight at most, as configured");
}

template <class S, class Visitor>
void visit_totals(S& s, Visitor& v) {
  v.field("duration", s.duration, "s", "first arrival to last finish");
  v.field("warmup_s", s.warmup_s, "s", "requests that arrived earlier are in totals, but not in latencies");
  v.field("completed", s.completed, "requests", "requests that got all their tokens");
  v.field("failed", s.failed, "requests", "rejected + timed_out + cancelled + lost with their replica");
  v.field("total_input_tokens", s.total_input_tokens, "tokens", "input tokens of completed requests");
  v.field("total_output_tokens", s.total_output_tokens, "tokens", "output tokens of completed requests");
  v.field("request_throughput", s.request_throughput, "1/s", "completed / duration");
  v.field("request_goodput", s.request_goodput, "1/s", "goodput_ratio * request_throughput; null without an slo");
  v.field("output_throughput", s.output_throughput, "tok/s", "total_output_tokens / duration");
  v.field("total_token_throughput", s.total_token_throughput, "tok/s",
          "(total_input_tokens + total_output_tokens) / duration");
  v.field("max_output_tokens_per_s", s.max_output_tokens_per_s, "tok/s", "most output tokens in one second of the run");
  v.field("max_concurrent_requests", s.max_concurrent_requests, "requests", "most requests in flight at once");
}

template <class S, class Visitor>
void visit_latencies(S& s, Visitor& v) {
  visit_distribution(s.ttft, "ttft", "time to first token: first token - arrival", v);
  visit_distribution(s.tpot, "tpot",
                     "time per output token: (last token - first token) / (output tokens - 1), per request", v);
  visit_distribution(s.itl, "itl", "the gaps between successive output tokens, pooled (percentiles within 0.5 %)", v);
  visit_distribution(s.e2el, "e2el", "end-to-end latency: last token - arrival", v);
  v.field("mean_client_queue_ms", s.mean_client_queue_ms, "ms",
          "mean wait behind max_concurrency before sending; not in TTFT");
}

template <class S, class Visitor>
void visit_shares(S& s, Visitor& v) {
  v.group("interactivity", [&](auto& g) {
    g.field("median", s.interactivity.median, "tok/s/user", "1000 / median_tpot_ms");
    g.field("p99", s.interactivity.p99, "tok/s/user", "1000 / p99_tpot_ms: the slowest users");
  });
  v.group("conservation", [&](auto& g) {
    g.field("injected", s.conservation.injected, "requests",
            "= completed + rejected + timed_out + cancelled + failed + unfinished");
    g.field("completed", s.conservation.completed, "requests", "all tokens made");
    g.field("rejected", s.conservation.rejected, "requests", "refused at the door");
    g.field("timed_out", s.conservation.timed_out, "requests", "given up by the client");
    g.field("cancelled", s.conservation.cancelled, "requests", "called off by the client");
    g.field("failed", s.conservation.failed, "requests", "lost with their replica, where they are not sent again");
    g.field("unfinished", s.conservation.unfinished, "requests", "in flight when the run was stopped");
  });
  v.group("clients", [&](auto& g) {
    g.field("turned_away", s.clients.turned_away, "", "attempts that a limit of the gateway turned away");
    g.field("retries", s.clients.retries, "", "further attempts, after that or after a timeout");
  });
  v.group("time_share", [&](auto& g) {
    g.field("memory", s.time_share.memory, "ratio", "of GPU time: moving weights, KV and activations");
    g.field("compute", s.time_share.compute, "ratio", "of GPU time: tensor-core bound work");
    g.field("communication", s.time_share.communication, "ratio", "of GPU time: collectives inside replicas");
    g.field("host", s.time_share.host, "ratio", "of GPU time: waiting for the engine's CPU side");
    g.field("idle", s.time_share.idle, "ratio", "of GPU time: no work");
  });
  v.group("ttft_share", [&](auto& g) {
    g.field("queue", s.ttft_share.queue, "ratio", "of mean TTFT: from the frontend to the first step");
    g.field("prefill", s.ttft_share.prefill, "ratio", "of mean TTFT: first step to first token");
    g.field("transfer", s.ttft_share.transfer, "ratio", "of mean TTFT: KV transfers");
    g.field("other", s.ttft_share.other, "ratio", "of mean TTFT: the frontend, from arrival to the engine's queue");
  });
}

template <class E, class Visitor>
void visit_elasticity(E& e, Visitor& v) {
  v.field("change", e.change, "", "key of what_if that is changed; everything else and the requests stay");
  v.field("factor", e.factor, "", "by which it is multiplied");
  const auto change = [&](const char* key, auto& value) {
    v.field(key, value, "ratio", std::string("relative change of ") + key + ": -0.1 = 10 % less; null where that is 0");
  };
  change("mean_ttft", e.mean_ttft);
  change("p99_ttft", e.p99_ttft);
  change("mean_tpot", e.mean_tpot);
  change("p99_tpot", e.p99_tpot);
  change("mean_e2el", e.mean_e2el);
  change("p99_e2el", e.p99_e2el);
  change("output_throughput", e.output_throughput);
}

/// From paper to practice: compare with mean_tpot_ms.
template <class S, class Visitor>
void visit_why(S& s, Visitor& v) {
  v.group("decode_step", [&](auto& g) {
    g.field("sequences", s.decode_step.sequences, "",
            "output tokens per step of a replica, of the serving group that makes the most");
    g.field("kv_tokens", s.decode_step.kv_tokens, "tokens", "sequences * (mean input + mean output / 2)");
    g.field("bound_ms", s.decode_step.bound_ms, "ms",
            "what such a decode step takes at the datasheet's peaks: weights and KV read once, or multiplied");
    g.field("calibrated_ms", s.decode_step.calibrated_ms, "ms",
            "what it takes alone by the fitted coefficients; prompts in between and waiting make the rest of TPOT");
  });
  v.list("elasticities", s.elasticities, [](auto& e, auto& inner) { visit_elasticity(e, inner); });
}

template <class S, class Visitor>
void visit_confidence(S& s, Visitor& v) {
  v.group("confidence", [&](auto& g) {
    const auto interval = [&](const char* key, auto& range) {
      g.field(key, range, "ms",
              std::string("[low, high] of ") + key + "; null where the run is too short to say, or drifts");
    };
    g.field("level", s.confidence.level, "ratio", "chance that an interval holds what an endless run would give");
    g.field("method", s.confidence.method, "", "how the intervals were made");
    interval("mean_ttft_ms", s.confidence.mean_ttft_ms);
    interval("p99_ttft_ms", s.confidence.p99_ttft_ms);
    interval("mean_tpot_ms", s.confidence.mean_tpot_ms);
    interval("p99_tpot_ms", s.confidence.p99_tpot_ms);
    interval("mean_e2el_ms", s.confidence.mean_e2el_ms);
    interval("p99_e2el_ms", s.confidence.p99_e2el_ms);
  });
}

template <class S, class Visitor>
void visit_resources(S& s, Visitor& v) {
  v.group("kv", [&](auto& g) {
    g.field("budget_tokens", s.kv.budget_tokens, "tokens", "KV tokens that fit, all replicas together");
    g.field("mean_usage", s.kv.mean_usage, "ratio", "blocks in use / blocks, averaged over time and replicas");
    g.field("peak_usage", s.kv.peak_usage, "ratio", "the same at its highest, in the fullest replica");
    g.field("preemptions", s.kv.preemptions, "", "sequences put back into the queue for want of memory");
    g.field("swaps", s.kv.swaps, "", "of those, whose KV went to host memory and came back");
    g.field("prefix_hit_rate", s.kv.prefix_hit_rate, "ratio", "prompt tokens found in the cache / prompt tokens");
    g.field("stored_tokens", s.kv.stored_tokens, "tokens", "whose KV was stored beside GPU memory (kv_offload)");
    g.field("fetched_from_host", s.kv.fetched_from_host, "tokens", "prompt tokens whose KV came from host memory");
    g.field("fetched_from_storage", s.kv.fetched_from_storage, "tokens", "prompt tokens whose KV came from storage");
  });
  v.group("cost", [&](auto& g) {
    g.field("usd_per_hour", s.cost.usd_per_hour, "$", "price of all GPUs of the pools; null without a price");
    g.field("usd_per_day", s.cost.usd_per_day, "$", "24 hours of a fleet that never sleeps");
    g.field("usd_per_month", s.cost.usd_per_month, "$", "730 hours");
    g.field("usd_per_million_output_tokens", s.cost.usd_per_million_output_tokens, "$",
            "usd_per_hour / (output_throughput * 3600) * 1e6");
    g.field("usd_per_million_total_tokens", s.cost.usd_per_million_total_tokens, "$",
            "usd_per_hour / (total_token_throughput * 3600) * 1e6: input and output");
    g.field("usd_per_million_useful_tokens", s.cost.usd_per_million_useful_tokens, "$",
            "the same over output tokens of requests that met the slo");
  });
}

template <class S, class Visitor>
void visit_availability(S& s, Visitor& v) {
  v.group("availability", [&](auto& g) {
    auto& a = s.availability;
    g.field("failures", a.failures, "", "parts that failed, or became slower");
    g.field("repairs", a.repairs, "", "parts that were repaired");
    g.field("replicas_lost", a.replicas_lost, "", "replicas that failures took");
    g.field("largest_loss_gpus", a.largest_loss_gpus, "",
            "GPUs of all replicas that one failure took: its blast radius");
    g.field("requests_rerouted", a.requests_rerouted, "",
            "requests that lost their replica and were sent again, each time");
    g.field("tokens_lost", a.tokens_lost, "tokens", "of their prompts and answers, whose KV was lost");
    g.field("recoveries", a.recoveries, "", "times that no more requests were in flight again than before a loss");
    g.field("mean_recovery_s", a.mean_recovery_s, "s",
            "from a loss until then; before = the mean since the start, or the number at the loss if that is higher");
    g.field("longest_recovery_s", a.longest_recovery_s, "s", "the longest of them");
    g.field("recovering", a.recovering, "", "at the end of the run the fleet had not recovered yet");
    g.field("starts", a.starts, "", "replicas that started during the run");
    g.field("warm_starts", a.warm_starts, "", "warm spares that were put to work");
    g.field("drained", a.drained, "", "replicas that were emptied and switched off, or restarted for an upgrade");
    g.field("mean_start_s", a.mean_start_s, "s", "from the order for a replica until it takes requests");
    g.field("longest_start_s", a.longest_start_s, "s", "the longest of them");
    g.field("start_bytes", a.start_bytes, "B", "images and weights that were loaded over links");
    g.field("paid_gpu_hours", a.paid_gpu_hours, "GPU h",
            "from first arrival to last finish; 0 where the fleet stays as it is");
    g.field("open_share", a.open_share, "ratio", "of those, with a replica that took requests");
  });
}

template <class S, class Visitor>
void visit_energy(S& s, Visitor& v) {
  v.group("energy", [&](auto& g) {
    g.field("average_watts", s.energy.average_watts, "W",
            "pue * (server_watts + switch_watts), over the run's duration");
    g.field("peak_watts", s.energy.peak_watts, "W", "the same if every replica were in its costliest step at once");
    g.field("joules_per_output_token", s.energy.joules_per_output_token, "J",
            "average_watts / output_throughput; null without output");
    g.field("tokens_per_second_per_megawatt", s.energy.tokens_per_second_per_megawatt, "tok/s/MW",
            "output_throughput / average_watts: of what is drawn");
    g.field("kwh", s.energy.kwh, "kWh", "average_watts * duration");
    g.field("server_watts", s.energy.server_watts, "W", "of all pools' servers at the wall, average");
    g.field("switch_watts", s.energy.switch_watts, "W",
            "of the fabric; 0 within one node, or where it states no port_power");
    g.field("pue", s.energy.pue, "ratio", "power of the building over that of its machines");
    g.field("provisioned_watts", s.energy.provisioned_watts, "W",
            "what a data centre sets aside for these GPUs, all in; null where a system states nothing");
    g.field("tokens_per_second_per_provisioned_megawatt", s.energy.tokens_per_second_per_provisioned_megawatt,
            "tok/s/MW", "output_throughput / provisioned_watts");
    g.field("borrowed", s.energy.borrowed, "",
            "whose power figures stand in for a GPU or system that was not measured; empty where none do");
  });
}

template <class S, class Visitor>
void visit_run(S& s, Visitor& v) {
  v.group("envelope", [&](auto& g) {
    g.field("inside", s.envelope.inside, "", "is every deployment within the range of measurements it was fitted on?");
    g.field("nearest_points", s.envelope.nearest_points, "", "those measurements, in words");
    g.field("expected_error", s.envelope.expected_error, "ratio", "median absolute error of TPOT on them");
    g.field("reason", s.envelope.reason, "", "why it is outside, if it is");
  });
  v.group("sim", [&](auto& g) {
    g.field("version", s.sim.version, "", "of Flotilla");
    g.field("commit", s.sim.commit, "", "of Flotilla's source");
    g.field("simgrid_version", s.sim.simgrid_version, "", "");
    g.field("seed", s.sim.seed, "", "of all random streams");
    g.field("scenario_sha256", s.sim.scenario_sha256, "", "of the resolved scenario");
    g.field("wall_time_s", s.sim.wall_time_s, "s", "wall-clock time of the run");
    g.field("steps", s.sim.steps, "", "engine steps of all replicas");
    g.field("events", s.sim.events, "", "events of the simulation");
    g.field("peak_rss_mb", s.sim.peak_rss_mb, "MB", "most memory in use");
  });
  v.field("interrupted", s.interrupted, "", "was the run stopped before its end?");
  v.field("warnings", s.warnings, "", "what to know before trusting the figures");
}

template <class P, class Visitor>
void visit_pool(P& p, Visitor& v) {
  v.field("name", p.name, "", "pool");
  v.field("system", p.system, "", "system of its nodes");
  v.field("gpus", p.gpus, "", "GPUs in the pool");
  v.field("replicas", p.replicas, "", "replicas on it");
  v.field("utilization", p.utilization, "ratio", "share of its GPUs' time spent in steps");
  v.field("output_throughput", p.output_throughput, "tok/s", "output tokens made in the pool / duration");
  v.field("output_throughput_per_gpu", p.output_throughput_per_gpu, "tok/s/GPU", "the same per GPU");
  v.field("kv_mean_usage", p.kv_mean_usage, "ratio", "KV blocks in use / blocks, averaged over time");
  v.field("kv_peak_usage", p.kv_peak_usage, "ratio", "at its highest, in the fullest replica");
  v.field("usd_per_hour", p.usd_per_hour, "$", "price of its GPUs");
  v.field("average_watts", p.average_watts, "W",
          "of its servers at the wall: idle power of its GPUs' share of the nodes, and what work adds");
  v.field("peak_watts", p.peak_watts, "W", "the same if every replica were in its costliest step at once");
  v.field("gpu_watts", p.gpu_watts, "W", "of one GPU alone, average");
  v.field("racks", p.racks, "", "racks that its GPUs fill");
  v.field("rack_average_watts", p.rack_average_watts, "W", "its fullest rack's part of average_watts, by GPUs");
  v.field("rack_peak_watts", p.rack_peak_watts, "W", "and of peak_watts");
  v.field("usd_per_million_output_tokens", p.usd_per_million_output_tokens, "$",
          "this pool's usd_per_hour over the output tokens of requests that end in it; null without a price, or where "
          "none ends");
  v.field("usd_per_million_total_tokens", p.usd_per_million_total_tokens, "$", "the same over their input and output");
  v.field("usd_per_million_useful_tokens", p.usd_per_million_useful_tokens, "$",
          "the same over output tokens of those that met the slo");
  v.field("assumed_output_tok_s_per_gpu", p.assumed_output_tok_s_per_gpu, "tok/s/GPU",
          "what the scenario assumes for `show cost`; null where it assumes nothing");
}

template <class L, class Visitor>
void visit_link(L& l, Visitor& v) {
  v.field("name", l.name, "", "its two ends");
  v.field("kind", l.kind, "", "nvlink, c2c, pcie, cpu_link, nic_link or spine_link");
  v.field("bytes", l.bytes, "B", "carried in both directions: KV transfers, and the collectives inside replicas");
  v.field("mean_utilization", l.mean_utilization, "ratio",
          "bytes of the busier direction / (bandwidth of a direction * duration)");
  v.field("peak_utilization", l.peak_utilization, "ratio",
          "the same of flows alone, in the busiest second: KV, and collectives with fidelity: flows; analytic "
          "collectives take no capacity from them");
}

template <class P, class Visitor>
void visit_promise(P& p, Visitor& v) {
  v.field("metric", p.metric, "", "ttft, tpot or e2el");
  v.field("percentile", p.percentile, "%", "of the measured requests that were to meet it");
  v.field("limit_ms", p.limit_ms, "ms", "what was promised at most");
  v.field("found_ms", p.found_ms, "ms", "the metric at that percentile");
  v.field("kept", p.kept, "", "found_ms <= limit_ms");
}

}  // namespace flotilla::analysis

#include "analysis/summary/visit_tenants.hpp"

namespace flotilla::analysis {

/// `s` is a Summary or a const Summary.
template <class S, class Visitor>
void visit_summary(S& s, Visitor& v) {
  v.field("schema_version", s.schema_version, "", "of this file");
  visit_load(s, v);
  visit_totals(s, v);
  visit_latencies(s, v);
  v.field("gpus", s.gpus, "", "GPUs in all pools");
  v.field("goodput_ratio", s.goodput_ratio, "ratio",
          "measured requests that met every promise of the slo, or of their tenant's");
  v.list("slo", s.slo, [](auto& promise, auto& inner) { visit_promise(promise, inner); });
  visit_tenants(s, v);
  v.verdict("verdict", s.verdict, "",
            "stable, saturated (the queue grows through the run) or not_applicable (closed loop, offline, or too short "
            "to tell)");
  v.field("backlog_growth_per_s", s.backlog_growth_per_s, "1/s", "slope of the number of unfinished requests");
  v.field("output_throughput_per_gpu", s.output_throughput_per_gpu, "tok/s/GPU", "output_throughput / gpus");
  v.field("total_throughput_per_gpu", s.total_throughput_per_gpu, "tok/s/GPU", "total_token_throughput / gpus");
  visit_confidence(s, v);
  visit_shares(s, v);
  visit_why(s, v);
  visit_resources(s, v);
  visit_energy(s, v);
  v.list("pools", s.pools, [](auto& pool, auto& inner) { visit_pool(pool, inner); });
  v.group("kv_transfers", [&](auto& g) {
    g.field("count", s.kv_transfers.count, "", "prompts whose KV moved from a prefill to a decode replica");
    g.field("bytes", s.kv_transfers.bytes, "B", "of KV that moved");
    g.field("mean_wait_ms", s.kv_transfers.mean_wait_ms, "ms",
            "from the end of prefill until the decode side had memory");
    g.field("mean_ms", s.kv_transfers.mean_ms, "ms", "from then until the KV was there, mean");
    g.field("p99_ms", s.kv_transfers.p99_ms, "ms", "the same, 99th percentile");
    g.field("mean_alone_ms", s.kv_transfers.mean_alone_ms, "ms", "the mean if no other flow had been about");
    g.field("bottleneck", s.kv_transfers.bottleneck, "",
            "what they wait for: connector (the engine's software), or a kind of link");
  });
  visit_availability(s, v);
  v.list("links", s.links, [](auto& link, auto& inner) { visit_link(link, inner); });
  visit_run(s, v);
}

}  // namespace flotilla::analysis
