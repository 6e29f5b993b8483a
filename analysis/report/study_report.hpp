// Sizings, with runs beside them, as a page: which fleet it takes, and how far claims, bounds and simulations are
// apart.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/report/run_report.hpp"

namespace flotilla::analysis {

struct StoredSizing {
  std::string directory;        ///< as the user wrote it
  nlohmann::ordered_json json;  ///< size.json
};

/// Does a sizing stand there?
bool is_sizing(const std::string& directory);

/// Throws InputError where size.json is not what this program writes.
StoredSizing read_sizing(const std::string& directory);

/// Kinds of fleet are told apart by their names, across sizings.
std::string study_report_html(const std::vector<StoredSizing>& sizings, const std::vector<StoredRun>& runs);

}  // namespace flotilla::analysis
