#include "analysis/calibrate/serving_fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "analysis/calibrate/least_squares.hpp"

namespace flotilla::analysis {
namespace {

using models::Calibration;

/// One fitted number: where it starts, its box, and how far it may stray before the prior counts like one point's error
/// of 3 %.
struct Parameter {
  double start, low, high, spread;
};

constexpr Parameter kAttention{1, 0.3, 3, 0.5};
constexpr Parameter kAllReduce{0.9, 0.1, 3, 0.4};
constexpr Parameter kOneShot{0.7, 0.2, 1.0, 0.3};
constexpr Parameter kPerStep{0.5e-3, 0, 5e-3, 2e-3};
constexpr Parameter kPerSequence{5e-6, 0, 200e-6, 20e-6};
constexpr Parameter kMixedFloor{0, 0, 2e-3, 1e-3};
constexpr Parameter kShared[] = {kAttention, kAllReduce, kOneShot, kMixedFloor};
constexpr Eigen::Index kFloorIndex = 3;
constexpr Parameter kPerSetup[] = {kPerStep, kPerSequence};
constexpr Parameter kLaunch{0.8, 0, 2, 0.5};
constexpr Parameter kGemm{0.95, 0.3, 2, 0.3};
constexpr Parameter kPerFormat[] = {kLaunch, kGemm, kGemm};
constexpr double kPriorWeight = 0.03;

std::string format_of(const ServingPoint& point) { return std::string(name_of(point.deployment.weights)); }

/// The weight formats among the points, each with the set-up it was measured in.
std::map<std::string, std::string> formats_of(const std::vector<ServingPoint>& points) {
  std::map<std::string, std::string> formats;
  for (const auto& point : points) formats.emplace(format_of(point), point.setup);
  return formats;
}

/// Where the numbers stand in the vector: shared, then per set-up, then per format.
struct Layout {
  explicit Layout(const std::vector<ServingPoint>& points) : setup_of(formats_of(points)) {
    parameters.assign(std::begin(kShared), std::end(kShared));
    for (const auto& [format, setup] : setup_of) {
      if (setups.count(setup)) continue;
      setups[setup] = static_cast<Eigen::Index>(parameters.size());
      parameters.insert(parameters.end(), std::begin(kPerSetup), std::end(kPerSetup));
    }
    for (const auto& [format, setup] : setup_of) {
      formats[format] = static_cast<Eigen::Index>(parameters.size());
      parameters.insert(parameters.end(), std::begin(kPerFormat), std::end(kPerFormat));
    }
  }

  void unpack(const Eigen::VectorXd& p, Calibration& calibration) const {
    calibration.all_reduce.one_shot_efficiency = p[2];
    for (const auto& [name, at] : formats) {
      auto& format = calibration.formats.at(name);
      format.scales = {p[at], p[at + 1], p[at + 2], p[0], p[1]};
      const auto host = setups.at(setup_of.at(name));
      const auto visible = [](double seconds) { return seconds < 1e-9 ? 0 : seconds; };
      format.host = {visible(p[host]), visible(p[host + 1]), visible(p[kFloorIndex])};
    }
  }

  std::map<std::string, std::string> setup_of;
  std::map<std::string, Eigen::Index> setups, formats;
  std::vector<Parameter> parameters;
};

/// Formats that no point covers keep their multiplications as measured alone; the rest goes with the engine, not the
/// format.
void fill_other_formats(Calibration& calibration, const std::map<std::string, std::string>& fitted) {
  models::OperatorScales scales = calibration.formats.at(fitted.begin()->first).scales;
  const auto host = calibration.formats.at(fitted.begin()->first).host;
  scales.launch = 0;
  for (const auto& [name, setup] : fitted)
    scales.launch += calibration.formats.at(name).scales.launch / static_cast<double>(fitted.size());
  scales.gemm_memory = 1;
  scales.gemm_compute = 1;
  for (auto& [name, format] : calibration.formats) {
    if (fitted.count(name) == 0) format.scales = scales, format.host = host;
  }
}

std::string describe(const std::vector<ServingPoint>& points) {
  std::set<std::string> models;
  std::set<int> tp;
  int low = 1 << 30, high = 0;
  for (const auto& point : points) {
    models.insert(point.model);
    tp.insert(point.deployment.tensor_parallel_size);
    low = std::min(low, point.load.concurrency);
    high = std::max(high, point.load.concurrency);
  }
  return fmt::format("{}, TP {}, concurrency {}-{}", fmt::join(models, ", "), fmt::join(tp, ", "), low, high);
}

}  // namespace

Eigen::VectorXd tpot_errors(const Calibration& calibration, const std::vector<ServingPoint>& points) {
  Eigen::VectorXd errors(static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) {
    models::StepCost cost(points[i].deployment, calibration);
    errors[static_cast<Eigen::Index>(i)] = predicted_latency(cost, points[i]).tpot / points[i].tpot - 1;
  }
  return errors;
}

void fit_serving(Calibration& calibration, const std::vector<ServingPoint>& points) {
  const Layout layout(points);
  const auto& box = layout.parameters;
  const auto size = static_cast<Eigen::Index>(box.size());
  FitProblem problem;
  problem.start.resize(size), problem.low.resize(size), problem.high.resize(size);
  for (Eigen::Index i = 0; i < size; ++i) {
    const auto& p = box[static_cast<std::size_t>(i)];
    problem.start[i] = p.start, problem.low[i] = p.low, problem.high[i] = p.high;
  }
  problem.outlier = 0.05;
  problem.residuals = [&](const Eigen::VectorXd& p) {
    Calibration trial = calibration;
    layout.unpack(p, trial);
    fill_other_formats(trial, layout.setup_of);
    const Eigen::VectorXd errors = (tpot_errors(trial, points).array() + 1).log();
    Eigen::VectorXd r(errors.size() + size);
    for (Eigen::Index i = 0; i < size; ++i) {
      const auto& prior = box[static_cast<std::size_t>(i)];
      r[errors.size() + i] = kPriorWeight * (p[i] - prior.start) / prior.spread;
    }
    r.head(errors.size()) = errors;
    return r;
  };
  // The floor acts only where it exceeds a step: from below it the fit would not see it.
  FitSolution best;
  for (const double floor : {0.1e-3, 0.7e-3}) {
    problem.start[kFloorIndex] = floor;
    const auto solution = fit(problem);
    if (best.parameters.size() == 0 || solution.loss < best.loss) best = solution;
  }
  layout.unpack(best.parameters, calibration);
  fill_other_formats(calibration, layout.setup_of);
}

void set_statistics(Calibration& calibration, const std::vector<ServingPoint>& points) {
  for (const auto& [name, setup] : formats_of(points)) {
    std::vector<ServingPoint> own;
    std::set<int> tp;
    for (const auto& point : points) {
      if (format_of(point) != name) continue;
      own.push_back(point);
      tp.insert(point.deployment.tensor_parallel_size);
    }
    const auto errors = tpot_errors(calibration, own);
    calibration.formats.at(name).tpot = {static_cast<int>(own.size()),
                                         absolute_quantile(errors, 0.5),
                                         absolute_quantile(errors, 0.9),
                                         describe(own),
                                         {tp.begin(), tp.end()}};
  }
}

void inherit_serving(Calibration& calibration, const Calibration& relative) {
  calibration.scales_from = relative.gpu;
  calibration.elementwise = relative.elementwise;
  calibration.all_reduce.one_shot_efficiency = relative.all_reduce.one_shot_efficiency;
  for (auto& [name, format] : calibration.formats) {
    format.scales = relative.formats.at(name).scales;
    format.host = relative.formats.at(name).host;
  }
}

}  // namespace flotilla::analysis
