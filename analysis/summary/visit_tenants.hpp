// The fields of a summary that speak of tenants and of models; see visit.hpp, which includes this.
#pragma once

#include <string>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

template <class T, class Visitor>
void visit_tenant(T& t, Visitor& v) {
  v.field("name", t.name, "", "tenant");
  v.field("model", t.model, "", "that it asks for");
  v.field("class", t.slo_class, "", "by which the router slo_class sends its requests; empty: none");
  v.field("priority", t.priority, "", "of its requests; the lower goes first where a scheduler policy looks at it");
  v.field("num_prompts", t.num_prompts, "requests", "that it sent");
  v.field("completed", t.completed, "requests", "that got all their tokens");
  v.field("failed", t.failed, "requests", "rejected, given up by the client, or lost with their replica");
  v.field("total_input_tokens", t.total_input_tokens, "tokens", "input tokens of its completed requests");
  v.field("total_output_tokens", t.total_output_tokens, "tokens", "output tokens of its completed requests");
  v.field("output_throughput", t.output_throughput, "tok/s", "its total_output_tokens / duration of the run");
  visit_distribution(t.ttft, "ttft", "its time to first token", v);
  visit_distribution(t.tpot, "tpot", "its time per output token", v);
  visit_distribution(t.e2el, "e2el", "its end-to-end latency", v);
  v.field("goodput_ratio", t.goodput_ratio, "ratio", "of its measured requests that met every promise of its own slo");
  v.list("slo", t.slo, [](auto& promise, auto& inner) { visit_promise(promise, inner); });
  v.field("usd_per_hour", t.usd_per_hour, "$",
          "its share of cost.usd_per_hour: by the price of the GPUs of the serving groups that it used, and in each by "
          "tokens; null without a price");
  v.field("usd_per_million_output_tokens", t.usd_per_million_output_tokens, "$",
          "usd_per_hour / (output_throughput * 3600) * 10^6; null without a price or output");
}

template <class M, class Visitor>
void visit_model(M& m, Visitor& v) {
  v.field("name", m.name, "", "model");
  v.field("gpus", m.gpus, "", "GPUs of the replicas that serve it");
  v.field("replicas", m.replicas, "", "that serve it");
  v.field("completed", m.completed, "requests", "of those that ask for it, that got all their tokens");
  v.field("failed", m.failed, "requests", "of those, rejected, given up by the client, or lost with their replica");
  v.field("total_input_tokens", m.total_input_tokens, "tokens", "of the completed ones");
  v.field("total_output_tokens", m.total_output_tokens, "tokens", "of the completed ones");
  v.field("output_throughput", m.output_throughput, "tok/s", "its total_output_tokens / duration of the run");
  v.field("output_throughput_per_gpu", m.output_throughput_per_gpu, "tok/s/GPU", "output_throughput / its gpus");
  v.field("usd_per_hour", m.usd_per_hour, "$", "sum of its tenants' shares; null without a price");
  v.field("usd_per_million_output_tokens", m.usd_per_million_output_tokens, "$",
          "usd_per_hour / (output_throughput * 3600) * 10^6; null without a price or output");
}

/// Absent from the file where there are none.
template <class S, class Visitor>
void visit_tenants(S& s, Visitor& v) {
  v.list_if_any("tenants", s.tenants, [](auto& tenant, auto& inner) { visit_tenant(tenant, inner); });
  v.list_if_any("models", s.models, [](auto& model, auto& inner) { visit_model(model, inner); });
}

}  // namespace flotilla::analysis
