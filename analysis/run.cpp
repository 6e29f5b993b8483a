#include "analysis/run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "analysis/child.hpp"
#include "analysis/elasticities.hpp"
#include "analysis/output/progress.hpp"
#include "analysis/output/result_files.hpp"
#include "analysis/output/timeseries.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/summary/summarise.hpp"
#include "analysis/summary/warmup.hpp"
#include "scenarios/reader/plain_text.hpp"
#include "scenarios/reader/schema.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::analysis {

namespace {

constexpr const char* kTraceLimits = "--trace-requests, --trace-steps, --trace-from and --trace-until choose";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Stopwatch {
 public:
  /// The time since the lap before, or since it was made.
  PhaseTime lap() {
    const PhaseTime time{seconds_since(wall_), cpu_seconds() - cpu_};
    *this = Stopwatch();
    return time;
  }

 private:
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_seconds();
};

/// Rows go to a file called requests.csv; a trace may well be called so, too. And what is drawn is a trace to its user.
void refuse_to_overwrite_the_trace(const LoadedScenario& loaded, const RunPlan& plan) {
  const auto loads = loaded.scenario.workload.loads();
  const auto refuse = [&](const std::filesystem::path& file, const char* what, const char* hint) {
    for (std::size_t i = 0; i < loads.size(); ++i) {
      std::error_code ignored;
      if (!loads[i]->trace || !std::filesystem::equivalent(file, loads[i]->trace->path.resolve(), ignored)) continue;
      loaded.document.fail(
          loaded.scenario.workload.tenants ? fmt::format("workload.tenants[{}].trace.path", i) : "workload.trace.path",
          fmt::format("{} would overwrite the trace, {}", what, file.string()), hint);
    }
  };
  if (plan.save_detailed)
    refuse(std::filesystem::path(plan.output_directory) / kRowsFile, "the rows of this run",
           "choose another directory with -o");
  if (!plan.trace.file.empty()) refuse(plan.trace.file, "the steps of this run", "choose another file for --trace");
}

std::vector<std::string> names_of_tenants(const sim::Scenario& scenario) {
  std::vector<std::string> names;
  if (scenario.workload.tenants)
    for (const sim::TenantSpec& tenant : *scenario.workload.tenants) names.push_back(tenant.name);
  return names;
}

/// Draws what is to be drawn; nothing where nobody asked.
std::unique_ptr<ChromeTrace> make_trace(const LoadedScenario& loaded, const RunPlan& plan, sim::RunOptions& options) {
  if (plan.trace.file.empty()) return nullptr;
  auto trace = std::make_unique<ChromeTrace>(plan.trace, loaded.scenario, loaded.build);
  options.listener = trace.get();
  options.on_request = [rows = std::move(options.on_request), drawn = trace.get()](const sim::Request& r,
                                                                                   sim::RequestStatus status) {
    if (rows) rows(r, status);
    drawn->request(r, status);
  };
  return trace;
}

/// The scenario to simulate: with a warm-up that is to be found, it is found, by a run without one.
sim::Scenario with_warmup(const LoadedScenario& loaded) {
  sim::Scenario scenario = loaded.scenario;
  if (!scenario.workload.warmup.automatic) return scenario;
  Child child([&] {
    const auto source = sim::make_source(scenario.workload, static_cast<std::uint64_t>(scenario.seed));
    const sim::RunFacts facts = sim::simulate(scenario, loaded.build, *source, {});
    return fmt::format("{}", found_warmup(facts.samples.e2el.values(), facts.arrival_window));
  });
  static_cast<Seconds&>(scenario.workload.warmup) = Seconds(std::stod(child.take()));
  return scenario;
}

}  // namespace

LoadedScenario load_scenario(const std::string& path, const std::vector<std::string>& overrides) {
  return load_scenario(reader::Document::load(path), overrides);
}

LoadedScenario load_scenario(reader::Document document, const std::vector<std::string>& overrides) {
  Stopwatch watch;
  LoadedScenario loaded{std::move(document), {}, {}, {}, {}, {}, {}, {}};
  for (const std::string& assignment : overrides) loaded.document.set(assignment);
  // Names go to terminals, which take such characters for commands, and to files of lines.
  reader::refuse_control_characters(loaded.document.root());
  loaded.scenario = reader::read<sim::Scenario>(loaded.document.root());
  loaded.build = sim::build(loaded.scenario, loaded.document, loaded.origins);
  // What the build filled in keeps its own word for where it came from; the rest stands in the scenario or is a
  // default.
  loaded.origins.merge(reader::origins_of(loaded.scenario, loaded.document.root()));
  loaded.resolved_yaml = reader::write_yaml(with_absolute_paths(loaded.scenario, loaded.document), loaded.origins);
  loaded.traces = states_of_traces(loaded.scenario);
  loaded.sha256 = scenario_sha256(loaded.scenario, loaded.document);
  loaded.load_time = watch.lap();
  return loaded;
}

Summary run_here(const LoadedScenario& loaded, const RunPlan& plan, RunTimes* times) {
  const auto start = std::chrono::steady_clock::now();
  RunTimes phases;
  phases.load = loaded.load_time;
  Stopwatch watch;
  sim::RunOptions options = plan.options;
  refuse_to_overwrite_the_trace(loaded, plan);
  ResultFiles files(plan.output_directory);
  if (plan.save_detailed) options.on_request = files.request_rows(names_of_tenants(loaded.scenario));
  const sim::Scenario scenario = with_warmup(loaded);
  // Before this process has an engine of its own, which its children could not use.
  std::vector<Summary> improved;
  if (plan.elasticity_jobs > 0) improved = run_improved(loaded, plan.elasticity_jobs, options.interrupt);
  const auto trace = make_trace(loaded, plan, options);
  Progress progress(plan.show_progress, loaded.scenario.workload);
  if (plan.show_progress) {
    options.on_progress = [&progress](double now, std::int64_t completed) { progress.show(now, completed); };
  }
  std::optional<sim::Timeline> timeline;
  if (!plan.output_directory.empty()) options.timeline = &timeline.emplace(loaded.scenario.fleet.pools.size());
  const auto source = sim::make_source(loaded.scenario.workload, static_cast<std::uint64_t>(loaded.scenario.seed));
  options.on_start = [&] {
    phases.set_up = watch.lap();
    phases.cpu_to_first_event = cpu_seconds();
  };
  const sim::RunFacts facts = sim::simulate(scenario, loaded.build, *source, options);
  progress.done();
  check_unchanged(loaded.traces);
  phases.simulate = watch.lap();
  Curves curves;
  Summary summary = summarise(scenario, loaded.build, facts, {loaded.sha256, seconds_since(start)}, &curves);
  summary.elasticities = elasticities(summary, improved);
  for (const sim::TraceReport* report : source->reports()) add_trace_report(summary, *report);
  files.finish(summary, curves, timeline ? timeseries_csv(*timeline, loaded.scenario, loaded.build) : "",
               loaded.resolved_yaml, facts.life);
  if (trace != nullptr) {
    const std::string left_out = trace->finish();
    if (!left_out.empty()) fmt::print(stderr, "flotilla: the trace {} ({})\n", left_out, kTraceLimits);
  }
  phases.summarise = watch.lap();
  if (times != nullptr) *times = phases;
  return summary;
}

Summary run_in_child(const LoadedScenario& loaded, bool step_by_step) {
  Child child([&] {
    RunPlan plan;
    plan.options.step_by_step = step_by_step;
    return to_json(run_here(loaded, plan)).dump();
  });
  return summary_from_json(nlohmann::ordered_json::parse(child.take()));
}

}  // namespace flotilla::analysis
