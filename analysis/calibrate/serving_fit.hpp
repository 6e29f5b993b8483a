// Scales of operator families, host and frontend terms, fitted on serving points through the steps their benchmark ran.
#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "analysis/calibrate/serving_points.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Fits, on top of the kernels in `calibration`:
/// - for all formats in common: attention, all_reduce, one_shot_efficiency;
/// - per weight format: launch, gemm_memory, gemm_compute; per experts' format: launch, memory, compute, skew;
/// - per range of releases: gpu_time, host a, b and floor >= 0, frontend >= 0.
/// A weak prior keeps what the points do not tell near the kernels. Formats without points: multiplications as measured
/// alone, the rest as the fitted ones.
void fit_serving(models::Calibration& calibration, const std::vector<ServingPoint>&);

/// Logarithms of predicted / measured, in the order of the points; NaN where a figure was not measured.
struct ServingErrors {
  Eigen::VectorXd tpot, ttft, throughput;
};
ServingErrors serving_errors(const models::Calibration&, const std::vector<ServingPoint>&);

/// Errors and their description per weight format, written into the calibration.
void set_statistics(models::Calibration&, const std::vector<ServingPoint>&);

/// Scales, host and frontend terms of a relative, where a GPU has no points of its own.
void inherit_serving(models::Calibration&, const models::Calibration& relative);

}  // namespace flotilla::analysis
