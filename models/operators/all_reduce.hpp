// All-reduce among the ranks of a tensor-parallel group inside one NVLink domain.
#pragma once

#include <vector>

#include "models/step_cost.hpp"

namespace flotilla::models {

/// Time against message size for one number of ranks: at most 8 knots, both rising. Between knots straight in log-log;
/// below the first knot constant (latency); beyond the last by bandwidth.
struct AllReduceCurve {
  int ranks = 2;
  std::vector<double> bytes;
  std::vector<double> seconds;
  static const reader::Schema<AllReduceCurve>& schema();
};

/// Decode steps move small messages with a one-shot kernel, fused with the norm that follows: every rank reads the
/// whole message of every other. Its bandwidth is fitted on serving points, because kernel tables were taken with other
/// kernels.
struct AllReduceCoefficients {
  std::vector<AllReduceCurve> curves;  ///< sorted by ranks, not empty
  double one_shot_efficiency = 0.7;    ///< share of NVLink's bandwidth per direction
  double one_shot_limit = 2097152;     ///< bytes of the largest message the one-shot kernel was seen to carry
  static const reader::Schema<AllReduceCoefficients>& schema();
};

double all_reduce_time(const AllReduceCurve&, double bytes);

/// For a number of ranks between the measured ones: straight in log2(ranks) between the neighbours; outside them the
/// nearest curve. One rank takes no time.
double all_reduce_time(const std::vector<AllReduceCurve>& curves, int ranks, double bytes);

/// one-shot, up to its limit: scale * curve's latency + (ranks - 1) * bytes / (nvlink * e)
/// larger: scale * curve, and never less than the one-shot kernel takes at its limit. Monotone in bytes.
double all_reduce_time(const AllReduceCoefficients&, double scale, int ranks, double nvlink, double bytes);

}  // namespace flotilla::models
