#include "models/collective_bytes.hpp"

#include "models/operators/expert_exchange.hpp"

namespace flotilla::models {

namespace {
constexpr double kActivationBytes = 2;  // BF16

double ring(int ranks) { return 2.0 * (ranks - 1) / ranks; }
}  // namespace

Bytes collective_bytes_per_token(const Deployment& d) {
  const double activations = kActivationBytes * d.llm.hidden;
  const int tp = d.tensor_parallel_size, ranks = d.expert_ranks();
  const int layers = d.llm.layers, sparse = d.llm.moe_layers;
  double bytes = layers * ring(tp) * activations;  // after attention
  bytes += (layers - sparse) * ring(tp) * activations;
  if (d.data_parallel_size == 1 && d.expert_parallel_size == 1) {
    bytes += sparse * ring(ranks) * activations;
  } else {
    bytes += sparse * 2.0 * d.llm.experts_per_token * (ranks - 1) / ranks * activations / tp;
  }
  return Bytes(bytes / d.pipeline_parallel_size);
}

CollectiveLoad collective_load(const Deployment& d, double rank_tokens, double group_tokens) {
  const double vector = kActivationBytes * d.llm.hidden;
  const int tp = d.tensor_parallel_size, stages = d.pipeline_parallel_size;
  const double dense = d.llm.dense_layers(), sparse = d.llm.moe_layers;
  const bool shares_experts = d.data_parallel_size > 1;
  CollectiveLoad load;
  // After attention and after the MLP; that of shared experts only where no attention rank has tokens of its own.
  load.tensor_ring = (2 * dense + (shares_experts ? 1 : 2) * sparse) * ring(tp) * rank_tokens * vector;
  if (shares_experts && d.engine.gathers_for_experts.get()) {
    load.stage_ring = sparse * ring(d.expert_ranks()) * group_tokens * vector;
  } else if (shares_experts) {
    const double copies = rank_tokens * exchange_destinations(d.expert_ranks(), d.llm.experts_per_token);
    load.exchange = sparse * copies * d.llm.hidden * (dispatch_bytes(d.weights) + kActivationBytes) / tp;
  }
  if (stages > 1) load.next_stage = stages * rank_tokens * vector / tp;
  return load;
}

}  // namespace flotilla::models
