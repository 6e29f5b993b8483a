// What the fits of all operators share: rows of measured kernels, positive parameters fitted by their logarithms.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "analysis/calibrate/kernel_fits.hpp"
#include "analysis/calibrate/least_squares.hpp"

namespace flotilla::analysis {

/// Start, lowest and highest value of each parameter.
struct Positive {
  std::vector<double> start, low, high;
  [[nodiscard]] FitProblem problem() const {
    const auto logs = [](const std::vector<double>& v) -> Eigen::VectorXd {
      return Eigen::Map<const Eigen::VectorXd>(v.data(), static_cast<Eigen::Index>(v.size())).array().log();
    };
    FitProblem p;
    p.start = logs(start), p.low = logs(low), p.high = logs(high);
    return p;
  }
};

/// A measured row: a prediction is compared with `seconds`, and the relative error counts `weight`.
struct Timed {
  double seconds = 0;
  double weight = 1;
};

/// Logarithms of predicted over measured, in the order of the rows.
template <class Row>
Eigen::VectorXd log_errors(const std::vector<Row>& rows, const std::function<double(const Row&)>& predict) {
  Eigen::VectorXd r(static_cast<Eigen::Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i)
    r[static_cast<Eigen::Index>(i)] = std::log(predict(rows[i]) / rows[i].timed.seconds);
  return r;
}

inline KernelFitError statistics(const Eigen::VectorXd& errors) {
  return {static_cast<int>(errors.size()), absolute_quantile(errors, 0.5), absolute_quantile(errors, 0.9),
          errors.size() > 0 ? errors.mean() : 0};
}

/// To the four digits that are written, so that errors are of what is read back.
inline Eigen::VectorXd written(const Eigen::VectorXd& values) {
  return values.unaryExpr([](double v) { return std::strtod(fmt::format("{:.4g}", v).c_str(), nullptr); });
}

/// The coefficients that `unpack` makes of the best parameters.
template <class Row, class Coefficients>
Coefficients fit_rows(const std::vector<Row>& rows, const Positive& box, Coefficients (*unpack)(const Eigen::VectorXd&),
                      const std::function<double(const Coefficients&, const Row&)>& predict, KernelFitError& error) {
  const auto errors_of = [&](const Eigen::VectorXd& logs) {
    const auto c = unpack(logs.array().exp());
    return log_errors<Row>(rows, [&](const Row& row) { return predict(c, row); });
  };
  Eigen::VectorXd weights(static_cast<Eigen::Index>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) weights[static_cast<Eigen::Index>(i)] = rows[i].timed.weight;
  auto problem = box.problem();
  problem.residuals = [&](const Eigen::VectorXd& logs) -> Eigen::VectorXd {
    return errors_of(logs).cwiseProduct(weights);
  };
  const auto c = unpack(written(fit(problem).parameters.array().exp()));
  error = statistics(log_errors<Row>(rows, [&](const Row& row) { return predict(c, row); }));
  return c;
}

/// A row of the cell's GPU and framework.
inline bool in_cell(const Table& t, std::size_t row, const KernelCell& cell) {
  return t.text(row, "gpu") == cell.gpu_label && t.text(row, "framework") == cell.framework;
}

}  // namespace flotilla::analysis
