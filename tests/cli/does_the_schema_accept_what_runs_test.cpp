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

/// What the schema says of each file, a line each: "FILE: " and its complaints, if it has any.
std::string complaints(const Folder& folder, const std::vector<std::string>& files) {
  folder.write("schema.json", command({"schema"}).out);
  folder.write("validate.py", R"(import json, sys, jsonschema, yaml
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
for path in sys.argv[2:]:
    errors = validator.iter_errors(yaml.safe_load(open(path)))
    print(path + ': ' + '; '.join(f'{e.json_path}: {e.message}' for e in errors))
)");
  std::vector<std::string> words{"python3", "-W", "ignore", folder / "validate.py", folder / "schema.json"};
  words.insert(words.end(), files.begin(), files.end());
  const Outcome outcome = program(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return outcome.out;
}

}  // namespace

TEST_CASE("scenarios that run are valid by the schema, as they are and resolved") {
  if (!validator_is_installed()) return;
  const Folder folder;
  std::vector<std::string> files = shipped_scenarios();
  for (std::size_t i = shipped_scenarios().size(); i-- > 0;) {
    const std::string resolved = command({"check", files[i], "--resolved"}).out;
    files.push_back(folder.write("resolved-" + std::to_string(i) + ".yaml", resolved));
  }
  const std::string said = complaints(folder, files);
  for (const std::string& file : files) CHECK(line_of(said, file) == file + ": ");
}

TEST_CASE("the schema finds what the reader would refuse") {
  if (!validator_is_installed()) return;
  const Folder folder;
  std::vector<std::string> files;
  for (const char* const mistake : {"typo-in-a-key", "letter-o-for-a-zero", "negative-rate", "unknown-router",
                                    "unit-missing", "unknown-number-format", "section-missing"}) {
    files.push_back(std::string(FLOTILLA_SOURCE_DIR) + "/tests/cli/mistakes/" + mistake + ".yaml");
  }
  const std::string said = complaints(folder, files);
  for (const std::string& file : files) CHECK_MESSAGE(line_of(said, file).size() > file.size() + 2, file);
}
