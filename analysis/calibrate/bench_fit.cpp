#include "analysis/calibrate/bench_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "analysis/calibrate/least_squares.hpp"
#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {
namespace {

constexpr double kTtftWeight = 0.3;  // TTFT of a real server is noisier, and holds the network, too

void refuse_too_few(const std::vector<BenchResult>& results) {
  std::set<std::pair<int, double>> loads;
  for (const auto& r : results) loads.emplace(r.max_concurrency.value_or(0), r.request_rate.value_or(0));
  if (results.size() >= kFewestResults && loads.size() >= kFewestLoads) return;
  throw InputError({results.back().file, 0, 0}, "",
                   fmt::format("{} measurement{} at {} load{}: too few to tell GPU time from host time", results.size(),
                               results.size() == 1 ? "" : "s", loads.size(), loads.size() == 1 ? "" : "s"),
                   fmt::format("give at least {}, at {} or more concurrencies or rates: --bench FILE --bench FILE ...",
                               kFewestResults, kFewestLoads));
}

/// The scenario under one measurement's load.
LoadedScenario under_load_of(const LoadedScenario& scenario, const BenchResult& r) {
  std::vector<std::string> overrides{
      fmt::format("workload.num_prompts={}", r.num_prompts),
      fmt::format("workload.input_tokens={}", std::max(1L, std::lround(r.input_tokens))),
      fmt::format("workload.output_tokens={}", std::lround(r.output_tokens)),
      r.request_rate ? fmt::format("workload.request_rate={}", *r.request_rate) : "workload.request_rate=inf",
      "workload.warmup=0s",
  };
  if (r.max_concurrency) overrides.push_back(fmt::format("workload.max_concurrency={}", *r.max_concurrency));
  return load_scenario(scenario.document, overrides);
}

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
      errors[i] = std::log(summary.tpot.mean * 1e-3 / measured.mean_tpot);
      errors[size + i] = std::log(summary.ttft.mean * 1e-3 / measured.mean_ttft);
    }
    return errors;
  }

 private:
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

double median(const Eigen::VectorXd& logs) { return absolute_quantile(logs.array().exp() - 1, 0.5); }

}  // namespace

BenchFit fit_bench(const LoadedScenario& scenario, const std::vector<BenchResult>& results) {
  refuse_too_few(results);
  const auto cell = models::calibrated_cell(scenario.build.groups.front().deployment);
  BenchFit found;
  found.stock = cell.profile;
  const auto& stock = found.stock;
  Trial trial(scenario, results);
  const auto size = static_cast<Eigen::Index>(results.size());
  FitProblem problem;
  problem.start = Eigen::Vector3d(stock.gpu_time, stock.host.per_step, stock.frontend.per_request);
  problem.low = Eigen::Vector3d(0.3, 0, 0);
  problem.high = Eigen::Vector3d(3, 50e-3, 1);
  problem.max_iterations = 8;
  problem.residuals = [&](const Eigen::VectorXd& p) {
    Eigen::VectorXd errors = trial.errors(with_profile(*cell.calibration, stock, p));
    errors.tail(size) *= kTtftWeight;
    return errors;
  };
  const Eigen::VectorXd before = trial.errors(with_profile(*cell.calibration, stock, problem.start));
  found.stock_error = median(before.head(size));
  found.stock_ttft_error = median(before.tail(size));
  found.calibration = with_profile(*cell.calibration, stock, fit(problem).parameters);
  found.calibration.profiles.front().setup = fmt::format("corrected to {} measurements of one's own", results.size());
  const Eigen::VectorXd after = trial.errors(found.calibration);
  found.error = median(after.head(size));
  found.ttft_error = median(after.tail(size));
  return found;
}

std::string describe(const BenchFit& fit) {
  const auto& own = fit.calibration.profiles.front();
  return fmt::format(
      "GPU time      x{:.3f} (stock {:.3f})\n"
      "host          {:.3f} ms per step (stock {:.3f})\n"
      "frontend      {:.1f} ms per request (stock {:.1f})\n"
      "TPOT error    {:.1f} % (stock {:.1f} %), median\n"
      "TTFT error    {:.1f} % (stock {:.1f} %), median\n",
      own.gpu_time, fit.stock.gpu_time, own.host.per_step * 1e3, fit.stock.host.per_step * 1e3,
      own.frontend.per_request * 1e3, fit.stock.frontend.per_request * 1e3, 100 * fit.error, 100 * fit.stock_error,
      100 * fit.ttft_error, 100 * fit.stock_ttft_error);
}

}  // namespace flotilla::analysis
