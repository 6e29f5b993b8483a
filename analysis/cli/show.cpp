#include "topologies/show.hpp"

#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/describe.hpp"

namespace flotilla::cli {

std::vector<std::string> names_of_shows() { return {"topology", "memory", "model", "cost"}; }

int show(const Arguments& arguments) {
  CLI::App app("Shows the topology, the memory ledger, the model or the cost of a scenario.", "flotilla show");
  std::string what;
  ScenarioArguments scenario;
  bool dot = false;
  app.add_option("WHAT", what, "topology, memory, model or cost")->required();
  add_scenario(app, scenario);
  app.add_flag("--dot", dot, "the topology as a Graphviz graph");
  parse(app, arguments);
  const std::vector<std::string> known = names_of_shows();
  if (std::find(known.begin(), known.end(), what) == known.end()) {
    throw UsageError(fmt::format("flotilla show: cannot show '{}'\n  {}", what, reader::suggest(what, known)));
  }
  const analysis::LoadedScenario loaded = analysis::load_scenario(scenario.path, scenario.overrides);
  if (what == "topology")
    fmt::print("{}", dot ? topologies::to_dot(loaded.build.fleet) : topologies::describe(loaded.build.fleet));
  if (what == "memory") fmt::print("{}", analysis::describe_memory(loaded));
  if (what == "model") fmt::print("{}", analysis::describe_model(loaded));
  if (what == "cost") fmt::print("{}", analysis::describe_cost(loaded));
  return kOk;
}

}  // namespace flotilla::cli
