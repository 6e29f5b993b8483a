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

CauseTimes elementwise_time(const ElementwiseCoefficients& c, const ElementwiseShape& shape, double bandwidth,
                            double tokens) {
  const double bytes = 16 * shape.hidden + 4 * shape.attention + 6 * shape.intermediate;
  CauseTimes time;
  time.host = c.launch;
  time.memory = tokens * bytes / (bandwidth * c.memory_efficiency);
  return time;
}

}  // namespace flotilla::models
