#include "analysis/run.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "analysis/output/progress.hpp"
#include "analysis/output/result_files.hpp"
#include "analysis/portable.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/summary/summarise.hpp"
#include "scenarios/reader/schema.hpp"
#include "sim/engine/invariant.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::analysis {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// First byte of what a child says: its summary, or how it failed.
enum class Outcome : char { kSummary = 'S', kInvariant = 'I', kInput = 'U', kFailure = 'F' };

void say(int fd, Outcome outcome, const std::string& text) {
  std::string message(1, static_cast<char>(outcome));
  message += text;
  for (std::size_t done = 0; done < message.size();) {
    const ssize_t n = write(fd, message.data() + done, message.size() - done);
    if (n < 0 && errno != EINTR) return;
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

[[noreturn]] void child(const LoadedScenario& loaded, bool step_by_step, int fd) {
  try {
    RunPlan plan;
    plan.options.step_by_step = step_by_step;
    say(fd, Outcome::kSummary, to_json(run_here(loaded, plan)).dump());
  } catch (const sim::InvariantError& e) {
    say(fd, Outcome::kInvariant, e.what());
  } catch (const InputError& e) {
    say(fd, Outcome::kInput, e.what());
  } catch (const std::exception& e) {
    say(fd, Outcome::kFailure, e.what());
  }
  // Not exit(): the parent's buffers and SimGrid's globals are not this child's to tear down.
  _exit(0);
}

/// Rows go to a file called requests.csv; a trace may well be called so, too.
void refuse_to_overwrite_the_trace(const LoadedScenario& loaded, const RunPlan& plan) {
  if (!plan.save_detailed || !loaded.scenario.workload.trace) return;
  const std::filesystem::path rows = std::filesystem::path(plan.output_directory) / kRowsFile;
  std::error_code ignored;
  if (!std::filesystem::equivalent(rows, loaded.scenario.workload.trace->path.resolve(), ignored)) return;
  loaded.document.fail("workload.trace.path", fmt::format("the rows of this run would overwrite the trace, {}", rows.string()),
                       "choose another directory with -o");
}

}  // namespace

LoadedScenario load_scenario(const std::string& path, const std::vector<std::string>& overrides) {
  return load_scenario(reader::Document::load(path), overrides);
}

LoadedScenario load_scenario(reader::Document document, const std::vector<std::string>& overrides) {
  const auto start = std::chrono::steady_clock::now();
  LoadedScenario loaded{std::move(document), {}, {}, {}, {}, 0, {}};
  for (const std::string& assignment : overrides) loaded.document.set(assignment);
  loaded.scenario = reader::read<sim::Scenario>(loaded.document.root());
  loaded.build = sim::build(loaded.scenario, loaded.document, loaded.origins);
  // What the build filled in keeps its own word for where it came from; the rest stands in the scenario or is a default.
  loaded.origins.merge(reader::origins_of(loaded.scenario, loaded.document.root()));
  loaded.resolved_yaml = reader::write_yaml(with_absolute_paths(loaded.scenario, loaded.document), loaded.origins);
  loaded.sha256 = scenario_sha256(loaded.scenario, loaded.document);
  loaded.load_seconds = seconds_since(start);
  return loaded;
}

Summary run_here(const LoadedScenario& loaded, const RunPlan& plan, WallTimes* times) {
  const auto start = std::chrono::steady_clock::now();
  sim::RunOptions options = plan.options;
  refuse_to_overwrite_the_trace(loaded, plan);
  ResultFiles files(plan.output_directory);
  if (plan.save_detailed) options.on_request = files.request_rows();
  Progress progress(plan.show_progress, loaded.scenario.workload);
  if (plan.show_progress) {
    options.on_progress = [&progress](double now, std::int64_t completed) { progress.show(now, completed); };
  }
  const auto source = sim::make_source(loaded.scenario.workload, static_cast<std::uint64_t>(loaded.scenario.seed));
  const sim::RunFacts facts = sim::simulate(loaded.scenario, loaded.build, *source, options);
  progress.done();
  const double simulated = seconds_since(start);
  Summary summary = summarise(loaded.scenario, loaded.build, facts, {loaded.sha256, seconds_since(start)});
  if (const sim::TraceReport* report = source->report()) add_trace_report(summary, *report);
  files.finish(summary, loaded.resolved_yaml);
  if (times != nullptr) *times = {loaded.load_seconds, simulated, seconds_since(start) - simulated};
  return summary;
}

Summary run_in_child(const LoadedScenario& loaded, bool step_by_step) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error(fmt::format("no pipe for a child process: {}", std::strerror(errno)));
  std::fflush(nullptr);  // what this process has printed must not be printed by the child as well
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error(fmt::format("no child process: {}", std::strerror(errno)));
  if (pid == 0) {
    close(ends[0]);
    child(loaded, step_by_step, ends[1]);
  }
  close(ends[1]);
  const std::string message = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (message.empty()) throw std::runtime_error(fmt::format("the simulation's process died (status {})", status));
  const std::string text = message.substr(1);
  switch (static_cast<Outcome>(message.front())) {
    case Outcome::kSummary: return summary_from_json(nlohmann::ordered_json::parse(text));
    case Outcome::kInvariant: throw sim::InvariantError::from_text(text);
    case Outcome::kInput: throw InputError({}, "", text);
    case Outcome::kFailure: break;
  }
  throw std::runtime_error(text);
}

}  // namespace flotilla::analysis
