#include "analysis/calibrate/bench_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "analysis/calibrate/bench_model.hpp"
#include "analysis/calibrate/least_squares.hpp"
#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {
namespace {

constexpr double kTtftWeight = 0.3;  // TTFT of a real server is noisier, and holds the network, too
constexpr double kPoorFit = 0.1;     // a median error of TPOT above which something else differs than speed

/// What is sought, and where: the factor on GPU time, seconds of host time per step, of the frontend per request.
const Eigen::Vector3d kLow(0.3, 0, 0);
const Eigen::Vector3d kHigh(3, 50e-3, 1);

/// Of absolute relative errors, given logarithms of simulated / measured.
double relative_quantile(const Eigen::VectorXd& logs, double share) {
  return absolute_quantile(logs.array().exp() - 1, share);
}

void refuse_too_few(const std::vector<BenchResult>& results) {
  std::set<std::pair<std::int64_t, double>> loads;
  for (const auto& r : results) loads.emplace(r.max_concurrency.value_or(0), r.request_rate.value_or(0));
  if (results.size() >= kFewestResults && loads.size() >= kFewestLoads) return;
  throw InputError(results.back().where, "",
                   fmt::format("{} measurement{} at {} load{}: too few to tell GPU time from host time", results.size(),
                               results.size() == 1 ? "" : "s", loads.size(), loads.size() == 1 ? "" : "s"),
                   fmt::format("give at least {}, at {} or more concurrencies or rates: --bench FILE FILE FILE",
                               kFewestResults, kFewestLoads));
}

/// The scenario under one measurement's load. What a prefix cache finds is the scenario's to say: no result has it.
LoadedScenario under_load_of(const LoadedScenario& scenario, const BenchResult& r) {
  std::string load = fmt::format("workload={{num_prompts: {}, input_tokens: {}, output_tokens: {}, request_rate: {}",
                                 r.requests, std::max(1LL, std::llround(r.input_tokens)), std::llround(r.output_tokens),
                                 r.request_rate ? fmt::format("{}", *r.request_rate) : "inf");
  if (r.max_concurrency) load += fmt::format(", max_concurrency: {}", *r.max_concurrency);
  if (r.burstiness) load += fmt::format(", burstiness: {}", *r.burstiness);
  if (const auto& hits = scenario.scenario.workload.prefix_cache_hit_rate)
    load += fmt::format(", prefix_cache_hit_rate: {}", *hits);
  try {
    return load_scenario(scenario.document, {load + "}"});
  } catch (const InputError& e) {  // the scenario itself has been read before: it is this load that does not go with it
    throw InputError(r.where, e.path(), e.message(), e.hint());
  }
}

/// The loads of all measurements, simulated with trial coefficients.
class Trial {
 public:
  Trial(const LoadedScenario& scenario, const std::vector<BenchResult>& results) : results_(results) {
    for (const auto& r : results) loads_.push_back(under_load_of(scenario, r));
  }

  /// Logarithms of simulated / measured: TPOT of each, then TTFT of each.
  Eigen::VectorXd errors(const models::Calibration& calibration) {
    const auto own = std::make_shared<const models::Calibration>(calibration);
    const auto size = static_cast<Eigen::Index>(results_.size());
    Eigen::VectorXd errors(2 * size);
    for (Eigen::Index i = 0; i < size; ++i) {
      auto& load = loads_[static_cast<std::size_t>(i)];
      const auto& measured = results_[static_cast<std::size_t>(i)];
      for (auto& group : load.build.groups) group.deployment.calibration = own;
      const Summary summary = run_in_child(load);
      refuse_losses(measured, summary);
      errors[i] = std::log(summary.tpot.mean * 1e-3 / measured.mean_tpot);
      errors[size + i] = std::log(summary.ttft.mean * 1e-3 / measured.mean_ttft);
    }
    return errors;
  }

 private:
  static void refuse_losses(const BenchResult& measured, const Summary& summary) {
    if (summary.completed == measured.requests) return;
    throw InputError(measured.where, "",
                     fmt::format("{} of its {} requests cannot be served by the scenario's deployment",
                                 measured.requests - summary.completed, measured.requests),
                     "is it the deployment that was measured? `flotilla check` says what fits");
  }

  const std::vector<BenchResult>& results_;
  std::vector<LoadedScenario> loads_;
};

models::Calibration with_profile(const models::Calibration& base, models::ServingProfile profile,
                                 const Eigen::VectorXd& p) {
  auto calibration = base;
  profile.gpu_time = p[0];
  profile.host.per_step = p[1];
  profile.frontend.per_request = p[2];
  calibration.profiles = {profile};
  return calibration;
}

/// The profile is of the release that was measured, and the errors are those of the measurements.
void sign(models::Calibration& calibration, const models::CalibratedCell& cell, const models::Deployment& d,
          const std::vector<BenchResult>& results, const Eigen::VectorXd& tpot_errors) {
  auto& profile = calibration.profiles.front();
  profile.from = profile.to = d.engine_version.empty() ? d.engine.version : d.engine_version;
  profile.setup = fmt::format("corrected to {} measurements of one's own", results.size());
  const models::FitStatistics own{static_cast<int>(results.size()),
                                  relative_quantile(tpot_errors, 0.5),
                                  relative_quantile(tpot_errors, 0.9),
                                  "measurements of one's own",
                                  {d.tensor_parallel_size}};
  if (cell.experts.empty()) {
    calibration.formats[cell.gemm].tpot = own;
  } else if (const auto found = calibration.expert_scales.find(cell.experts);
             found != calibration.expert_scales.end()) {
    found->second.tpot = own;
  }
}

std::vector<std::string> doubts_about(const models::Calibration& calibration, double tpot_error) {
  std::vector<std::string> doubts;
  const auto& own = calibration.profiles.front();
  const Eigen::Vector3d found(own.gpu_time, own.host.per_step, own.frontend.per_request);
  const char* const names[] = {"GPU time", "host time", "frontend time"};
  for (Eigen::Index i = 0; i < found.size(); ++i) {
    if (found[i] >= kHigh[i] || (kLow[i] > 0 && found[i] <= kLow[i]))
      doubts.push_back(fmt::format("The {} found stands at the limit of what is sought.", names[i]));
  }
  if (tpot_error > kPoorFit) doubts.emplace_back("No correction explains these measurements well.");
  if (!doubts.empty()) doubts.emplace_back("Is the scenario the deployment that was measured?");
  return doubts;
}

}  // namespace

BenchFit fit_bench(const LoadedScenario& scenario, const std::vector<BenchResult>& results) {
  if (scenario.build.groups.size() > 1)
    scenario.document.fail("serving", "several serving groups: measurements of the whole do not tell them apart",
                           "a scenario of the one group that was measured");
  const auto& deployment = scenario.build.groups.front().deployment;
  refuse_too_few(results);
  refuse_other_models(deployment.llm, results);
  const auto cell = models::calibrated_cell(deployment);
  BenchFit found;
  found.stock = cell.profile;
  const auto& stock = found.stock;
  Trial trial(scenario, results);
  const auto size = static_cast<Eigen::Index>(results.size());
  FitProblem problem;
  problem.start = Eigen::Vector3d(stock.gpu_time, stock.host.per_step, stock.frontend.per_request);
  problem.low = kLow;
  problem.high = kHigh;
  problem.max_iterations = 8;
  problem.residuals = [&](const Eigen::VectorXd& p) {
    Eigen::VectorXd errors = trial.errors(with_profile(*cell.calibration, stock, p));
    errors.tail(size) *= kTtftWeight;
    return errors;
  };
  const Eigen::VectorXd before = trial.errors(with_profile(*cell.calibration, stock, problem.start));
  found.stock_error = relative_quantile(before.head(size), 0.5);
  found.stock_ttft_error = relative_quantile(before.tail(size), 0.5);
  found.calibration = with_profile(*cell.calibration, stock, fit(problem).parameters);
  const Eigen::VectorXd after = trial.errors(found.calibration);
  found.error = relative_quantile(after.head(size), 0.5);
  found.ttft_error = relative_quantile(after.tail(size), 0.5);
  sign(found.calibration, cell, deployment, results, after.head(size));
  found.doubts = doubts_about(found.calibration, found.error);
  return found;
}

std::string describe(const BenchFit& fit) {
  const auto& own = fit.calibration.profiles.front();
  auto text = fmt::format(
      "GPU time      x{:.3f} (stock {:.3f})\n"
      "host          {:.3f} ms per step (stock {:.3f})\n"
      "frontend      {:.1f} ms per request (stock {:.1f})\n"
      "TPOT error    {:.1f} % (stock {:.1f} %), median\n"
      "TTFT error    {:.1f} % (stock {:.1f} %), median\n",
      own.gpu_time, fit.stock.gpu_time, own.host.per_step * 1e3, fit.stock.host.per_step * 1e3,
      own.frontend.per_request * 1e3, fit.stock.frontend.per_request * 1e3, 100 * fit.error, 100 * fit.stock_error,
      100 * fit.ttft_error, 100 * fit.stock_ttft_error);
  for (const auto& doubt : fit.doubts) text += doubt + "\n";
  return text;
}

}  // namespace flotilla::analysis
