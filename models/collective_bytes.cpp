#include "models/collective_bytes.hpp"

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

}  // namespace flotilla::models
