#include "analysis/elasticities.hpp"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "analysis/crew.hpp"
#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

std::optional<double> change(double base, double improved) {
  return base > 0 ? std::optional(improved / base - 1) : std::nullopt;
}

}  // namespace

const std::vector<Improvement>& improvements() {
  using F = models::HardwareFactors;
  static const std::vector<Improvement> all = {{"hbm_bandwidth", &F::hbm_bandwidth, 1.1},
                                               {"compute", &F::compute, 1.1},
                                               {"network", &F::network, 1.1},
                                               {"host_time", &F::host_time, 0.9}};
  return all;
}

std::vector<Summary> run_improved(const LoadedScenario& loaded, int jobs, const std::atomic<bool>* interrupt) {
  const models::HardwareFactors written = loaded.scenario.what_if.value_or(models::HardwareFactors{});
  std::vector<std::size_t> items(improvements().size());
  std::iota(items.begin(), items.end(), std::size_t{0});
  std::vector<Summary> runs(items.size());
  const auto simulate = [&](std::size_t i) {
    const Improvement& better = improvements()[i];
    const double factor = written.*better.member * better.factor;
    return to_json(run_here(load_scenario(loaded.document, {fmt::format("what_if.{}={}", better.key, factor)}), {}))
        .dump();
  };
  const bool finished = run_all(items, {jobs, interrupt}, simulate, [&](std::size_t i, const Work& how) {
    if (!how.done)
      throw std::runtime_error(fmt::format("with what_if.{} changed: {}", improvements()[i].key, how.text));
    runs[i] = summary_from_json(nlohmann::ordered_json::parse(how.text));
  });
  return finished ? runs : std::vector<Summary>();
}

std::vector<ElasticitySummary> elasticities(const Summary& base, const std::vector<Summary>& improved) {
  std::vector<ElasticitySummary> all;
  for (std::size_t i = 0; i < improved.size(); ++i) {
    const Summary& s = improved[i];
    all.push_back({improvements()[i].key, improvements()[i].factor, change(base.ttft.mean, s.ttft.mean),
                   change(base.ttft.p99, s.ttft.p99), change(base.tpot.mean, s.tpot.mean),
                   change(base.tpot.p99, s.tpot.p99), change(base.e2el.mean, s.e2el.mean),
                   change(base.e2el.p99, s.e2el.p99), change(base.output_throughput, s.output_throughput)});
  }
  return all;
}

}  // namespace flotilla::analysis
