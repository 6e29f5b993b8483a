#include "analysis/cli/arguments.hpp"

#include <algorithm>

#include "scenarios/reader/node.hpp"

namespace flotilla::cli {

namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// "did you mean --seed?" for the first word that looks like an option and is none.
std::string hint(const CLI::App& app, const Arguments& arguments) {
  const std::vector<std::string> known = option_names(app);
  for (const std::string& word : arguments) {
    const std::string name = word.substr(0, word.find('='));
    if (word.rfind("--", 0) != 0 || std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = reader::did_you_mean(name, known);
    if (!near.empty()) return "\n  did you mean " + near + "?";
  }
  return "\n  see: " + app.get_name() + " --help";
}

/// Commands define their words where they parse them: who looks at definitions stands there.
const std::function<void(const CLI::App&)>* onlooker = nullptr;
struct Seen {};

}  // namespace

void look_at(const Command& command, const std::function<void(const CLI::App&)>& look) {
  onlooker = &look;
  try {
    command.run({});
  } catch (const Seen&) {
  }
  onlooker = nullptr;
}

void parse(CLI::App& app, const Arguments& arguments) {
  if (onlooker != nullptr) {
    (*onlooker)(app);
    throw Seen{};
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    throw HelpRequested(app.help());
  } catch (const CLI::ParseError& e) {
    throw UsageError(app.get_name() + ": " + e.what() + hint(app, arguments));
  }
}

void add_scenario(CLI::App& app, ScenarioArguments& into) {
  app.add_option("SCENARIO", into.path, "the scenario, a YAML file")->required();
  app.add_option("key=value", into.overrides, "changes to it, by dotted path: workload.request_rate=60");
}

}  // namespace flotilla::cli
