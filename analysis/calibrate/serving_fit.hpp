// Scales of operator families and host terms, fitted on serving points through the batches their benchmark ran.
#pragma once

#include <Eigen/Dense>
#include <vector>

#include "analysis/calibrate/serving_points.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Fits, on top of the kernels in `calibration`:
/// - for all formats in common: attention, all_reduce, one_shot_efficiency, floor of mixed steps;
/// - per set-up that was measured: host a, b >= 0;
/// - per weight format: launch, gemm_memory, gemm_compute.
/// A weak prior keeps what the points do not tell near the kernels. Formats without points: multiplications as
/// measured alone, the rest as the fitted ones.
void fit_serving(models::Calibration& calibration, const std::vector<ServingPoint>&);

/// Relative errors of TPOT, in the order of the points: predicted / measured - 1.
Eigen::VectorXd tpot_errors(const models::Calibration&, const std::vector<ServingPoint>&);

/// Errors and their description per weight format, written into the calibration.
void set_statistics(models::Calibration&, const std::vector<ServingPoint>&);

/// Scales and host terms of a relative, where a GPU has no points of its own.
void inherit_serving(models::Calibration&, const models::Calibration& relative);

}  // namespace flotilla::analysis
