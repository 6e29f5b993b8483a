#include "analysis/report/compare_report.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "analysis/compare/compare.hpp"
#include "analysis/output/result_files.hpp"
#include "analysis/report/page.hpp"
#include "analysis/sweep/slurm.hpp"
#include "models/json_source.hpp"

namespace flotilla::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr models::JsonKind kKind{"a comparison", 64};
constexpr const char* kAgain =
    "`flotilla compare A.yaml B.yaml -o DIR` writes compare.json; another release may have written this one. A run is "
    "shown by its directory";

/// What is wrong with a comparison, and at which key.
struct Misfit {
  std::string key, message;
};

template <class T>
T value(const Json& object, const char* key) {
  try {
    return object.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    throw Misfit{key, object.is_object() && object.contains(key) ? "not of the right type" : "missing"};
  }
}

const Json& list(const Json& object, const char* key, std::size_t at_least) {
  if (!object.is_object() || !object.contains(key)) throw Misfit{key, "missing"};
  const Json& items = object.at(key);
  if (!items.is_array() || items.size() < at_least) throw Misfit{key, "not a list, or an empty one"};
  return items;
}

/// A mapping of compared figures, and of no others.
const Json& by_metric(const Json& object, const char* key, const std::set<std::string>& metrics) {
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_object())
    throw Misfit{key, "not a mapping of metrics"};
  for (const auto& item : object.at(key).items()) {
    if (metrics.count(item.key()) == 0) throw Misfit{item.key(), "not one of the `metrics` of this file"};
  }
  return object.at(key);
}

/// A mean with an interval, where there is one.
void check_estimate(const Json& estimate, bool mean_may_be_null) {
  if (!estimate.is_object() || !estimate.contains("mean")) throw Misfit{"mean", "missing"};
  if (!(mean_may_be_null && estimate.at("mean").is_null())) value<double>(estimate, "mean");
  if (!estimate.contains("interval")) throw Misfit{"interval", "missing"};
  if (!estimate.at("interval").is_null()) value<std::array<double, 2>>(estimate, "interval");
}

void check_scenario(const Json& scenario, const std::set<std::string>& metrics, std::size_t seeds) {
  value<std::string>(scenario, "scenario");
  value<std::string>(scenario, "name");
  value<std::int64_t>(scenario, "gpus");
  value<std::vector<std::string>>(scenario, "scenario_sha256");
  for (const auto& item : by_metric(scenario, "metrics", metrics).items()) {
    check_estimate(item.value(), true);
    const Json& values = list(item.value(), "values", 0);
    if (values.size() != seeds) throw Misfit{"values", "not one for each of the seeds"};
    for (const Json& each : values) {
      if (!each.is_null() && !each.is_number()) throw Misfit{"values", "not a list of numbers"};
    }
  }
}

void check_difference(const Json& difference, const std::set<std::string>& metrics) {
  value<std::string>(difference, "answer");
  for (const auto& item : by_metric(difference, "relative", metrics).items()) {
    check_estimate(item.value(), false);
    value<std::string>(item.value(), "judgement");
    value<std::string>(item.value(), "text");
  }
}

/// Whatever the page reads is there, and of its type. Throws Misfit.
void check(const Json& json) {
  value<double>(json, "level");
  for (const char* key : {"version", "commit", "method", "basis"}) value<std::string>(json, key);
  value<std::vector<std::string>>(json, "notes");
  value<std::vector<std::string>>(json, "overrides");
  const auto seeds = value<std::vector<std::int64_t>>(json, "seeds");
  if (seeds.empty()) throw Misfit{"seeds", "an empty list"};
  std::set<std::string> metrics;
  for (const Json& metric : list(json, "metrics", 1)) {
    for (const char* key : {"name", "unit", "definition"}) value<std::string>(metric, key);
    value<bool>(metric, "more_is_better");
    metrics.insert(value<std::string>(metric, "key"));
  }
  const Json& scenarios = list(json, "scenarios", 1);
  for (const Json& scenario : scenarios) check_scenario(scenario, metrics, seeds.size());
  const Json& differences = list(json, "differences", 0);
  if (differences.size() + 1 != scenarios.size())
    throw Misfit{"differences", "not one for each of the scenarios but the first"};
  for (const Json& difference : differences) check_difference(difference, metrics);
}

/// What makes the same figures: all seeds are the first one's successors.
std::string command(const Json& json) {
  std::string text = "flotilla compare";
  for (const Json& scenario : json.at("scenarios")) text += " " + shell_word(scenario.at("scenario"));
  for (const Json& word : json.at("overrides")) text += " " + shell_word(word);
  return fmt::format("{} --seeds {}", text, json.at("seeds").size());
}

/// "b200, h200 against h100"; the name of one that is alone.
std::string title(const Json& json) {
  const Json& scenarios = json.at("scenarios");
  const auto name = [&](std::size_t i) { return scenarios[i].at("name").get<std::string>(); };
  if (scenarios.size() == 1) return name(0);
  std::string text;
  for (std::size_t i = 1; i < scenarios.size(); ++i) text += (i == 1 ? "" : ", ") + name(i);
  return text + " against " + name(0);
}

}  // namespace

bool is_comparison(const std::string& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return fs::path(path).extension() == ".json";
  return fs::exists(fs::path(path) / kCompareFile, ignored) && !fs::exists(fs::path(path) / kSummaryFile, ignored);
}

StoredComparison read_comparison(const std::string& path) {
  std::error_code ignored;
  const std::string file = fs::is_directory(path, ignored) ? (fs::path(path) / kCompareFile).string() : path;
  const models::JsonSource source = models::JsonSource::load(file, kKind);
  StoredComparison comparison{Json(source.root())};
  try {
    check(comparison.json);
  } catch (const Misfit& misfit) {
    source.fail(misfit.key, fmt::format("{}: this is not {}", misfit.message, kKind.what), kAgain);
  }
  return comparison;
}

std::string compare_report_html(const StoredComparison& comparison) {
  Json data = comparison.json;
  data["title"] = title(comparison.json);
  data["command"] = command(comparison.json);
  const std::string heading = "Flotilla: " + data["title"].get<std::string>();
  return html_page({heading, "compare.html", {"compare.js"}, std::move(data)});
}

}  // namespace flotilla::analysis
