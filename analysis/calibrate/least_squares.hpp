// Robust non-linear least squares inside a box: Levenberg-Marquardt on a soft-L1 loss.
#pragma once

#include <Eigen/Dense>
#include <functional>

namespace flotilla::analysis {

struct FitProblem {
  std::function<Eigen::VectorXd(const Eigen::VectorXd&)> residuals;
  /// Optional: the residuals at x, of which only parameter `changed` differs from the point of the latest call of
  /// `residuals`, where they were `before`. Spares the Jacobian what that parameter does not touch.
  std::function<Eigen::VectorXd(const Eigen::VectorXd& x, Eigen::Index changed, const Eigen::VectorXd& before)>
      residuals_after;
  Eigen::VectorXd start, low, high;
  double outlier = 0.1;  ///< residuals beyond about this count linearly, not squared
  int max_iterations = 60;
};

struct FitSolution {
  Eigen::VectorXd parameters;
  double loss = 0;  ///< sum of 2 f^2 (sqrt(1 + (r/f)^2) - 1), f = outlier
};

/// Deterministic. Jacobian by forward differences of 1e-6 of each box side.
FitSolution fit(const FitProblem&);

/// The quantile of absolute values, by linear interpolation; 0 of none.
double absolute_quantile(const Eigen::VectorXd&, double share);

}  // namespace flotilla::analysis
