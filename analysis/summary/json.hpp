// A summary as JSON: the keys of `vllm bench serve --save-result` and Flotilla's own. No NaN, no infinity.
#pragma once

#include <nlohmann/json.hpp>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

nlohmann::ordered_json to_json(const Summary& summary);
/// The reverse; throws Misfit (analysis/stored_json.hpp) where a key is missing or of the wrong type.
Summary summary_from_json(const nlohmann::ordered_json& json);

/// Key, unit and definition of every figure, as `flotilla list metrics` prints them.
struct MetricDefinition {
  std::string key, unit, definition;
};
std::vector<MetricDefinition> metric_definitions();

}  // namespace flotilla::analysis
