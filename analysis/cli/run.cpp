#include "analysis/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/interrupt.hpp"
#include "analysis/output/terminal.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::cli {

namespace {

void print_stats(const analysis::Summary& s, const analysis::RunTimes& t) {
  fmt::print(stderr, "{:10} {:>10} {:>10}\n", "seconds", "wall", "cpu");
  const auto phase = [](const char* what, const analysis::PhaseTime& time) {
    fmt::print(stderr, "{:10} {:10.3f} {:10.3f}\n", what, time.wall, time.cpu);
  };
  phase("load", t.load);
  phase("set up", t.set_up);
  phase("simulate", t.simulate);
  phase("summarise", t.summarise);
  fmt::print(stderr, "the first event came after {:.3f} s of processor time\n", t.cpu_to_first_event);
  const auto per_second = [&](auto count) { return static_cast<double>(count) / t.simulate.wall; };
  fmt::print(
      stderr,
      "while simulating: {} requests, {:.0f}/s; {} steps, {:.3g}/s; {} events, {:.3g}/s; {:.0f} MB at the most\n",
      s.completed, per_second(s.completed), s.sim.steps, per_second(s.sim.steps), s.sim.events,
      per_second(s.sim.events), s.sim.peak_rss_mb);
}

/// As typed: with units.
struct TraceWords {
  std::string from, until;
};

void add_trace(CLI::App& app, analysis::TracePlan& plan, TraceWords& window) {
  app.add_option("--trace", plan.file,
                 "draw steps, requests and counters into this file, for the Perfetto UI (*.gz: compressed)");
  app.add_option("--trace-requests", plan.requests, "requests to draw, at most, in the order of leaving")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--trace-steps", plan.steps, "steps and stretches of decode steps to draw, at most")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--trace-from", window.from, "draw what happens from this simulated time on: 90s, 5min");
  app.add_option("--trace-until", window.until, "and what begins before this one");
}

/// What happened to one request, and why.
void print_story(const sim::Story& story) {
  if (story.lines().empty()) {
    fmt::print("\nRequest {} never came: the run has fewer requests (they count from 0).\n", story.request());
    return;
  }
  fmt::print("\nWhat happened to request {}, and why (ms since it came; it came at {:.6f} s)\n", story.request(),
             story.lines().front().at);
  for (const sim::Story::Line& line : story.lines())
    fmt::print("{:>12.1f}  {}\n", 1000 * (line.at - story.lines().front().at), line.text);
}

void read_window(const TraceWords& words, analysis::TracePlan& plan) {
  const auto read = [](const char* option, const std::string& text, double& into) {
    if (text.empty()) return;
    try {
      into = parse_seconds(text).value();
    } catch (const UnitError& error) {
      throw UsageError(fmt::format("flotilla run: {}: {}{}{}", option, error.message(),
                                   error.hint().empty() ? "" : "; ", error.hint()));
    }
  };
  read("--trace-from", words.from, plan.from);
  read("--trace-until", words.until, plan.until);
  if (plan.from >= plan.until) throw UsageError("flotilla run: --trace-until must come after --trace-from");
}

}  // namespace

int run(const Arguments& arguments) {
  CLI::App app("Simulates a scenario and prints what happened.", "flotilla run");
  ScenarioArguments scenario;
  analysis::RunPlan plan;
  std::string seed;
  TraceWords window;
  bool quiet = false;
  bool stats = false;
  add_scenario(app, scenario);
  app.add_option("-o,--output", plan.output_directory,
                 "directory for summary.json, distributions.json, timeseries.csv, resolved.yaml, requests.csv");
  app.add_option("--seed", seed, "seed of every random stream, instead of the scenario's");
  app.add_flag("--save-detailed", plan.save_detailed, "write requests.csv, a row per request (needs -o)");
  app.add_flag("--step-by-step", plan.options.step_by_step, "walk through every decode step: slow, same results");
  bool elasticities = false;
  app.add_flag(
      "--elasticities", elasticities,
      "say what would help most: run again with 10 % more HBM bandwidth, compute, network, and less host time");
  std::optional<std::int64_t> explain;
  app.add_option("--explain", explain, "say what happened to this request and why: its id, as requests.csv has it")
      ->check(CLI::NonNegativeNumber);
  add_trace(app, plan.trace, window);
  app.add_flag("--stats", stats, "say on stderr where the time went and how fast the simulation ran");
  app.add_flag("-q,--quiet", quiet, "print nothing but errors");
  parse(app, arguments);
  if (plan.save_detailed && plan.output_directory.empty())
    throw UsageError("flotilla run: --save-detailed needs -o DIR");
  read_window(window, plan.trace);
  if (!seed.empty()) scenario.overrides.push_back("seed=" + seed);

  const analysis::LoadedScenario loaded = analysis::load_scenario(scenario.path, scenario.overrides);
  plan.show_progress = !quiet && isatty(STDERR_FILENO) != 0;
  plan.options.interrupt = &watch_for_interrupt();
  if (elasticities) plan.elasticity_jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::optional<sim::Story> story;
  if (explain) plan.options.story = &story.emplace(*explain);
  analysis::RunTimes times;
  const analysis::Summary summary = analysis::run_here(loaded, plan, &times);
  if (!quiet) fmt::print("{}", analysis::terminal_block(summary));
  if (story) print_story(*story);
  if (stats) print_stats(summary, times);
  return summary.interrupted ? kInterrupted : kOk;
}

}  // namespace flotilla::cli
