// Parsing of a command's own arguments with CLI11, whose errors become exit code 2 and a hint.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "analysis/cli/commands.hpp"

namespace flotilla::cli {

/// A user's mistake on the command line; its text is ready to print.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown where --help was asked for; its text is the help.
class HelpRequested : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses; throws UsageError or HelpRequested.
void parse(CLI::App& app, const Arguments& arguments);

/// Shows `look` what a command defines, and runs nothing of it.
void look_at(const Command& command, const std::function<void(const CLI::App&)>& look);

/// SCENARIO [key=value ...], and whether a word is such an assignment.
struct ScenarioArguments {
  std::string path;
  std::vector<std::string> overrides;
};
void add_scenario(CLI::App& app, ScenarioArguments& into);

}  // namespace flotilla::cli
