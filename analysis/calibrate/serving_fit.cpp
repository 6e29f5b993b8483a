#include "analysis/calibrate/serving_fit.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analysis/calibrate/least_squares.hpp"

namespace flotilla::analysis {
namespace {

using models::Calibration;

/// One fitted number: where it starts, its box, and how far it may stray before the prior counts like one point's error of 3 %.
struct Parameter {
  double start, low, high, spread;
};

constexpr Parameter kAttention{1, 0.3, 3, 0.5};
constexpr Parameter kAllReduce{0.9, 0.1, 3, 0.4};
constexpr Parameter kOneShot{0.7, 0.2, 1.0, 0.3};
constexpr Parameter kPerStep{0.5e-3, 0, 5e-3, 2e-3};
constexpr Parameter kPerSequence{5e-6, 0, 200e-6, 20e-6};
constexpr Parameter kMixedFloor{30e-3, 0, 150e-3, 100e-3};
constexpr Parameter kShared[] = {kAttention, kAllReduce, kOneShot, kPerStep, kPerSequence, kMixedFloor};
constexpr Parameter kLaunch{0.8, 0, 2, 0.5};
constexpr Parameter kGemm{0.95, 0.3, 2, 0.3};
constexpr Parameter kPerFormat[] = {kLaunch, kGemm, kGemm};
constexpr double kPriorWeight = 0.03;

std::string format_of(const ServingPoint& point) { return std::string(name_of(point.deployment.weights)); }

std::set<std::string> formats_of(const std::vector<ServingPoint>& points) {
  std::set<std::string> formats;
  for (const auto& point : points) formats.insert(format_of(point));
  return formats;
}

std::vector<Parameter> parameters(const std::set<std::string>& formats) {
  std::vector<Parameter> all(std::begin(kShared), std::end(kShared));
  for (std::size_t i = 0; i < formats.size(); ++i) all.insert(all.end(), std::begin(kPerFormat), std::end(kPerFormat));
  return all;
}

void unpack(const Eigen::VectorXd& p, const std::set<std::string>& formats, Calibration& calibration) {
  calibration.all_reduce.one_shot_efficiency = p[2];
  calibration.host.per_step = p[3];
  calibration.host.per_sequence = p[4];
  calibration.host.mixed_floor = p[5];
  Eigen::Index at = std::size(kShared);
  for (const auto& name : formats) {
    calibration.formats.at(name).scales = {p[at], p[at + 1], p[at + 2], p[0], p[1]};
    at += std::size(kPerFormat);
  }
}

/// Geometric means for the formats that no point covers.
void fill_other_formats(Calibration& calibration, const std::set<std::string>& fitted) {
  models::OperatorScales mean{0, 0, 0, 0, 0};
  for (const auto& name : fitted) {
    const auto& s = calibration.formats.at(name).scales;
    mean.launch += s.launch / static_cast<double>(fitted.size());
    mean.gemm_memory += std::log(s.gemm_memory) / static_cast<double>(fitted.size());
    mean.gemm_compute += std::log(s.gemm_compute) / static_cast<double>(fitted.size());
    mean.attention = s.attention;
    mean.all_reduce = s.all_reduce;
  }
  mean.gemm_memory = std::exp(mean.gemm_memory);
  mean.gemm_compute = std::exp(mean.gemm_compute);
  for (auto& [name, format] : calibration.formats) {
    if (fitted.count(name) == 0) format.scales = mean;
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
    errors[static_cast<Eigen::Index>(i)] = predicted_tpot(cost, points[i]) / points[i].tpot - 1;
  }
  return errors;
}

void fit_serving(Calibration& calibration, const std::vector<ServingPoint>& points) {
  const auto formats = formats_of(points);
  const auto box = parameters(formats);
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
    unpack(p, formats, trial);
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
  for (const double floor : {10e-3, 60e-3}) {
    problem.start[5] = floor;
    const auto solution = fit(problem);
    if (best.parameters.size() == 0 || solution.loss < best.loss) best = solution;
  }
  unpack(best.parameters, formats, calibration);
  fill_other_formats(calibration, formats);
}

void set_statistics(Calibration& calibration, const std::vector<ServingPoint>& points) {
  for (const auto& name : formats_of(points)) {
    std::vector<ServingPoint> own;
    std::set<int> tp;
    for (const auto& point : points) {
      if (format_of(point) != name) continue;
      own.push_back(point);
      tp.insert(point.deployment.tensor_parallel_size);
    }
    const auto errors = tpot_errors(calibration, own);
    calibration.formats.at(name).tpot = {static_cast<int>(own.size()), absolute_quantile(errors, 0.5), absolute_quantile(errors, 0.9),
                                         describe(own), {tp.begin(), tp.end()}};
  }
}

void inherit_serving(Calibration& calibration, const Calibration& relative) {
  calibration.scales_from = relative.gpu;
  calibration.host = relative.host;
  calibration.elementwise = relative.elementwise;
  calibration.all_reduce.one_shot_efficiency = relative.all_reduce.one_shot_efficiency;
  for (auto& [name, format] : calibration.formats) format.scales = relative.formats.at(name).scales;
}

}  // namespace flotilla::analysis
