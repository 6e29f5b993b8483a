// The small kernels between matrix multiplications: norms with residual additions, rotary embedding, KV write, gated
// activation.
#pragma once

#include "models/step_cost.hpp"

namespace flotilla::models {

/// Fitted per (GPU, engine).
struct ElementwiseCoefficients {
  double launch = 5e-6;  ///< seconds per layer: what the launches of its small kernels cost after overlap
  double memory_efficiency = 0.7;
  static const reader::Schema<ElementwiseCoefficients>& schema();
};

/// Widths of one layer on one GPU, after sharding, in elements per token.
struct ElementwiseShape {
  double hidden = 0;        ///< residual stream
  double attention = 0;     ///< q, k and v together
  double intermediate = 0;  ///< of the gated MLP, or of the shared expert: routed experts gate within their own kernel
};

/// launch + tokens * bytes / (bandwidth * e), per layer and GPU. Bytes per token, 2 per element: two norms that each
/// read input and residual and write both (16 * hidden); q, k and v read and written (4 * attention); the gate's two
/// inputs and its output (6 * intermediate).
CauseTimes elementwise_time(const ElementwiseCoefficients&, const ElementwiseShape&, double bandwidth, double tokens);

}  // namespace flotilla::models
