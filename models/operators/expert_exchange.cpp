#include "models/operators/expert_exchange.hpp"

#include <cmath>

namespace flotilla::models {

const reader::Schema<ExchangeCoefficients>& ExchangeCoefficients::schema() {
  using C = ExchangeCoefficients;
  static const auto s =
      reader::Schema<C>("expert_exchange", "Dispatch of tokens to the ranks of their experts, and back")
          .key("latency", &C::latency, "fixed time of one direction", {.min = 0, .unit = "s"})
          .key("efficiency", &C::efficiency, "share of the bandwidth per GPU and direction",
               {.min = 0, .above_min = true});
  return s;
}

double exchange_destinations(int ranks, int experts_per_token) {
  if (ranks <= 1) return 0;
  const double r = ranks;
  return (r - 1) * (1 - std::pow(1 - 1 / r, experts_per_token));
}

double dispatch_bytes(NumberFormat weights) { return weights == NumberFormat::kBf16 ? 2 : 1; }

double expert_exchange_time(const ExchangeCoefficients& c, double bandwidth, int ranks, int experts_per_token,
                            double hidden, double dispatched, double tokens_per_rank) {
  if (ranks <= 1) return 0;
  constexpr double kCombineBytes = 2;
  const double vectors = tokens_per_rank * exchange_destinations(ranks, experts_per_token);
  return 2 * c.latency + vectors * hidden * (dispatched + kCombineBytes) / (bandwidth * c.efficiency);
}

}  // namespace flotilla::models
