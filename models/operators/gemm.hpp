// Matrix multiplication of M tokens with one weight matrix: a smooth roofline with six fitted coefficients.
#pragma once

#include "models/step_cost.hpp"

namespace flotilla::models {

/// Fitted per (GPU, engine, weight format) on measured kernels. Efficiencies are shares of the datasheet's dense peak
/// and bandwidth.
struct GemmCoefficients {
  double compute_efficiency = 0.7;
  double memory_efficiency = 0.8;
  double launch = 3e-6;  ///< seconds no matrix goes below; with it, quantising the activations where the engine does so
  double sharpness = 2;  ///< q of the norm that joins both sides of the roofline; 1 = they add up
  double idle_tiles = 30;     ///< T: tiles' worth of time lost while the last wave drains and the pipelines fill
  double small_matrix = 1e6;  ///< S: weights below about this many elements do not reach the bandwidth
  static const reader::Schema<GemmCoefficients>& schema();
};

/// y[M, n] = x[M, k] * w[k, n] on one GPU, after sharding.
struct GemmShape {
  double n = 0;
  double k = 0;
  double weight_bytes_per_element = 2;
};

/// What the formula needs of the GPU: datasheet figures, not effective ones.
struct Roofline {
  double peak = 0;       ///< FLOP/s of the cores that multiply this format
  double bandwidth = 0;  ///< bytes/s of the GPU's memory
};

/// tiles   = ceil(M/64)/2 * ceil(n/128)
/// compute = 2 * 128 * 128 * k * (tiles + T) / (peak * e_c)
/// memory  = (weight bytes + 2 bytes per activation in and out) * (1 + S/(n*k)) / (bandwidth * e_m)
/// time    = launch + (compute^q + memory^q)^(1/q)
/// Monotone in M. The roofline part is split between memory and compute in proportion to their q-th powers; launch is
/// host.
CauseTimes gemm_time(const GemmCoefficients&, const GemmShape&, const Roofline&, double tokens);

}  // namespace flotilla::models
