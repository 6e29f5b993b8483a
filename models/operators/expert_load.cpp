#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "models/operators/moe.hpp"

namespace flotilla::models {
namespace {

/// Popularities, one per expert, rising.
std::vector<double> popularities(int experts, double skew) {
  constexpr double kSpread = 200;
  std::vector<double> weights;
  for (int i = 0; i < experts; ++i) {
    const double quantile = (i + 0.5) / experts;
    if (skew == 0)
      weights.push_back(1);
    else if (skew == 1)
      weights.push_back(std::pow(kSpread, quantile));
    else
      weights.push_back(std::pow(1 + quantile * (std::pow(kSpread, 1 - skew) - 1), 1 / (1 - skew)));
  }
  return weights;
}

/// The chance that a token visits each expert: in proportion to popularity, none above 1, together `per_token`.
std::vector<double> visit_chances(const MoeShape& shape, double skew) {
  auto chances = popularities(shape.experts, skew);
  double left = shape.experts_per_token, sum = 0;
  for (const double w : chances) sum += w;
  for (auto chance = chances.rbegin(); chance != chances.rend(); ++chance) {
    const double weight = *chance;
    *chance = std::min(1.0, weight * left / sum);
    // What an expert cannot take falls to those after it.
    left -= *chance;
    sum -= weight;
    if (sum <= 0) break;
  }
  return chances;
}

/// Expected largest of r independent normal variables, by log2 r up to 1,024 (Tippett 1925; integrals of the density).
double expected_largest(int r) {
  constexpr std::array kLargest = {0.0, 0.5642, 1.0294, 1.4236, 1.7660, 2.0697, 2.3437, 2.5946, 2.8269, 3.0439, 3.2482};
  const double at = std::min(std::log2(static_cast<double>(r)), static_cast<double>(kLargest.size() - 1));
  const auto below = std::min(static_cast<std::size_t>(at), kLargest.size() - 2);
  return kLargest[below] + (at - static_cast<double>(below)) * (kLargest[below + 1] - kLargest[below]);
}

}  // namespace

ExpertChoice::ExpertChoice(const MoeShape& shape, double skew) : shape_(shape) {
  const double mean = static_cast<double>(shape.experts_per_token) / shape.experts;
  for (const double q : visit_chances(shape, skew)) {
    variance_of_chances_ += (q - mean) * (q - mean);
    variance_of_draws_ += q * (1 - q);
    const double log_miss = q < 1 ? std::log1p(-q) : -std::numeric_limits<double>::infinity();
    if (popularities_.empty() || popularities_.back().log_miss != log_miss) popularities_.push_back({log_miss, 0});
    popularities_.back().experts += 1;
  }
}

ExpertLoad ExpertChoice::load(double tokens) const {
  if (tokens <= 0) return {};
  const double ranks = shape_.ranks, k = shape_.experts_per_token, experts = shape_.experts;
  ExpertLoad load;
  load.pairs = tokens * k;
  load.assignments = load.pairs / ranks;
  if (shape_.ranks > 1) {
    // Experts are dealt to the ranks without replacement, hence E - 1.
    const double dealt = variance_of_chances_ / ranks * (1 - 1 / ranks) * experts / (experts - 1);
    const double drawn = variance_of_draws_ / ranks * (1 - 1 / ranks);
    load.assignments += expected_largest(shape_.ranks) * std::sqrt(tokens * tokens * dealt + tokens * drawn);
    load.assignments = std::min(load.assignments, tokens * std::min(k, experts / ranks));
  }
  const double as_if_tokens = load.assignments * ranks / k;
  for (const auto& alike : popularities_)
    load.touched -= alike.experts * std::expm1(alike.log_miss * as_if_tokens) / ranks;
  return load;
}

ExpertLoad expert_load(const MoeShape& shape, double skew, double tokens) {
  return ExpertChoice(shape, skew).load(tokens);
}

}  // namespace flotilla::models
