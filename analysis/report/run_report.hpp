// Runs as a page: what `flotilla run -o DIR` left behind, one run or several side by side.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

struct StoredRun {
  std::string directory;  ///< as the user wrote it
  Summary summary;
  nlohmann::ordered_json curves;  ///< distributions.json
  std::string timeseries;         ///< timeseries.csv
  std::string resolved_yaml;
};

/// Throws InputError where the directory or a file is missing, or not what this program writes.
StoredRun read_run(const std::string& directory);

/// Differences are against the first.
std::string run_report_html(const std::vector<StoredRun>& runs);

}  // namespace flotilla::analysis
