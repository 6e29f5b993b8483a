// How the measurements of experts were routed, so that a fit compares a kernel with the load that it really had.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "models/operators/moe.hpp"

namespace flotilla::analysis {

/// Loads of rank 0 as NVIDIA AIConfigurator's collector makes them (ai-dynamo/aiconfigurator, collector/helper.py,
/// balanced_logits and power_law_logits_v3):
/// - balanced: experts dealt in strides, so that no two tokens share one while there are experts left;
/// - power_law_a: loads drawn from density x^-a, over [1, 0.8 M] where there are more pairs than experts, else over
///   [0.01, 2]; scaled to M k, rounded, none above M, the busiest rank moved to rank 0. A measurement is the mean of
///   five draws; here the mean of sixteen from a generator of fixed seed.
class CollectedLoads {
 public:
  models::ExpertLoad load(const models::MoeShape&, const std::string& routing, int tokens);

 private:
  std::map<std::tuple<int, int, int, int, std::string>, models::ExpertLoad> known_;
};

}  // namespace flotilla::analysis
