#include "analysis/report/run_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "analysis/output/answer.hpp"
#include "analysis/output/result_files.hpp"
#include "analysis/output/timeseries.hpp"
#include "analysis/report/page.hpp"
#include "analysis/stored_json.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/summary/links.hpp"
#include "scenarios/reader/load.hpp"

namespace flotilla::analysis {
namespace {

using Json = nlohmann::ordered_json;

constexpr models::JsonKind kSummary{"the summary of a run", 16};
constexpr models::JsonKind kCurves{"the distributions of a run", 16};
constexpr const char* kAgain = "`flotilla run SCENARIO -o DIR` writes it; another release may have written this one";

Summary load_summary(const std::string& path) {
  return summary_from_json(read_stored(path, kSummary, kAgain, [](const Stored& s) { summary_from_json(s.json()); }));
}

void check_curves(const Stored& stored) {
  const std::size_t points = stored.at("percent").list().size();
  for (const char* key : {"percent", "ttft_ms", "tpot_ms", "itl_ms", "e2el_ms"}) {
    const Stored curve = stored.at(key);
    const auto values = curve.list();
    const bool whole = values.empty() || values.size() == points;
    if (!whole || !std::all_of(values.begin(), values.end(), [](const Stored& v) { return v.json().is_number(); }))
      curve.fail("not a list of as many numbers as `percent` has");
  }
}

Json load_curves(const std::string& path) { return read_stored(path, kCurves, kAgain, check_curves); }

std::string load_timeseries(const std::string& path) {
  std::string text = reader::read_text_file(path);
  if (!text.starts_with(kTimeseriesHeader))
    throw InputError({path, 1, 1, text.substr(0, text.find('\n'))}, "",
                     fmt::format("the first line should be {}",
                                 std::string(kTimeseriesHeader, 0, std::string(kTimeseriesHeader).size() - 1)),
                     kAgain);
  return text;
}

/// What tells the runs apart: their labels, or where two share one, their directories.
std::vector<std::string> names(const std::vector<StoredRun>& runs) {
  std::vector<std::string> labels;
  std::vector<std::string> directories;
  for (const StoredRun& run : runs) {
    labels.push_back(run.summary.label);
    directories.push_back(run.directory);
  }
  const std::set<std::string> distinct(labels.begin(), labels.end());
  return distinct.size() == labels.size() ? labels : directories;
}

Json as_json(const StoredRun& run, const std::string& name) {
  return {{"name", name},
          {"directory", run.directory},
          {"answer", answer(run.summary)},
          {"binds", what_binds(run.summary)},
          {"summary", to_json(run.summary)},
          {"curves", run.curves},
          {"timeseries", run.timeseries},
          {"resolved", run.resolved_yaml}};
}

Json definitions() {
  Json all = Json::array();
  for (const MetricDefinition& m : metric_definitions())
    all.push_back({{"key", m.key}, {"unit", m.unit}, {"definition", m.definition}});
  return all;
}

}  // namespace

StoredRun read_run(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw InputError({directory, 0, 0, {}}, "", "no such directory", "`flotilla run SCENARIO -o DIR` makes one");
  const auto file = [&](const char* name) {
    const std::string path = (fs::path(directory) / name).string();
    if (!fs::exists(path, ignored)) throw InputError({path, 0, 0, {}}, "", "no such file", kAgain);
    return path;
  };
  return {directory, load_summary(file(kSummaryFile)), load_curves(file(kCurvesFile)),
          load_timeseries(file(kTimeseriesFile)), reader::read_text_file(file(kResolvedFile))};
}

std::string run_report_html(const std::vector<StoredRun>& runs) {
  const std::vector<std::string> called = names(runs);
  std::string title;
  Json data{{"runs", Json::array()}, {"definitions", definitions()}, {"most_links", kMostLinks}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    title += (i == 0 ? "" : ", ") + called[i];
    data["runs"].push_back(as_json(runs[i], called[i]));
  }
  data["title"] = title;
  return html_page({"Flotilla: " + title,
                    "run.html",
                    {"run_charts.js", "run_timeline.js", "run_links.js", "run.js"},
                    std::move(data)});
}

}  // namespace flotilla::analysis
