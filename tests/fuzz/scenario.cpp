// What a user may write as a scenario: read, and built into a fleet, or refused.
#include "scenarios/reader/error.hpp"
#include "sim/build.hpp"
#include "tests/fuzz/target.hpp"

void flotilla::fuzz::read(std::string text) {
  const auto document = reader::Document::from_text(std::move(text), "scenario.yaml");
  auto scenario = reader::read<sim::Scenario>(document.root());
  reader::Origins origins;
  sim::build(scenario, document, origins);
  reader::write_yaml(scenario, origins);
}
