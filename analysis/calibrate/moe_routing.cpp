#include "analysis/calibrate/moe_routing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <set>
#include <vector>

namespace flotilla::analysis {
namespace {

using models::ExpertLoad;
using models::MoeShape;

ExpertLoad balanced(const MoeShape& shape, int tokens) {
  const int experts = shape.experts, k = shape.experts_per_token, local = experts / shape.ranks;
  const int stride = (experts + k - 1) / k;
  std::set<int> touched;
  ExpertLoad load;
  load.pairs = static_cast<double>(tokens) * k;
  for (int token = 0; token < tokens; ++token) {
    for (int i = 0; i < k; ++i) {
      const double first = tokens >= stride ? token : static_cast<double>(token) * stride / tokens;
      const int expert = static_cast<int>(first + static_cast<double>(i) * stride) % experts;
      if (expert >= local) continue;
      touched.insert(expert);
      load.assignments += 1;
    }
  }
  load.touched = static_cast<double>(touched.size());
  return load;
}

/// Adds `step` to one expert of each rank in turn, the least loaded (or the most, where it takes away), until
/// `remaining` are dealt.
void adjust(std::vector<int>& counts, int ranks, int remaining, int step, int limit) {
  const auto local = static_cast<std::ptrdiff_t>(counts.size()) / ranks;
  const auto less = [step](int a, int b) { return step * a < step * b; };
  for (bool progress = true; remaining > 0 && progress;) {
    progress = false;
    for (int rank = 0; rank < ranks && remaining > 0; ++rank) {
      const auto begin = counts.begin() + rank * local;
      const auto chosen = std::min_element(begin, begin + local, less);
      if (step > 0 ? *chosen >= limit : *chosen <= 0) continue;
      *chosen += step;
      --remaining;
      progress = true;
    }
  }
}

ExpertLoad drawn(const MoeShape& shape, double alpha, int tokens, std::mt19937& random) {
  const int pairs = tokens * shape.experts_per_token;
  const bool many = pairs > shape.experts;
  const double low = std::pow(many ? 1.0 : 0.01, 1 - alpha), high = std::pow(many ? 0.8 * tokens : 2.0, 1 - alpha);
  std::vector<double> weights;
  for (int i = 0; i < shape.experts; ++i) {
    const double uniform = static_cast<double>(random()) / 4294967296.0;
    weights.push_back(std::pow((high - low) * uniform + low, 1 / (1 - alpha)));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int> counts;
  int overflow = 0;
  for (const double w : weights) {
    const int count = static_cast<int>(std::nearbyint(w / sum * pairs));
    overflow += std::max(0, count - tokens);
    counts.push_back(std::min(count, tokens));
  }
  adjust(counts, shape.ranks, overflow, 1, tokens);
  const int delta = pairs - std::accumulate(counts.begin(), counts.end(), 0);
  adjust(counts, shape.ranks, std::abs(delta), delta > 0 ? 1 : -1, tokens);
  ExpertLoad busiest;
  busiest.pairs = pairs;
  const auto local = static_cast<std::ptrdiff_t>(counts.size()) / shape.ranks;
  for (auto at = counts.begin(); at != counts.end(); at += local) {
    const double assignments = std::accumulate(at, at + local, 0.0);
    if (assignments <= busiest.assignments) continue;
    busiest.assignments = assignments;
    busiest.touched = static_cast<double>(local - std::count(at, at + local, 0));
  }
  return busiest;
}

}  // namespace

ExpertLoad CollectedLoads::load(const MoeShape& shape, const std::string& routing, int tokens) {
  auto [entry, fresh] = known_.try_emplace({shape.experts, shape.experts_per_token, shape.ranks, tokens, routing});
  auto& load = entry->second;
  if (!fresh) return load;
  const std::string prefix = "power_law_";
  if (routing.rfind(prefix, 0) != 0) return load = balanced(shape, tokens);
  constexpr int kDraws = 16;
  std::mt19937 random(1);
  const double alpha = std::strtod(routing.c_str() + prefix.size(), nullptr);
  for (int i = 0; i < kDraws; ++i) {
    const auto one = drawn(shape, alpha, tokens, random);
    load.touched += one.touched / kDraws;
    load.assignments += one.assignments / kDraws;
    load.pairs = one.pairs;
  }
  return load;
}

}  // namespace flotilla::analysis
