// Money per month and per token, as the articles reckon it.
#pragma once

#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// Hours of a month: 365 * 24 / 12. The articles' figure, too.
inline constexpr double kHoursPerMonth = 730;

/// A fleet that runs all month: rate * GPUs * 730.
double usd_per_month(UsdPerHour per_gpu, int gpus);

/// rate / (tokens per second * 3600) * 1e6; rate and tokens of one GPU, or both of a fleet. 0 tokens: infinity.
double usd_per_million_tokens(UsdPerHour rate, double tokens_per_second);

/// GPUs that a demand needs if each delivers `per_gpu`: the articles' sizing, rounded up. Throws std::invalid_argument
/// unless per_gpu > 0.
int gpus_for(double demand_tokens_per_second, double per_gpu_tokens_per_second);

}  // namespace flotilla::models
