#include <fmt/format.h>

#include <utility>

#include "analysis/cli/arguments.hpp"
#include "analysis/version.hpp"

namespace flotilla::cli {

namespace {

/// Text to roff: neither its escapes nor its requests, and quotes and minus signs as they are typed.
std::string roff(const std::string& text) {
  std::string safe;
  bool begins = true;
  for (const char c : text) {
    if (begins && c == '.') safe += "\\&";
    switch (c) {
      case '\\':
        safe += "\\e";
        break;
      case '-':
        safe += "\\-";
        break;
      case '\'':
        safe += "\\(aq";
        break;
      case '`':
        safe += "\\(ga";
        break;
      default:
        safe += c;
    }
    begins = c == '\n';
  }
  return safe;
}

/// Of CLI11's "INT:INT in [1 - 1024]" or "TEXT:{cost,gpus}": what is of use in a heading.
std::string what_is_taken(const std::string& type) {
  const std::size_t colon = type.find(':');
  if (colon == std::string::npos || type.find('{') != std::string::npos) return type.substr(colon + 1);
  return type.substr(0, colon);
}

/// "-o, --output TEXT", "SCENARIO".
std::string heading_of(const CLI::Option& option) {
  if (option.get_positional()) return fmt::format("\\fI{}\\fR", roff(option.get_name(true)));
  std::string names;
  for (const auto& name : option.get_snames()) names += fmt::format("{}\\fB\\-{}\\fR", names.empty() ? "" : ", ", name);
  for (const auto& name : option.get_lnames())
    names += fmt::format("{}\\fB\\-\\-{}\\fR", names.empty() ? "" : ", ", roff(name));
  if (option.get_expected_max() > 0 && option.get_items_expected_max() > 0)
    names += fmt::format(" \\fI{}\\fR", roff(what_is_taken(option.get_type_name())));
  return names;
}

std::string section_of(const Command& command) {
  std::string text;
  look_at(command, [&](const CLI::App& app) {
    text += fmt::format(".SS {}\n", command.name);
    // A line that begins with spaces stays a line.
    text += roff(app.get_description()) + "\n";
    for (const CLI::Option* option : app.get_options()) {
      text += fmt::format(".TP\n{}\n{}", heading_of(*option), roff(option->get_description()));
      if (!option->get_default_str().empty()) text += fmt::format(" (default: {})", roff(option->get_default_str()));
      text += option->get_required() ? " (required)\n" : "\n";
    }
  });
  return text;
}

constexpr std::pair<ExitCode, const char*> kExits[] = {
    {kOk, "all went well"},
    {kRunFailed, "the run failed, or its results could not be written"},
    {kBadInput, "the words or a file are wrong; the message says where"},
    {kBrokenInvariant, "a fault of this program, not of its input"},
    {kInterrupted, "interrupted; what was finished by then is marked as such"}};

constexpr const char* kExamples = R"(.SH EXAMPLES
.TP
flotilla example migration
copies worked scenarios into ./migration
.TP
flotilla check migration/b200.yaml
says what fits, what does not, and what would help
.TP
flotilla run migration/b200.yaml \-o out workload.request_rate=20
simulates it at another rate and writes its results into ./out
.TP
flotilla report out \-o report.html
shows them as one page
)";

}  // namespace

int man(const Arguments& arguments) {
  CLI::App app("Prints the manual page, flotilla(1).", "flotilla man");
  parse(app, arguments);
  fmt::print(".TH FLOTILLA 1 \"\" \"flotilla {}\" \"User Commands\"\n.ad l\n.nh\n", analysis::kVersion);
  fmt::print(".SH NAME\nflotilla \\- simulate fleets of LLM inference servers\n");
  fmt::print(".SH SYNOPSIS\n.B flotilla\n.I COMMAND\n.RI [ ARGUMENTS ]\n");
  fmt::print(
      ".SH DESCRIPTION\nRuns a scenario, a YAML file, request by request and step by step, and says how many GPUs a "
      "load\n"
      "needs, what its users will feel, where the time goes and what it costs. Changes to a scenario are given as\n"
      "\\fIkey\\fR=\\fIvalue\\fR, by dotted path: workload.request_rate=60, fleet.pools[0].gpus=8.\n.SH COMMANDS\n");
  for (const Command& command : commands()) fmt::print("{}", section_of(command));
  fmt::print("{}", kExamples);
  fmt::print(".SH EXIT STATUS\n");
  for (const auto& [code, meaning] : kExits) fmt::print(".TP\n{}\n{}\n", static_cast<int>(code), meaning);
  return kOk;
}

}  // namespace flotilla::cli
