#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "analysis/output/csv_field.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/sweep/writers.hpp"

namespace flotilla::analysis {

namespace {

using Json = nlohmann::ordered_json;

/// Figures with one value that are the fleet's: not the machine's, nor lists.
std::vector<std::string> figures() {
  static const std::set<std::string> machine{"date", "sim.wall_time_s", "sim.peak_rss_mb"};
  std::vector<std::string> keys;
  for (const MetricDefinition& metric : metric_definitions()) {
    const bool list = metric.key.find("[]") != std::string::npos || metric.key == "warnings";
    const bool interval = metric.key.rfind("confidence.", 0) == 0 && metric.unit == "ms";
    if (list || machine.count(metric.key) == 1) continue;
    if (interval) keys.insert(keys.end(), {metric.key + ".low", metric.key + ".high"});
    if (!interval) keys.push_back(metric.key);
  }
  return keys;
}

/// What stands under a dotted key, as a field; "" for null, nothing and lists.
std::string field_at(const Json& summary, const std::string& dotted) {
  const Json* here = &summary;
  for (std::size_t start = 0; start <= dotted.size();) {
    const std::size_t end = std::min(dotted.find('.', start), dotted.size());
    const std::string key = dotted.substr(start, end - start);
    if (here->is_array() && here->size() == 2) return fmt::format("{}", (*here)[key == "low" ? 0 : 1].get<double>());
    const auto found = here->find(key);
    if (!here->is_object() || found == here->end()) return "";
    here = &*found;
    start = end + 1;
  }
  if (here->is_string()) return csv_field(here->get<std::string>());
  if (here->is_number_float()) return fmt::format("{}", here->get<double>());
  return here->is_primitive() && !here->is_null() ? here->dump() : "";
}

}  // namespace

std::string sweep_csv(const StoredSweep& sweep) {
  const std::vector<std::string> keys = figures();
  std::string text = "point";
  for (const std::string& key : sweep.identity.swept_keys) text += "," + csv_field(key);
  text += fmt::format(",status,{},error\n", fmt::join(keys, ","));
  for (std::size_t point = 0; point < sweep.identity.hashes.size(); ++point) {
    text += std::to_string(point);
    for (const std::string& value : sweep.identity.values[point]) text += "," + csv_field(value);
    const auto result = sweep.results.find(point);
    const bool there = result != sweep.results.end();
    text += there ? (result->second.done ? ",done" : ",failed") : ",missing";
    const Json summary = there && result->second.done ? Json::parse(result->second.summary) : Json::object();
    for (const std::string& key : keys) text += "," + field_at(summary, key);
    text += "," + csv_field(there ? result->second.error : "") + "\n";
  }
  return text;
}

}  // namespace flotilla::analysis
