#include "models/operators/moe.hpp"

#include <cmath>

namespace flotilla::models {

const reader::Schema<MoeCoefficients>& MoeCoefficients::schema() {
  using C = MoeCoefficients;
  static const auto s =
      reader::Schema<C>("moe", "The experts of a sparse layer")
          .key("compute_efficiency", &C::compute_efficiency, "share of the dense peak", {.min = 0, .above_min = true})
          .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
               {.min = 0, .above_min = true})
          .key("launch", &C::launch, "fixed time of the layer's kernels", {.min = 0, .unit = "s"})
          .key("parallel_launch", &C::parallel_launch, "fixed time more where there are other ranks",
               {.min = 0, .unit = "s"})
          .key("sharpness", &C::sharpness, "q of the norm that joins compute and memory", {.min = 1})
          .key("padding", &C::padding, "tokens' worth of multiplication lost per touched expert", {.min = 0})
          .key("small_matrix", &C::small_matrix, "elements below which the bandwidth is not reached", {.min = 0})
          .key("passes", &C::passes, "times that the hidden vector of a pair of the rank is moved", {.min = 0})
          .key("all_passes", &C::all_passes, "the same for every pair of the step", {.min = 0});
  return s;
}

CauseTimes moe_time(const MoeCoefficients& c, const MoeShape& shape, const Roofline& roof, const ExpertLoad& load) {
  CauseTimes time;
  if (load.assignments <= 0) return time;
  constexpr double kActivationBytes = 2;
  const double elements = 3 * shape.hidden * shape.intermediate;
  const double compute =
      2 * elements * (load.assignments + c.padding * load.touched) / (roof.peak * c.compute_efficiency);
  const double bytes = load.touched * (elements + c.small_matrix) * shape.weight_bytes_per_element +
                       kActivationBytes * shape.hidden * (c.passes * load.assignments + c.all_passes * load.pairs);
  const double memory = bytes / (roof.bandwidth * c.memory_efficiency);
  // The larger side is factored out, so that no power overflows.
  const double larger = std::fmax(compute, memory);
  const double smaller_power = std::pow(std::fmin(compute, memory) / larger, c.sharpness);
  const double joined = larger * std::pow(1 + smaller_power, 1 / c.sharpness);
  const double larger_part = joined / (1 + smaller_power);
  time.compute = compute > memory ? larger_part : joined - larger_part;
  time.memory = joined - time.compute;
  time.host = c.launch + (shape.ranks > 1 ? c.parallel_launch : 0);
  return time;
}

CauseTimes moe_time(const MoeCoefficients& c, const MoeShape& shape, const Roofline& roof, double skew, double tokens) {
  return moe_time(c, shape, roof, expert_load(shape, skew, tokens));
}

}  // namespace flotilla::models
