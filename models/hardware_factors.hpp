// What if the hardware were a little better? Factors on what a GPU and its surroundings are, for elasticities and
// for hardware that is not on the market.
#pragma once

#include "models/gpu.hpp"

namespace flotilla::models {

/// 1 = as it is. Coefficients stay: kernels reach the same share of the new peak, and fixed times (launches, latencies
/// of the network) stay what they are, but for those of the host.
struct HardwareFactors {
  double hbm_bandwidth = 1;
  double compute = 1;    ///< dense peaks of all formats
  double network = 1;    ///< bandwidth of every link from NVLink to the spine, and of collectives
  double host_time = 1;  ///< of the engine's own time: scheduling, launching kernels, the frontend

  [[nodiscard]] bool changes_nothing() const {
    return hbm_bandwidth == 1 && compute == 1 && network == 1 && host_time == 1;
  }
  static const reader::Schema<HardwareFactors>& schema();
};

/// The GPU with other peaks and another memory; its links are the network's.
Gpu improved(Gpu gpu, const HardwareFactors& factors);

}  // namespace flotilla::models
