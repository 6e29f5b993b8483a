// From a scenario file to a summary: load, resolve, build, simulate, summarise. In this process (once), or in a child,
// because SimGrid allows one engine per process.
#pragma once

#include <string>
#include <vector>

#include "analysis/output/chrome_trace.hpp"
#include "analysis/portable.hpp"
#include "analysis/summary/summary.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// Seconds on the wall's clock and of the processor.
struct PhaseTime {
  double wall = 0;
  double cpu = 0;
};

/// A scenario that has been read, resolved and found possible.
struct LoadedScenario {
  reader::Document document;
  sim::Scenario scenario;
  reader::Origins origins;
  sim::Build build;
  std::string resolved_yaml;      ///< every default filled in, with its origin; running it gives the same results
  PhaseTime load_time;            ///< that all this took
  std::string sha256;             ///< of the resolved scenario without its comments, its files by content
  std::vector<FileState> traces;  ///< as they were then
};

/// `overrides` are `dotted.path=value`. Throws InputError.
LoadedScenario load_scenario(const std::string& path, const std::vector<std::string>& overrides);
/// The same from a document that has been read already.
LoadedScenario load_scenario(reader::Document document, const std::vector<std::string>& overrides);

/// What to do besides computing the summary. A directory of "" writes no files.
struct RunPlan {
  std::string output_directory;
  bool save_detailed = false;
  bool show_progress = false;
  TracePlan trace;
  int elasticity_jobs = 0;  ///< > 0: what would help most, from further runs, so many at once
  sim::RunOptions options;
};

/// Where the time of a run went, phase by phase.
struct RunTimes {
  PhaseTime load;                 ///< reading the scenario, building the fleet
  PhaseTime set_up;               ///< opening the trace, SimGrid's platform, the replicas
  PhaseTime simulate;             ///< requests and steps, requests.csv included
  PhaseTime summarise;            ///< percentiles, result files
  double cpu_to_first_event = 0;  ///< processor seconds since the process began, its loading included
};

/// Simulates in this process and writes the result files. Once per process. Says on stderr what a trace leaves out.
/// Throws std::runtime_error, and writes nothing, where a trace was changed while it was read.
Summary run_here(const LoadedScenario& loaded, const RunPlan& plan, RunTimes* times = nullptr);

/// Simulates in a child process, as often as one likes. Throws std::runtime_error if the child dies; its InputError and
/// InvariantError arrive here as such.
Summary run_in_child(const LoadedScenario& loaded, bool step_by_step = false);

}  // namespace flotilla::analysis
