#include "models/cost.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace flotilla::models {

double usd_per_month(UsdPerHour per_gpu, int gpus) { return per_gpu.value() * gpus * kHoursPerMonth; }

double usd_per_million_tokens(UsdPerHour rate, double tokens_per_second) {
  if (tokens_per_second <= 0) return std::numeric_limits<double>::infinity();
  return rate.value() / (tokens_per_second * 3600) * 1e6;
}

int gpus_for(double demand_tokens_per_second, double per_gpu_tokens_per_second) {
  if (!(per_gpu_tokens_per_second > 0)) throw std::invalid_argument("tokens per second of a GPU must be positive");
  return static_cast<int>(std::ceil(demand_tokens_per_second / per_gpu_tokens_per_second));
}

}  // namespace flotilla::models
