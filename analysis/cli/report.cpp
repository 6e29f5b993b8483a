#include <fmt/format.h>

#include <filesystem>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/report/compare_report.hpp"
#include "analysis/report/run_report.hpp"
#include "analysis/report/study_report.hpp"
#include "analysis/report/sweep_report.hpp"

namespace flotilla::cli {

namespace {

std::string page_of(const std::vector<std::string>& paths) {
  const auto is_file = [](const std::string& path) { return std::filesystem::is_regular_file(path); };
  if (paths.size() == 1 && analysis::is_comparison(paths[0]))
    return analysis::compare_report_html(analysis::read_comparison(paths[0]));
  // Any other file is a database, or a mistake that its reader tells.
  if (paths.size() == 1 && is_file(paths[0])) return analysis::sweep_report_html(analysis::read_store(paths[0]));
  std::vector<analysis::StoredRun> runs;
  std::vector<analysis::StoredSizing> sizings;
  std::vector<analysis::StoredDecision> decisions;
  for (const std::string& path : paths) {
    if (is_file(path) || analysis::is_comparison(path))
      throw UsageError(
          fmt::format("flotilla report: {} is {}\n  give directories of runs and sizings, one comparison, or one "
                      "database of a sweep",
                      path, is_file(path) ? "a file" : "a comparison"));
    if (analysis::is_decision(path)) {
      decisions.push_back(analysis::read_decision(path));
    } else if (analysis::is_sizing(path)) {
      sizings.push_back(analysis::read_sizing(path));
    } else {
      runs.push_back(analysis::read_run(path));
    }
  }
  if (!sizings.empty() || !decisions.empty()) return analysis::study_report_html(sizings, runs, decisions);
  return analysis::run_report_html(runs);
}

}  // namespace

int report(const Arguments& arguments) {
  CLI::App app("Shows runs, sizings, a comparison or a sweep as one HTML file that needs nothing else.",
               "flotilla report");
  std::vector<std::string> paths;
  std::string output = "report.html";
  app.add_option("DIR", paths,
                 "directories of `flotilla run -o DIR`, differences are against the first; or of `flotilla size -o "
                 "DIR` or `flotilla decide -o DIR`, "
                 "alone or with runs beside them; or one of `flotilla compare -o DIR`; or one database of a sweep")
      ->required();
  app.add_option("-o,--output", output, "the file to write")->capture_default_str();
  parse(app, arguments);
  analysis::write_whole_file(output, page_of(paths));
  fmt::print("{}\n", output);
  return kOk;
}

}  // namespace flotilla::cli
