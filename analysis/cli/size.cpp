
#include "analysis/size/size.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/size/capacity.hpp"

namespace flotilla::cli {

namespace {

/// How much each of the fleets holds, as it is written.
int print_capacities(const std::vector<std::string>& scenarios, const std::vector<std::string>& overrides,
                     const std::vector<analysis::Constraint>& constraints, const analysis::SizingPlan& plan,
                     bool terminal) {
  bool all = true;
  for (const std::string& scenario : scenarios) {
    const analysis::Capacity c = analysis::capacity_of(scenario, overrides, constraints, plan.progress);
    if (terminal) fmt::print(stderr, "\r\033[K");
    const std::string fleet = fmt::format("{} on {} GPUs", c.summary.label, c.summary.gpus);
    all = all && c.rate > 0;
    if (c.rate == 0) {
      fmt::print("{} keeps its promises at no rate: at {:.3g} requests/s {}\n", fleet, c.broken, c.binding);
      continue;
    }
    fmt::print("{} holds {:.4g} requests/s", fleet, c.rate);
    if (c.broken > 0) fmt::print("; at {:.4g} {}", c.broken, c.binding);
    const auto usd = c.summary.cost.usd_per_million_output_tokens;
    fmt::print(" ({:.0f} output tok/s per GPU{})\n", c.summary.output_throughput_per_gpu,
               usd ? fmt::format(", ${:.3f} per million", *usd) : "");
    if (!c.summary.envelope.inside)
      fmt::print("note: {} is outside what was calibrated: {}\n", c.summary.label, c.summary.envelope.reason);
  }
  return all ? kOk : kRunFailed;
}

}  // namespace

int size(const Arguments& arguments) {
  CLI::App app("Finds the smallest fleet that keeps its promises, for each scenario and tensor-parallel size.",
               "flotilla size");
  std::vector<std::string> words;
  std::vector<std::string> promises;
  std::string directory;
  analysis::SizingPlan plan;
  plan.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  app.add_option("SCENARIO [key=value]", words,
                 "scenarios to compare, and changes to all of them; key=a,b,c tries each value, as in a sweep")
      ->required();
  app.add_option("--slo", promises, "promises, on figures of summary.json: 'p99_tpot_ms<=20'")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--tp", plan.tensor_parallel_sizes,
                 "tensor-parallel sizes to try; where prefill and decode are apart, those of the scenario")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  std::string least = "cost";
  app.add_option("--least", least, "what the best fleet has least of: cost, gpus or watts (their rated power)")
      ->check(CLI::IsMember({"cost", "gpus", "watts"}))
      ->capture_default_str();
  app.add_option("--seeds", plan.seeds,
                 "replications of each fleet; with several, promises must hold with 95 % confidence")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("-j,--jobs", plan.jobs, "seeds at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_flag("--all", plan.all,
               "search every fleet to its end; else those that cannot be cheaper than the best are given up");
  bool rate = false;
  app.add_flag("--rate", rate, "the other way round: the highest request rate that each fleet holds as it is written");
  app.add_option("-o,--output", directory, "directory for size.json, which `flotilla report` shows");
  parse(app, arguments);
  if (least != "cost") plan.least = least == "gpus" ? analysis::Least::kGpus : analysis::Least::kWatts;
  std::vector<std::string> scenarios;
  std::vector<std::string> overrides;
  for (const std::string& word : words) (word.find('=') == std::string::npos ? scenarios : overrides).push_back(word);
  if (scenarios.empty()) throw UsageError("flotilla size: which scenario?");
  std::vector<analysis::Constraint> constraints;
  try {
    for (const std::string& promise : promises) constraints.push_back(analysis::parse_constraint(promise));
  } catch (const std::invalid_argument& e) {
    throw UsageError(fmt::format("flotilla size: --slo {}", e.what()));
  }

  const bool terminal = isatty(STDERR_FILENO) != 0;
  plan.progress = [&](const std::string& what) {
    if (terminal) fmt::print(stderr, "\r\033[K{}", what);
  };
  if (rate) return print_capacities(scenarios, overrides, constraints, plan, terminal);
  if (!directory.empty()) analysis::make_directory(directory);
  const auto candidates = analysis::smallest_fleets(scenarios, overrides, constraints, plan);
  const analysis::Candidate& best = candidates.front();
  const analysis::Headroom headroom =
      best.feasible ? analysis::headroom_of(best, constraints, plan.progress) : analysis::Headroom{};
  if (terminal) fmt::print(stderr, "\r\033[K");
  fmt::print("{}", analysis::sizing_terminal(candidates, headroom));
  if (!directory.empty()) {
    analysis::write_whole_file(directory + "/size.json",
                               analysis::sizing_json(candidates, constraints, plan, arguments, headroom));
  }
  return best.feasible ? kOk : kRunFailed;
}

}  // namespace flotilla::cli
