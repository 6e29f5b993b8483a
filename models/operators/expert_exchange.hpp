// Dispatch and combine of expert parallelism under attention data parallelism: tokens travel to the ranks of their
// experts and back.
#pragma once

#include "models/step_cost.hpp"

namespace flotilla::models {

/// Fitted per (GPU, engine) on measured all-to-alls.
struct ExchangeCoefficients {
  double latency = 15e-6;   ///< seconds of one direction
  double efficiency = 0.5;  ///< share of the bandwidth per GPU and direction
  static const reader::Schema<ExchangeCoefficients>& schema();
};

/// Other ranks that a token is sent to: with k experts drawn over r ranks, (r - 1) * (1 - (1 - 1/r)^k).
double exchange_destinations(int ranks, int experts_per_token);

/// Of an element of the hidden vector on its way to an expert: FP8 where the weights are quantised.
double dispatch_bytes(NumberFormat weights);

/// Both directions. A token is sent to each of the other ranks that hold one of its experts, once: with E experts over
/// r ranks and k per token, r * (1 - (1 - 1/r)^k) ranks, (r-1)/r of them others. Dispatch moves `dispatched` bytes per
/// element of the hidden vector, combine 2.
double expert_exchange_time(const ExchangeCoefficients&, double bandwidth, int ranks, int experts_per_token,
                            double hidden, double dispatched, double tokens_per_rank);

}  // namespace flotilla::models
