#include "models/hardware_factors.hpp"

#include <type_traits>

#include "scenarios/reader/schema.hpp"

namespace flotilla::models {

const reader::Schema<HardwareFactors>& HardwareFactors::schema() {
  using F = HardwareFactors;
  constexpr double kLeast = 0.01, kMost = 100;
  static const auto s =
      reader::Schema<F>("what_if", "Factors on the hardware: 1 = as it is; results are outside what was measured")
          .key("hbm_bandwidth", &F::hbm_bandwidth, "on the bandwidth of GPU memory", {.min = kLeast, .max = kMost})
          .key("compute", &F::compute, "on the peaks of the tensor cores", {.min = kLeast, .max = kMost})
          .key("network", &F::network, "on the bandwidth of all links and collectives", {.min = kLeast, .max = kMost})
          .key("host_time", &F::host_time, "on the engine's own time: below 1 is faster",
               {.min = kLeast, .max = kMost});
  return s;
}

Gpu improved(Gpu gpu, const HardwareFactors& factors) {
  const auto scale = [](auto& figure, double factor) {
    using Figure = std::remove_cvref_t<decltype(figure.get())>;
    figure = {Figure(figure.value() * factor), figure.source};
  };
  scale(gpu.hbm_bandwidth, factors.hbm_bandwidth);
  for (auto* peak : {&gpu.bf16, &gpu.fp8, &gpu.fp4}) scale(*peak, factors.compute);
  return gpu;
}

}  // namespace flotilla::models
