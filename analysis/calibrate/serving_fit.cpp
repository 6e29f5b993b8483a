#include "analysis/calibrate/serving_fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "analysis/calibrate/least_squares.hpp"
#include "analysis/calibrate/release_ranges.hpp"

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
constexpr Parameter kPerStep{0.5e-3, 0, 10e-3, 2e-3};
constexpr Parameter kPerSequence{5e-6, 0, 300e-6, 20e-6};
constexpr Parameter kMixedFloor{1e-3, 0, 4e-3, 2e-3};  // from above: it acts only where it exceeds a step
constexpr Parameter kGpuTime{1, 0.6, 1.8, 0.1};
constexpr Parameter kPerRequest{15e-3, 0, 500e-3, 30e-3};
constexpr Parameter kPerInputToken{2e-6, 0, 50e-6, 5e-6};
constexpr Parameter kLaunch{0.8, 0, 2, 0.5};
constexpr Parameter kGemm{0.95, 0.3, 2.5, 0.3};
constexpr Parameter kExperts{1, 0.2, 4, 0.4};
constexpr Parameter kContext{0.6, 0.1, 1, 0.3};
constexpr Parameter kSkew{0.6, 0, 1.5, 0.5};
constexpr double kPriorWeight = 0.03;
constexpr double kTtftWeight = 0.3;  // TTFT holds queueing and the client, too
constexpr double kOutlier = 0.05;
constexpr int kFewestPoints = 12;  // behind a range of releases

/// A parameter, where its value goes, and whose predictions it can change.
struct Knob {
  std::string name;
  Parameter box;
  std::function<void(Calibration&, double)> set;
  std::function<bool(const models::CalibratedCell&)> touches;
};

/// Weight formats and experts' formats that the points touch, and whether any of their models has latent attention.
struct Touched {
  std::set<std::string> formats, experts;
  bool latent = false;
};

Touched touched_by(const Calibration& calibration, const std::vector<ServingPoint>& points) {
  Touched touched;
  for (const auto& point : points) {
    const auto cell = calibrated_cell(point.deployment, calibration);
    touched.formats.insert(cell.gemm);
    touched.formats.insert(cell.attention);
    touched.latent = touched.latent || cell.latent;
    if (!cell.experts.empty()) touched.experts.insert(cell.experts);
  }
  return touched;
}

void add_shared(std::vector<Knob>& knobs) {
  const auto everywhere = [](const models::CalibratedCell&) { return true; };
  knobs.push_back({"attention", kAttention,
                   [](Calibration& c, double v) {
                     for (auto& [name, format] : c.formats) format.scales.attention = v;
                   },
                   everywhere});
  knobs.push_back({"all_reduce", kAllReduce,
                   [](Calibration& c, double v) {
                     for (auto& [name, format] : c.formats) format.scales.all_reduce = v;
                   },
                   everywhere});
  knobs.push_back(
      {"one_shot", kOneShot, [](Calibration& c, double v) { c.all_reduce.one_shot_efficiency = v; }, everywhere});
}

/// Of latent attention over earlier chunks and cached prefixes, which only serving points show.
void add_latent(std::vector<Knob>& knobs) {
  knobs.push_back({"mla_prefill.context", kContext,
                   [](Calibration& c, double v) {
                     for (auto& [name, kernel] : c.mla_prefill) kernel.context_efficiency = v;
                   },
                   [](const models::CalibratedCell& cell) { return cell.latent; }});
}

void add_formats(std::vector<Knob>& knobs, const Touched& touched) {
  using Scales = models::OperatorScales;
  for (const auto& key : touched.formats) {
    // The vocabulary is projected in BF16 whatever the layers are in; launches of unfitted formats follow the fitted.
    const auto uses = [key](const models::CalibratedCell& cell) {
      return key == "bf16" || cell.gemm == key || cell.attention == key;
    };
    const auto add = [&](const char* what, const Parameter& box, double Scales::*member) {
      knobs.push_back({key + what, box,
                       [key, member](Calibration& c, double v) { c.formats.at(key).scales.*member = v; },
                       std::string(what) == ".launch" ? [](const models::CalibratedCell&) { return true; }
                                                      : std::function<bool(const models::CalibratedCell&)>(uses)});
    };
    add(".launch", kLaunch, &Scales::launch);
    add(".memory", kGemm, &Scales::gemm_memory);
    add(".compute", kGemm, &Scales::gemm_compute);
  }
  for (const auto& key : touched.experts) {
    const auto uses = [key](const models::CalibratedCell& cell) { return cell.experts == key; };
    const auto add = [&](const char* what, const Parameter& box, double models::ExpertScales::*member) {
      knobs.push_back({"experts " + key + what, box,
                       [key, member](Calibration& c, double v) { c.expert_scales[key].*member = v; }, uses});
    };
    add(".launch", kExperts, &models::ExpertScales::launch);
    add(".memory", kExperts, &models::ExpertScales::memory);
    add(".compute", kExperts, &models::ExpertScales::compute);
    add(".skew", kSkew, &models::ExpertScales::skew);
  }
}

double visible(double seconds) { return seconds < 1e-10 ? 0 : seconds; }

void add_profiles(std::vector<Knob>& knobs, const Calibration& calibration) {
  for (std::size_t i = 0; i < calibration.profiles.size(); ++i) {
    const auto name = calibration.profiles[i].from + " ";
    const auto add = [&](const char* what, const Parameter& box,
                         const std::function<double&(models::ServingProfile&)>& member) {
      knobs.push_back({name + what, box, [i, member](Calibration& c, double v) { member(c.profiles[i]) = visible(v); },
                       [from = calibration.profiles[i].from](const models::CalibratedCell& cell) {
                         return cell.profile.from == from;
                       }});
    };
    using P = models::ServingProfile;
    if (calibration.profiles.size() > 1) add("gpu_time", kGpuTime, [](P& p) -> double& { return p.gpu_time; });
    add("per_step", kPerStep, [](P& p) -> double& { return p.host.per_step; });
    add("per_sequence", kPerSequence, [](P& p) -> double& { return p.host.per_sequence; });
    add("mixed_floor", kMixedFloor, [](P& p) -> double& { return p.host.mixed_floor; });
    add("per_request", kPerRequest, [](P& p) -> double& { return p.frontend.per_request; });
    add("per_input_token", kPerInputToken, [](P& p) -> double& { return p.frontend.per_input_token; });
  }
}

/// Formats that no point covers keep their multiplications as measured alone; the rest goes with the engine, not the
/// format.
void fill_other_formats(Calibration& calibration, const std::set<std::string>& fitted) {
  models::OperatorScales scales = calibration.formats.at(*fitted.begin()).scales;
  scales.launch = 0;
  for (const auto& name : fitted)
    scales.launch += calibration.formats.at(name).scales.launch / static_cast<double>(fitted.size());
  scales.gemm_memory = 1;
  scales.gemm_compute = 1;
  for (auto& [name, format] : calibration.formats) {
    if (fitted.count(name) == 0) format.scales = scales;
  }
}

std::string describe(const std::vector<ServingPoint>& points) {
  std::set<std::string> models;
  std::set<int> tp;
  for (const auto& point : points) {
    models.insert(point.model);
    tp.insert(point.deployment.tensor_parallel_size);
  }
  return fmt::format("{}, TP {}", fmt::join(models, ", "), fmt::join(tp, ", "));
}

void apply(const std::vector<Knob>& knobs, const Eigen::VectorXd& values, const Touched& touched, Calibration& c) {
  for (std::size_t i = 0; i < knobs.size(); ++i) knobs[i].set(c, values[static_cast<Eigen::Index>(i)]);
  fill_other_formats(c, touched.formats);
}

/// Errors of all figures that were measured, TTFT counting less, then the prior.
Eigen::VectorXd residuals(const std::vector<Knob>& knobs, const Eigen::VectorXd& values, const ServingErrors& errors) {
  std::vector<double> r;
  for (Eigen::Index i = 0; i < errors.tpot.size(); ++i) {
    if (std::isfinite(errors.tpot[i])) r.push_back(errors.tpot[i]);
    if (std::isfinite(errors.ttft[i])) r.push_back(kTtftWeight * errors.ttft[i]);
    if (std::isfinite(errors.throughput[i])) r.push_back(errors.throughput[i]);
  }
  for (std::size_t i = 0; i < knobs.size(); ++i)
    r.push_back(kPriorWeight * (values[static_cast<Eigen::Index>(i)] - knobs[i].box.start) / knobs[i].box.spread);
  return Eigen::Map<Eigen::VectorXd>(r.data(), static_cast<Eigen::Index>(r.size()));
}

void set_error(const Calibration& calibration, const ServingPoint& point, ServingErrors& errors, Eigen::Index i) {
  const auto error = [](double predicted, double measured) {
    return measured > 0 ? std::log(predicted / measured) : std::numeric_limits<double>::quiet_NaN();
  };
  models::StepCost cost(point.deployment, calibration);
  const auto predicted = predict(cost, point);
  errors.tpot[i] = error(predicted.tpot, point.tpot);
  errors.ttft[i] = error(predicted.ttft, point.ttft);
  errors.throughput[i] = error(predicted.throughput, point.throughput);
}

std::string key_of(const models::CalibratedCell& cell) { return cell.experts.empty() ? cell.gemm : cell.experts; }

}  // namespace

ServingErrors serving_errors(const Calibration& calibration, const std::vector<ServingPoint>& points) {
  const auto size = static_cast<Eigen::Index>(points.size());
  ServingErrors errors{Eigen::VectorXd(size), Eigen::VectorXd(size), Eigen::VectorXd(size)};
  for (Eigen::Index i = 0; i < size; ++i) set_error(calibration, points[static_cast<std::size_t>(i)], errors, i);
  return errors;
}

void fit_serving(Calibration& calibration, const std::vector<ServingPoint>& points) {
  std::vector<std::string> releases;
  for (const auto& point : points) releases.push_back(point.deployment.engine_version);
  calibration.profiles = release_ranges(releases, kFewestPoints);
  const auto touched = touched_by(calibration, points);
  std::vector<Knob> knobs;
  add_shared(knobs);
  if (touched.latent) add_latent(knobs);
  add_formats(knobs, touched);
  add_profiles(knobs, calibration);

  const auto size = static_cast<Eigen::Index>(knobs.size());
  FitProblem problem;
  problem.start.resize(size), problem.low.resize(size), problem.high.resize(size);
  for (Eigen::Index i = 0; i < size; ++i) {
    const auto& box = knobs[static_cast<std::size_t>(i)].box;
    problem.start[i] = box.start, problem.low[i] = box.low, problem.high[i] = box.high;
  }
  problem.outlier = kOutlier;
  ServingErrors last;  // at the values last asked for in full
  problem.residuals = [&](const Eigen::VectorXd& values) {
    Calibration trial = calibration;
    apply(knobs, values, touched, trial);
    last = serving_errors(trial, points);
    return residuals(knobs, values, last);
  };
  std::vector<models::CalibratedCell> cells;
  for (const auto& point : points) cells.push_back(calibrated_cell(point.deployment, calibration));
  problem.residuals_after = [&](const Eigen::VectorXd& values, Eigen::Index changed, const Eigen::VectorXd&) {
    Calibration trial = calibration;
    apply(knobs, values, touched, trial);
    ServingErrors errors = last;  // the step that was accepted: the latest in full
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (knobs[static_cast<std::size_t>(changed)].touches(cells[i]))
        set_error(trial, points[i], errors, static_cast<Eigen::Index>(i));
    }
    return residuals(knobs, values, errors);
  };
  const auto best = fit(problem);
  apply(knobs, best.parameters, touched, calibration);
}

void set_statistics(Calibration& calibration, const std::vector<ServingPoint>& points) {
  std::map<std::string, std::vector<ServingPoint>> by_key;
  std::set<std::string> of_experts;
  for (const auto& point : points) {
    const auto cell = calibrated_cell(point.deployment, calibration);
    by_key[(cell.experts.empty() ? "d " : "e ") + key_of(cell)].push_back(point);
  }
  for (const auto& [tagged, own] : by_key) {
    std::set<int> tp;
    for (const auto& point : own) tp.insert(point.deployment.tensor_parallel_size);
    const auto errors = serving_errors(calibration, own);
    std::vector<double> known;
    for (Eigen::Index i = 0; i < errors.tpot.size(); ++i) {
      const double e = std::isfinite(errors.tpot[i]) ? errors.tpot[i] : errors.throughput[i];
      if (std::isfinite(e)) known.push_back(std::expm1(e));
    }
    const Eigen::VectorXd v = Eigen::Map<Eigen::VectorXd>(known.data(), static_cast<Eigen::Index>(known.size()));
    const models::FitStatistics statistics{static_cast<int>(own.size()),
                                           absolute_quantile(v, 0.5),
                                           absolute_quantile(v, 0.9),
                                           describe(own),
                                           {tp.begin(), tp.end()}};
    const auto key = tagged.substr(2);
    (tagged.front() == 'd' ? calibration.formats.at(key).tpot : calibration.expert_scales[key].tpot) = statistics;
  }
}

void inherit_serving(Calibration& calibration, const Calibration& relative) {
  calibration.scales_from = relative.gpu;
  calibration.elementwise = relative.elementwise;
  calibration.all_reduce.one_shot_efficiency = relative.all_reduce.one_shot_efficiency;
  calibration.profiles = relative.profiles;
  calibration.expert_scales = relative.expert_scales;
  for (auto& [key, scales] : calibration.expert_scales) scales.tpot = {};
  for (auto& [name, format] : calibration.formats) {
    if (relative.formats.count(name) != 0) format.scales = relative.formats.at(name).scales;
  }
}

}  // namespace flotilla::analysis
