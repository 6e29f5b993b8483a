// The experts of one sparse layer: routing, permutation, grouped multiplications over the experts that tokens reach.
#pragma once

#include <vector>

#include "models/operators/gemm.hpp"

namespace flotilla::models {

/// One layer's experts as one rank holds them: experts / ranks of them whole, each `intermediate` wide after sharding.
struct MoeShape {
  double hidden = 0;
  double intermediate = 0;  ///< of one expert, divided by the expert tensor-parallel size
  int experts = 0;          ///< routed experts of the layer, on all ranks together
  int experts_per_token = 0;
  int ranks = 1;  ///< expert-parallel size
  double weight_bytes_per_element = 2;
};

/// Fitted per (GPU, engine, weight format) on measured kernels.
struct MoeCoefficients {
  double compute_efficiency = 0.5;
  double memory_efficiency = 0.7;
  double launch = 20e-6;          ///< seconds: routing, permutation and both grouped multiplications
  double parallel_launch = 3e-6;  ///< seconds more where there are other ranks: their experts are masked out
  double sharpness = 2;           ///< q of the norm that joins compute and memory
  double padding = 32;            ///< tokens' worth of multiplication lost per touched expert: half-empty tiles
  double small_matrix = 1e6;      ///< S: an expert's weights below about this many elements do not reach the bandwidth
  double passes = 4;      ///< times that the hidden vector of each pair of this rank is moved, beside multiplications
  double all_passes = 2;  ///< the same for each pair of the step, this rank's or not: permutation, sum over experts
  static const reader::Schema<MoeCoefficients>& schema();
};

/// What the busiest rank meets.
struct ExpertLoad {
  double touched = 0;      ///< its experts that at least one token visits, expected
  double assignments = 0;  ///< (token, expert) pairs on it, expected
  double pairs = 0;  ///< pairs of all tokens handed to it: every token's where the ranks hold them all, its own where
                     ///< an exchange brought it these alone
};

/// M tokens choose `experts_per_token` = k of `experts` = E each, at random.
/// skew 0: all experts alike, touched = E * (1 - (1 - k/E)^M) on one rank.
/// skew a > 0: their popularities are the E quantiles of a power law, density ~ x^-a between 1 and 200: the law that
/// NVIDIA AIConfigurator draws the experts' loads of its kernel measurements from (collector/helper.py,
/// sample_power_law; exponent 1.2, spread 200 for small batches). No expert is chosen twice by a token.
/// Several ranks: a rank's load varies with the popularity of the experts that fell to it and with the tokens of the
/// step; the busiest of r lies above the mean by its standard deviation times the expected largest of r normal
/// variables, and meets as many experts as if the step had so many more tokens.
/// `pairs` is that of ranks that hold all tokens. All figures rise with the tokens.
ExpertLoad expert_load(const MoeShape&, double skew, double tokens);

/// The same for one shape and skew, asked for many numbers of tokens: popularities are worked out once.
class ExpertChoice {
 public:
  ExpertChoice() = default;
  ExpertChoice(const MoeShape&, double skew);
  [[nodiscard]] ExpertLoad load(double tokens) const;

 private:
  MoeShape shape_;
  struct Alike {
    double log_miss;  ///< logarithm of the chance that a token does not visit one of these experts
    double experts;   ///< how many
  };
  std::vector<Alike> popularities_;
  double variance_of_chances_ = 0;
  double variance_of_draws_ = 0;
};

/// launch + parallel_launch (ranks > 1) + (compute^q + memory^q)^(1/q), of the busiest rank:
/// compute = 2 * 3 * hidden * intermediate * (assignments + padding * touched) / (peak * e_c)
/// memory  = (touched * 3 * hidden * intermediate * weight bytes * (1 + S / (3 * hidden * intermediate))
///            + 2 bytes * hidden * (passes * assignments + all_passes * pairs)) / (bandwidth * e_m)
CauseTimes moe_time(const MoeCoefficients&, const MoeShape&, const Roofline&, const ExpertLoad&);
CauseTimes moe_time(const MoeCoefficients&, const MoeShape&, const Roofline&, double skew, double tokens);

}  // namespace flotilla::models
