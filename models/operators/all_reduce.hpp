// All-reduce among the ranks of a tensor-parallel group: a measured curve.
#pragma once

#include <vector>

#include "models/step_cost.hpp"

namespace flotilla::models {

/// Time against message size for one number of ranks: at most 8 knots, both rising. Between knots straight in log-log; below the
/// first knot constant (latency); beyond the last by bandwidth.
struct AllReduceCurve {
  int ranks = 2;
  std::vector<double> bytes;
  std::vector<double> seconds;
  static const reader::Schema<AllReduceCurve>& schema();
};

double all_reduce_time(const AllReduceCurve&, double bytes);

/// For a number of ranks between or beyond the measured ones: straight in log2(ranks) between the neighbours, and outside them the
/// nearest curve. `curves` is sorted by ranks and not empty. One rank takes no time.
double all_reduce_time(const std::vector<AllReduceCurve>& curves, int ranks, double bytes);

}  // namespace flotilla::models
