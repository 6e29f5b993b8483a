#include "analysis/calibrate/error_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/calibrate/least_squares.hpp"

namespace flotilla::analysis {

void ErrorTable::add(const models::Calibration& calibration, const std::vector<ServingPoint>& points) {
  const auto found = serving_errors(calibration, points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto model = fmt::format("{}, {}", points[i].model, name_of(points[i].deployment.weights));
    const auto keep = [&](const char* figure, const Eigen::VectorXd& logs) {
      const double log = logs[static_cast<Eigen::Index>(i)];
      if (std::isfinite(log)) errors_[{model, figure}].push_back(std::expm1(log));
    };
    keep("TPOT", found.tpot), keep("TTFT", found.ttft), keep("throughput", found.throughput);
  }
}

ErrorFigures figures_of(const std::vector<double>& errors) {
  ErrorFigures figures;
  figures.points = errors.size();
  if (errors.empty()) return figures;
  const Eigen::VectorXd values =
      Eigen::Map<const Eigen::VectorXd>(errors.data(), static_cast<Eigen::Index>(errors.size()));
  figures.median = absolute_quantile(values, 0.5);
  figures.p90 = absolute_quantile(values, 0.9);
  auto sorted = errors;
  std::sort(sorted.begin(), sorted.end());
  figures.bias = 0.5 * (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]);
  return figures;
}

}  // namespace flotilla::analysis
