// No number of a catalogue without the page it was read on.
#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> catalogue(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(FLOTILLA_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  return files;
}

/// Every mapping with a `value` states its `source`; `numbers` counts them.
void check_sources(const YAML::Node& node, const std::string& where, int& numbers) {
  if (node.IsSequence()) {
    for (const auto& item : node) check_sources(item, where, numbers);
  }
  if (!node.IsMap()) return;
  if (node["value"]) {
    ++numbers;
    const bool sourced = node["source"] && node["source"].IsScalar() && node["source"].Scalar().size() >= 4;
    CHECK_MESSAGE(sourced, where, ":", node.Mark().line + 1, " has no source");
  }
  for (const auto& entry : node) check_sources(entry.second, where, numbers);
}

}  // namespace

TEST_CASE("numbers of GPUs, engines, systems and fabrics state their source") {
  for (const char* const folder : {"models/catalog/gpus", "models/catalog/engines", "topologies/catalog"}) {
    REQUIRE(!catalogue(folder).empty());
    for (const fs::path& file : catalogue(folder)) {
      int numbers = 0;
      check_sources(YAML::LoadFile(file.string()), file.filename().string(), numbers);
      CHECK_MESSAGE(numbers > 0, file.string(), " holds no sourced number: is its shape known to this test?");
    }
  }
}

TEST_CASE("models and prices state the one source of all their numbers") {
  for (const char* const folder : {"models/catalog/llms", "models/catalog/prices"}) {
    REQUIRE(!catalogue(folder).empty());
    for (const fs::path& file : catalogue(folder)) {
      const YAML::Node root = YAML::LoadFile(file.string());
      CHECK_MESSAGE((root["source"] && !root["source"].Scalar().empty()), file.string());
      int numbers = 0;
      check_sources(root, file.filename().string(), numbers);
    }
  }
}

TEST_CASE("a price has a date") {
  for (const fs::path& file : catalogue("models/catalog/prices")) {
    const YAML::Node root = YAML::LoadFile(file.string());
    CHECK_MESSAGE((root["date"] && root["date"].Scalar().size() >= 4), file.string());
  }
}

TEST_CASE("fitted coefficients say what they were fitted on") {
  for (const fs::path& file : catalogue("models/calibration")) {
    const YAML::Node root = YAML::LoadFile(file.string());
    CHECK_MESSAGE((root["provenance"] && root["provenance"].Scalar().size() > 20), file.string());
  }
}
