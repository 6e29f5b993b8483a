#include "analysis/size.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "analysis/capacity.hpp"
#include "analysis/cli/arguments.hpp"

namespace flotilla::cli {

namespace {

void print_row(const analysis::Candidate& c) {
  const analysis::Summary& s = c.summary;
  const auto money = [](const std::optional<double>& usd, const char* format) {
    return usd ? fmt::format(fmt::runtime(format), *usd) : std::string("-");
  };
  if (!c.feasible) {
    const std::string stem = std::filesystem::path(c.scenario).stem().string();
    fmt::print("{:<26} TP {:<2} {}: {}\n", s.label.empty() ? stem : s.label, c.tensor_parallel_size,
               c.dearer ? "dearer" : "never", c.binding);
    return;
  }
  fmt::print("{:<26} TP {:<2}{:>9}{:>6}{:>10.0f}{:>10.0f}{:>10.2f}{:>10.2f}{:>8.1f}{:>8.1f}{:>11}{:>11}  {}\n", s.label,
             c.tensor_parallel_size, c.replicas, c.gpus, s.ttft.median, s.ttft.p99, s.tpot.median, s.tpot.p99,
             100 * (1 - s.time_share.idle), 100 * s.kv.peak_usage, money(s.cost.usd_per_month, "{:.0f}"),
             money(s.cost.usd_per_million_output_tokens, "{:.3f}"), c.binding);
}

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
  analysis::SizingPlan plan;
  app.add_option("SCENARIO [key=value]", words, "scenarios to compare, and changes to all of them")->required();
  app.add_option("--slo", promises, "promises, on figures of summary.json: 'p99_tpot_ms<=20'")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--tp", plan.tensor_parallel_sizes, "tensor-parallel sizes to try")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_flag("--all", plan.all,
               "search every fleet to its end; else those that cannot be cheaper than the best are given up");
  bool rate = false;
  app.add_flag("--rate", rate, "the other way round: the highest request rate that each fleet holds as it is written");
  parse(app, arguments);
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
  const auto candidates = analysis::smallest_fleets(scenarios, overrides, constraints, plan);
  if (terminal) fmt::print(stderr, "\r\033[K");

  const analysis::Candidate& best = candidates.front();
  if (best.feasible) {
    fmt::print("{}: {} replicas of TP {}, {} GPUs{}.\n\n", best.summary.label, best.replicas, best.tensor_parallel_size,
               best.gpus,
               best.summary.cost.usd_per_month ? fmt::format(", ${:.0f}/month", *best.summary.cost.usd_per_month) : "");
  } else {
    fmt::print("None of these fleets keeps its promises at any size.\n\n");
  }
  fmt::print("{:<26} {:<5}{:>9}{:>6}{:>10}{:>10}{:>10}{:>10}{:>8}{:>8}{:>11}{:>11}  {}\n", "fleet", "", "replicas",
             "GPUs", "TTFT p50", "TTFT p99", "TPOT p50", "TPOT p99", "busy %", "KV %", "$/month", "$/M out",
             "one replica fewer");
  for (const auto& c : candidates) print_row(c);
  if (best.feasible && !best.summary.envelope.inside)
    fmt::print("note: {} is outside what was calibrated: {}\n", best.summary.label, best.summary.envelope.reason);
  return best.feasible ? kOk : kRunFailed;
}

}  // namespace flotilla::cli
