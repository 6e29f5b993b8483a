#include "models/operators/gemm.hpp"

#include <cmath>

namespace flotilla::models {

const reader::Schema<GemmCoefficients>& GemmCoefficients::schema() {
  using C = GemmCoefficients;
  static const auto s =
      reader::Schema<C>("gemm", "Roofline of a matrix multiplication")
          .key("compute_efficiency", &C::compute_efficiency, "share of the dense peak", {.min = 0, .above_min = true})
          .key("memory_efficiency", &C::memory_efficiency, "share of the memory bandwidth",
               {.min = 0, .above_min = true})
          .key("launch", &C::launch, "fixed time of one multiplication", {.min = 0, .unit = "s"})
          .key("sharpness", &C::sharpness, "q of the norm that joins compute and memory", {.min = 1})
          .key("idle_tiles", &C::idle_tiles, "tiles' worth of time lost per kernel", {.min = 0})
          .key("small_matrix", &C::small_matrix, "elements below which the bandwidth is not reached", {.min = 0});
  return s;
}

CauseTimes gemm_time(const GemmCoefficients& c, const GemmShape& shape, const Roofline& roof, double tokens) {
  constexpr double kTile = 128;
  constexpr double kActivationBytes = 2;
  const double elements = shape.n * shape.k;
  const double tiles = std::ceil(tokens / 64) / 2 * std::ceil(shape.n / kTile);
  const double compute = 2 * kTile * kTile * shape.k * (tiles + c.idle_tiles) / (roof.peak * c.compute_efficiency);
  const double bytes = elements * shape.weight_bytes_per_element + kActivationBytes * tokens * (shape.n + shape.k);
  const double memory = bytes * (1 + c.small_matrix / elements) / (roof.bandwidth * c.memory_efficiency);
  // The larger side is factored out, so that no power overflows.
  const double larger = std::fmax(compute, memory);
  const double smaller_power = std::pow(std::fmin(compute, memory) / larger, c.sharpness);
  const double joined = larger * std::pow(1 + smaller_power, 1 / c.sharpness);
  const double larger_part = joined / (1 + smaller_power);
  CauseTimes time;
  time.compute = compute > memory ? larger_part : joined - larger_part;
  time.memory = joined - time.compute;
  time.host = c.launch;
  return time;
}

}  // namespace flotilla::models
