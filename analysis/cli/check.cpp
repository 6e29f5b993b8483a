#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/describe.hpp"
#include "analysis/run.hpp"
#include "sim/workload/source.hpp"

namespace flotilla::cli {

int check(const Arguments& arguments) {
  CLI::App app("Reads and resolves a scenario, says what fits and what does not, and runs nothing.", "flotilla check");
  ScenarioArguments scenario;
  bool resolved = false;
  add_scenario(app, scenario);
  app.add_flag("--resolved", resolved, "print the resolved scenario instead: every default and where it came from");
  parse(app, arguments);
  const analysis::LoadedScenario loaded = analysis::load_scenario(scenario.path, scenario.overrides);
  // Opens the trace and looks at its first lines, so that a wrong path or format is found here.
  sim::make_source(loaded.scenario.workload, static_cast<std::uint64_t>(loaded.scenario.seed));
  fmt::print("{}", resolved ? loaded.resolved_yaml : analysis::describe_check(loaded));
  return kOk;
}

}  // namespace flotilla::cli
