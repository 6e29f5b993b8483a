#include "analysis/report/compare_report.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "analysis/compare/compare.hpp"
#include "analysis/output/result_files.hpp"
#include "analysis/report/page.hpp"
#include "analysis/stored_json.hpp"
#include "analysis/sweep/slurm.hpp"

namespace flotilla::analysis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr models::JsonKind kKind{"a comparison", 64};
constexpr const char* kAgain =
    "`flotilla compare A.yaml B.yaml -o DIR` writes compare.json; another release may have written this one. A run is "
    "shown by its directory";

template <class T>
T value(const Stored& stored, const char* key) {
  return stored.at(key).as<T>();
}

/// A mapping of compared figures, and of no others.
std::vector<Stored> by_metric(const Stored& stored, const char* key, const std::set<std::string>& metrics) {
  std::vector<Stored> values;
  for (const auto& [metric, value] : stored.at(key).entries()) {
    if (metrics.count(metric) == 0) value.fail("not one of the `metrics` of this file");
    values.push_back(value);
  }
  return values;
}

/// A mean with an interval, where there is one.
void check_estimate(const Stored& estimate, bool mean_may_be_null) {
  if (!(mean_may_be_null && estimate.at("mean").is_null())) value<double>(estimate, "mean");
  if (!estimate.at("interval").is_null()) value<std::array<double, 2>>(estimate, "interval");
}

void check_scenario(const Stored& scenario, const std::set<std::string>& metrics, std::size_t seeds) {
  value<std::string>(scenario, "scenario");
  value<std::string>(scenario, "name");
  value<std::int64_t>(scenario, "gpus");
  value<std::vector<std::string>>(scenario, "scenario_sha256");
  for (const Stored& figure : by_metric(scenario, "metrics", metrics)) {
    check_estimate(figure, true);
    const auto values = figure.at("values").list();
    if (values.size() != seeds) figure.at("values").fail("not one for each of the seeds");
    for (const Stored& each : values) {
      if (!each.is_null() && !each.json().is_number()) figure.at("values").fail("not a list of numbers");
    }
  }
}

void check_difference(const Stored& difference, const std::set<std::string>& metrics) {
  value<std::string>(difference, "answer");
  for (const Stored& figure : by_metric(difference, "relative", metrics)) {
    check_estimate(figure, false);
    value<std::string>(figure, "judgement");
    value<std::string>(figure, "text");
  }
}

/// Whatever the page reads is there, and of its type. Throws Misfit.
void check(const Stored& comparison) {
  value<double>(comparison, "level");
  for (const char* key : {"version", "commit", "method", "basis"}) value<std::string>(comparison, key);
  value<std::vector<std::string>>(comparison, "notes");
  value<std::vector<std::string>>(comparison, "overrides");
  value<std::vector<std::int64_t>>(comparison, "seeds");
  const std::size_t seeds = comparison.at("seeds").list(1).size();
  std::set<std::string> metrics;
  for (const Stored& metric : comparison.at("metrics").list(1)) {
    for (const char* key : {"name", "unit", "definition"}) value<std::string>(metric, key);
    value<bool>(metric, "more_is_better");
    metrics.insert(value<std::string>(metric, "key"));
  }
  const auto scenarios = comparison.at("scenarios").list(1);
  for (const Stored& scenario : scenarios) check_scenario(scenario, metrics, seeds);
  const auto differences = comparison.at("differences").list();
  if (differences.size() + 1 != scenarios.size())
    comparison.at("differences").fail("not one for each of the scenarios but the first");
  for (const Stored& difference : differences) check_difference(difference, metrics);
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
  return {read_stored(file, kKind, kAgain, check)};
}

std::string compare_report_html(const StoredComparison& comparison) {
  Json data = comparison.json;
  data["title"] = title(comparison.json);
  data["command"] = command(comparison.json);
  const std::string heading = "Flotilla: " + data["title"].get<std::string>();
  return html_page({heading, "compare.html", {"compare.js"}, std::move(data)});
}

}  // namespace flotilla::analysis
