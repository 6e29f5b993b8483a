// Editors check scenarios by the JSON Schema: it accepts all that runs, and finds typing errors.
#include <doctest/doctest.h>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

/// Needs python3-jsonschema and python3-yaml, which no build of Flotilla needs.
bool validator_is_installed() {
  if (program({"python3", "-c", "import jsonschema, yaml"}).code == 0) return true;
  MESSAGE("skipped: python3-jsonschema or python3-yaml is not installed");
  return false;
}

/// "" if the schema accepts the scenario, else why not.
std::string complaint(const Folder& folder, const std::string& scenario) {
  const std::string script = folder.write("validate.py", R"(import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
scenario = yaml.load(open(sys.argv[2]), Loader=yaml.SafeLoader)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(scenario))
print('; '.join(f'{e.json_path}: {e.message}' for e in errors), end='')
)");
  return program({"python3", "-W", "ignore", script, folder / "schema.json", scenario}).out;
}

}  // namespace

TEST_CASE("shipped scenarios are valid by the schema") {
  if (!validator_is_installed()) return;
  const Folder folder;
  folder.write("schema.json", command({"schema"}).out);
  for (const std::string& scenario : shipped_scenarios()) CHECK_MESSAGE(complaint(folder, scenario) == "", scenario);
}

TEST_CASE("resolved scenarios are valid by the schema") {
  if (!validator_is_installed()) return;
  const Folder folder;
  folder.write("schema.json", command({"schema"}).out);
  for (const std::string& scenario : shipped_scenarios()) {
    const std::string resolved = folder.write("resolved.yaml", command({"check", scenario, "--resolved"}).out);
    CHECK_MESSAGE(complaint(folder, resolved) == "", scenario);
  }
}

TEST_CASE("the schema finds what the reader would refuse") {
  if (!validator_is_installed()) return;
  const Folder folder;
  folder.write("schema.json", command({"schema"}).out);
  for (const char* const mistake : {"typo-in-a-key", "letter-o-for-a-zero", "negative-rate", "unknown-router", "unit-missing",
                                    "unknown-number-format", "section-missing"}) {
    const std::string path = std::string(FLOTILLA_SOURCE_DIR) + "/tests/cli/mistakes/" + mistake + ".yaml";
    CHECK_MESSAGE(complaint(folder, path) != "", mistake);
  }
}
