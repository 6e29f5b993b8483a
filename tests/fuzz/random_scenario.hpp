// Scenarios that ought to run, drawn at random: every policy, fleets whole and apart, faults, caps, arrivals of every
// kind, impatient clients. Small, so that thousands run in minutes.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace flotilla::fuzz {

/// The same for the same seed, on every machine.
nlohmann::ordered_json random_scenario(std::uint64_t seed);

/// As YAML, which JSON is; an infinite rate is the one thing that JSON has no number for.
std::string as_yaml(const nlohmann::ordered_json&);

}  // namespace flotilla::fuzz
