#include "scenarios/reader/schema.hpp"

#include <fmt/format.h>

#include "analysis/cli/arguments.hpp"
#include "sim/scenario/scenario.hpp"

namespace flotilla::cli {

int schema(const Arguments& arguments) {
  CLI::App app("Prints the JSON Schema of a scenario, for editors.", "flotilla schema");
  bool reference = false;
  app.add_flag("--reference", reference, "print the reference page of all keys instead, in Markdown");
  parse(app, arguments);
  if (reference) {
    fmt::print("{}", reader::reference_markdown<sim::Scenario>());
  } else {
    fmt::print("{}\n", reader::json_schema<sim::Scenario>().dump(2));
  }
  return kOk;
}

}  // namespace flotilla::cli
