// The summaries of the shipped scenarios, against those in golden/: the same keys in the same order, the same words,
// counts to the unit and figures within 1 %. Where a prediction was meant to change, renew them and say so in
// CHANGELOG.md, "Predictions changed":
//   FLOTILLA_RENEW=1 build/release/tests/cli/test_cli -tc='*golden*'
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

constexpr double kTolerance = 0.01;

/// What differs from machine to machine and from commit to commit, and says nothing of the fleet.
const std::set<std::string> kLeftOut{"date",        "version",     "commit", "simgrid_version", "scenario_sha256",
                                     "wall_time_s", "peak_rss_mb", "events"};
const std::set<std::string> kExact{
    "schema_version", "num_prompts", "completed", "failed",   "injected",           "rejected",           "timed_out",
    "cancelled",      "unfinished",  "gpus",      "replicas", "total_input_tokens", "total_output_tokens"};

Json without_circumstances(const Json& json) {
  Json kept = json;
  for (const std::string& key : kLeftOut) {
    kept.erase(key);
    kept["sim"].erase(key);
  }
  return kept;
}

void compare(const Json& expected, const Json& found, const std::string& path) {
  CAPTURE(path);
  REQUIRE(expected.type_name() == std::string(found.type_name()));
  if (expected.is_object()) {
    std::string expected_keys;
    std::string found_keys;
    for (const auto& [key, value] : expected.items()) expected_keys += key + " ";
    for (const auto& [key, value] : found.items()) found_keys += key + " ";
    REQUIRE(expected_keys == found_keys);
    for (const auto& [key, value] : expected.items())
      compare(value, found.at(key), path.empty() ? key : path + "." + key);
  } else if (expected.is_array()) {
    REQUIRE(expected.size() == found.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      compare(expected[i], found[i], path + "[" + std::to_string(i) + "]");
  } else if (expected.is_string()) {
    CHECK(difference(expected.get<std::string>(), found.get<std::string>(), kTolerance) == "");
  } else if (expected.is_number()) {
    const bool exact = kExact.count(path.substr(path.rfind('.') + 1)) == 1;
    const double wanted = expected.get<double>();
    CHECK(std::fabs(found.get<double>() - wanted) <= (exact ? 0 : kTolerance * std::fabs(wanted)));
  } else {
    CHECK(expected == found);
  }
}

}  // namespace

TEST_CASE("shipped scenarios give their golden summaries") {
  const fs::path scenarios = fs::path(FLOTILLA_SOURCE_DIR) / "scenarios";
  const fs::path golden = fs::path(FLOTILLA_SOURCE_DIR) / "tests/cli/golden";
  for (const std::string& path : shipped_scenarios()) {
    const fs::path scenario = fs::relative(path, scenarios);
    CAPTURE(scenario.string());
    const Folder folder;
    REQUIRE(command({"run", path, "-q", "-o", folder / "out"}).code == 0);
    const Json found = without_circumstances(Json::parse(contents(folder / "out/summary.json")));
    const fs::path file = golden / scenario.parent_path() / (scenario.stem().string() + ".json");
    if (renewing()) {
      fs::create_directories(file.parent_path());
      std::ofstream(file) << found.dump(2) << "\n";
    }
    compare(Json::parse(contents(file.string())), found, "");
  }
}
