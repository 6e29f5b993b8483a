#include "models/operators/elementwise.hpp"

namespace flotilla::models {

const reader::Schema<ElementwiseCoefficients>& ElementwiseCoefficients::schema() {
  using C = ElementwiseCoefficients;
  static const auto s = reader::Schema<C>("elementwise", "Norms, rotary embedding, KV write, activation")
                            .key("launch", &C::launch, "fixed time per layer", {.min = 0, .unit = "s"})
                            .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
                                 {.min = 0, .above_min = true});
  return s;
}

CauseTimes elementwise_time(const ElementwiseCoefficients& c, const Llm& llm, int tensor_parallel_size,
                            double bandwidth, double tokens) {
  const double tp = tensor_parallel_size;
  const double heads = llm.heads / tp + 2.0 * kv_heads_per_gpu(llm, tensor_parallel_size);
  const double bytes = 16.0 * llm.hidden + 4 * heads * llm.head_dim + 6 * llm.intermediate / tp;
  CauseTimes time;
  time.host = c.launch;
  time.memory = tokens * bytes / (bandwidth * c.memory_efficiency);
  return time;
}

}  // namespace flotilla::models
