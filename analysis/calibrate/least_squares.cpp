#include "analysis/calibrate/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace flotilla::analysis {
namespace {

double loss_of(const Eigen::VectorXd& r, double outlier) {
  return (2 * outlier * outlier * ((1 + (r.array() / outlier).square()).sqrt() - 1)).sum();
}

Eigen::MatrixXd jacobian(const FitProblem& problem, const Eigen::VectorXd& x, const Eigen::VectorXd& r) {
  Eigen::MatrixXd j(r.size(), x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    auto moved = x;
    double step = 1e-6 * (problem.high[i] - problem.low[i]);
    if (moved[i] + step > problem.high[i]) step = -step;
    moved[i] += step;
    j.col(i) = ((problem.residuals_after ? problem.residuals_after(moved, i, r) : problem.residuals(moved)) - r) / step;
  }
  return j;
}

/// Parameters at a bound that the gradient pushes outwards do not take part in the step.
std::vector<Eigen::Index> free_parameters(const FitProblem& problem, const Eigen::VectorXd& x,
                                          const Eigen::VectorXd& gradient) {
  std::vector<Eigen::Index> free;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    if (x[i] <= problem.low[i] && gradient[i] > 0) continue;
    if (x[i] >= problem.high[i] && gradient[i] < 0) continue;
    free.push_back(i);
  }
  return free;
}

}  // namespace

FitSolution fit(const FitProblem& problem) {
  Eigen::VectorXd x = problem.start.cwiseMax(problem.low).cwiseMin(problem.high);
  Eigen::VectorXd r = problem.residuals(x);
  double loss = loss_of(r, problem.outlier);
  double damping = 1e-2;
  for (int iteration = 0; iteration < problem.max_iterations; ++iteration) {
    const Eigen::MatrixXd j = jacobian(problem, x, r);
    const Eigen::VectorXd weight = (1 + (r.array() / problem.outlier).square()).sqrt().inverse();
    const Eigen::VectorXd gradient = j.transpose() * weight.cwiseProduct(r);
    const auto free = free_parameters(problem, x, gradient);
    if (free.empty()) break;
    const Eigen::MatrixXd normal = (j.transpose() * weight.asDiagonal() * j)(free, free);
    const double before = loss;
    for (; damping < 1e10; damping *= 4) {
      Eigen::MatrixXd damped = normal;
      damped.diagonal() += damping * (normal.diagonal().array() + 1e-12).matrix();
      const Eigen::VectorXd step = damped.ldlt().solve(gradient(free));
      Eigen::VectorXd next = x;
      next(free) -= step;
      next = next.cwiseMax(problem.low).cwiseMin(problem.high);
      const Eigen::VectorXd next_r = problem.residuals(next);
      const double next_loss = loss_of(next_r, problem.outlier);
      if (next_loss >= loss) continue;
      x = next, r = next_r, loss = next_loss;
      damping = std::max(damping / 8, 1e-9);
      break;
    }
    if (before - loss < 1e-7 * before) break;
  }
  return {x, loss};
}

double absolute_quantile(const Eigen::VectorXd& values, double share) {
  if (values.size() == 0) return 0;
  std::vector<double> sorted(static_cast<std::size_t>(values.size()));
  for (Eigen::Index i = 0; i < values.size(); ++i) sorted[static_cast<std::size_t>(i)] = std::fabs(values[i]);
  std::sort(sorted.begin(), sorted.end());
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace flotilla::analysis
