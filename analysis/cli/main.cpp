// flotilla: one binary, a command each way to ask.
#include <fmt/format.h>

#include <array>

#include "analysis/cli/arguments.hpp"
#include "analysis/cli/commands.hpp"
#include "analysis/cli/guard.hpp"
#include "analysis/cli/interrupt.hpp"
#include "analysis/version.hpp"
#include "scenarios/reader/node.hpp"

namespace flotilla::cli {

namespace {

constexpr std::array kCommands{
    Command{"run", "simulate a scenario", run},
    Command{"check", "read and resolve a scenario, say what fits and what does not; run nothing", check},
    Command{"bounds", "the physical bounds, each with its formula and source", bounds},
    Command{"show", "show topology, memory, model or cost of a scenario", show},
    Command{"list", "list models, gpus, systems, fabrics, engines, schedulers, routers, prices or metrics", list},
    Command{"size", "find the smallest fleet that keeps its promises", size},
    Command{"decide", "say which of several fleets to run, and what would flip that", decide},
    Command{"compare", "say what differs between scenarios by more than chance", compare},
    Command{"sweep", "run a scenario at many values at once; resumable", sweep},
    Command{"report", "show runs side by side, or a sweep, as one HTML file", report},
    Command{"validate", "compare predictions with a table of measured serving points", validate},
    Command{"calibrate", "fit coefficients to measurements, or correct them to one's own machine", calibrate},
    Command{"example", "copy a worked scenario here", example},
    Command{"schema", "print the JSON Schema of a scenario, for editors", schema},
    Command{"completion", "print what makes a shell complete commands, options and names", completion},
    Command{"man", "print the manual page", man},
};

void print_help() {
  fmt::print("flotilla {} ({}): a simulator of LLM inference fleets\n\nusage: flotilla COMMAND [ARGUMENTS]\n\n",
             analysis::kVersion, analysis::kCommit);
  for (const Command& command : kCommands) fmt::print("  {:<10} {}\n", command.name, command.help);
  fmt::print("\nflotilla COMMAND --help tells more; flotilla example migration is a good start.\n");
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_help();
    return arguments.empty() ? kBadInput : kOk;
  }
  if (arguments[0] == "--version") {
    fmt::print("flotilla {} ({}), SimGrid {}\n", analysis::kVersion, analysis::kCommit, analysis::simgrid_version());
    return kOk;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (arguments[0] == command.name) return command.run(Arguments(arguments.begin() + 1, arguments.end()));
    names.emplace_back(command.name);
  }
  throw UsageError(
      fmt::format("flotilla: unknown command '{}'\n  {}", arguments[0], reader::suggest(arguments[0], names)));
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace flotilla::cli

int main(int argc, char** argv) {
  flotilla::cli::prepare_process();
  flotilla::cli::end_when_interrupted();
  const flotilla::cli::Arguments arguments(argv + 1, argv + argc);
  return flotilla::cli::exit_code_of([&] { return flotilla::cli::dispatch(arguments); });
}
