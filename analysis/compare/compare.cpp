#include "analysis/compare/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "analysis/crew.hpp"
#include "analysis/output/progress.hpp"
#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"

namespace flotilla::analysis {

namespace {

using Metric = std::optional<double>;

/// A latency of 0 stands for none: nothing was measured.
Metric measured(double value) { return value > 0 ? Metric(value) : std::nullopt; }

/// The runs of all contenders, seed after seed.
class Runs {
 public:
  explicit Runs(const CompareOptions& options) : options_(options) {
    comparison_.overrides = options.overrides;
    for (const std::string& path : options.scenarios) {
      const LoadedScenario loaded = load_scenario(path, options.overrides);  // a mistake is told before anything runs
      if (comparison_.contenders.empty()) first_seed_ = loaded.scenario.seed;
      comparison_.contenders.push_back({path, loaded.scenario.name, {}});
    }
    for (Contender& contender : comparison_.contenders) {
      const auto same = [&](const Contender& other) { return other.name == contender.name; };
      if (std::count_if(comparison_.contenders.begin(), comparison_.contenders.end(), same) > 1) ambiguous_ = true;
    }
    for (Contender& contender : comparison_.contenders) {
      if (ambiguous_) contender.name = contender.path;
    }
  }

  /// False where the user interrupted.
  bool extend_to(int seeds) {
    const std::size_t before = comparison_.seeds.size();
    while (comparison_.seeds.size() < static_cast<std::size_t>(seeds))
      comparison_.seeds.push_back(first_seed_ + static_cast<std::int64_t>(comparison_.seeds.size()));
    const std::size_t fresh = comparison_.seeds.size() - before;
    std::vector<std::size_t> items(fresh * comparison_.contenders.size());
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = i;
    for (Contender& contender : comparison_.contenders) contender.runs.resize(comparison_.seeds.size());
    Bar bar(options_.show_progress, "runs");
    std::size_t finished = 0;
    const auto contender_of = [&](std::size_t item) { return item % comparison_.contenders.size(); };
    const auto run_of = [&](std::size_t item) { return before + item / comparison_.contenders.size(); };
    return run_all(
        items, {options_.jobs, options_.interrupt},
        [&](std::size_t item) { return simulate(contender_of(item), comparison_.seeds[run_of(item)]); },
        [&](std::size_t item, const Work& work) {
          Contender& contender = comparison_.contenders[contender_of(item)];
          if (!work.done) {
            throw std::runtime_error(
                fmt::format("{} with seed {}: {}", contender.path, comparison_.seeds[run_of(item)], work.text));
          }
          contender.runs[run_of(item)] = summary_from_json(nlohmann::ordered_json::parse(work.text));
          bar.show(++finished, items.size());
        });
  }

  /// The half-width of the widest interval there is.
  double widest() {
    double widest = 0;
    weigh();
    const auto consider = [&](const std::optional<Interval>& interval, double scale) {
      if (interval && scale > 0) widest = std::max(widest, (interval->high - interval->low) / 2 / scale);
    };
    for (const auto& list : comparison_.differences) {
      for (const Difference& d : list) consider(d.relative.interval, 1);
    }
    if (!comparison_.differences.empty()) return widest;
    for (const ComparedMetric& metric : compared_metrics()) {
      std::vector<double> values;
      for (const Summary& s : comparison_.contenders.front().runs) values.push_back(metric.of(s).value_or(0));
      const Estimate estimate = estimate_mean(values);
      consider(estimate.interval, std::fabs(estimate.mean));
    }
    return widest;
  }

  void weigh() {
    comparison_.differences.clear();
    const Contender& first = comparison_.contenders.front();
    for (std::size_t c = 1; c < comparison_.contenders.size(); ++c) {
      const Contender& other = comparison_.contenders[c];
      comparison_.differences.push_back(differences_between(first, other));
      for (std::size_t i = 0; i < first.runs.size(); ++i) {
        const auto requests = [](const Summary& s) { return std::pair(s.num_prompts, s.total_input_tokens); };
        // What was refused counts as no input: then the requests may well be the same.
        const bool all = first.runs[i].failed == 0 && other.runs[i].failed == 0;
        if (all && requests(first.runs[i]) != requests(other.runs[i])) comparison_.same_requests = false;
      }
    }
  }

  Comparison& comparison() { return comparison_; }

 private:
  std::string simulate(std::size_t contender, std::int64_t seed) const {
    std::vector<std::string> overrides = options_.overrides;
    overrides.push_back(fmt::format("seed={}", seed));
    return to_json(run_here(load_scenario(options_.scenarios[contender], overrides), {})).dump();
  }

  const CompareOptions& options_;
  std::int64_t first_seed_ = 0;
  bool ambiguous_ = false;
  Comparison comparison_;
};

/// How many seeds the width asks for: it falls with their square root.
int seeds_for(int seeds, double widest, double width, int most) {
  const double wanted = std::ceil(seeds * (widest / width) * (widest / width));
  return static_cast<int>(std::min<double>(most, std::max<double>(seeds + 1, wanted)));
}

}  // namespace

const std::vector<ComparedMetric>& compared_metrics() {
  using S = const Summary&;
  static const std::vector<ComparedMetric> metrics{
      {"mean_ttft_ms", "mean TTFT (ms)", false, [](S s) { return measured(s.ttft.mean); }},
      {"p99_ttft_ms", "p99 TTFT (ms)", false, [](S s) { return measured(s.ttft.p99); }},
      {"mean_tpot_ms", "mean TPOT (ms)", false, [](S s) { return measured(s.tpot.mean); }},
      {"p99_tpot_ms", "p99 TPOT (ms)", false, [](S s) { return measured(s.tpot.p99); }},
      {"mean_e2el_ms", "mean E2EL (ms)", false, [](S s) { return measured(s.e2el.mean); }},
      {"p99_e2el_ms", "p99 E2EL (ms)", false, [](S s) { return measured(s.e2el.p99); }},
      {"output_throughput", "output tok/s", true, [](S s) { return measured(s.output_throughput); }},
      {"output_throughput_per_gpu", "output tok/s/GPU", true,
       [](S s) { return measured(s.output_throughput_per_gpu); }},
      {"request_goodput", "goodput (req/s)", true, [](S s) { return s.request_goodput; }},
      {"cost.usd_per_million_output_tokens", "$/M output tokens", false,
       [](S s) { return s.cost.usd_per_million_output_tokens; }},
  };
  return metrics;
}

bool Difference::distinguishable() const { return relative.interval && !relative.interval->holds(0); }

bool Difference::better() const {
  return distinguishable() && (relative.mean > 0) == compared_metrics()[metric].more_is_better;
}

std::vector<Difference> differences_between(const Contender& a, const Contender& b) {
  std::vector<Difference> differences;
  for (std::size_t m = 0; m < compared_metrics().size(); ++m) {
    std::vector<double> relative;
    for (std::size_t i = 0; i < std::min(a.runs.size(), b.runs.size()); ++i) {
      const auto from = compared_metrics()[m].of(a.runs[i]);
      const auto to = compared_metrics()[m].of(b.runs[i]);
      if (from && to && *from != 0) relative.push_back(*to / *from - 1);
    }
    if (!relative.empty() && relative.size() == a.runs.size()) differences.push_back({m, estimate_mean(relative)});
  }
  return differences;
}

std::optional<Comparison> compare(const CompareOptions& options) {
  Runs runs(options);
  int seeds = std::max(1, options.seeds);
  if (!runs.extend_to(seeds)) return std::nullopt;
  if (options.width) {
    for (double widest = runs.widest(); widest > *options.width; widest = runs.widest()) {
      if (seeds >= options.most_seeds) {
        runs.comparison().width_reached = false;
        break;
      }
      seeds = seeds_for(seeds, widest, *options.width, options.most_seeds);
      if (!runs.extend_to(seeds)) return std::nullopt;
    }
  }
  runs.weigh();
  return std::move(runs.comparison());
}

}  // namespace flotilla::analysis
