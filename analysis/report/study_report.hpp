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

struct StoredDecision {
  std::string directory;
  nlohmann::ordered_json json;  ///< decision.json
};

/// Does a decision stand there?
bool is_decision(const std::string& directory);

/// Throws InputError where decision.json is not what this program writes.
StoredDecision read_decision(const std::string& directory);

/// Does a sizing stand there?
bool is_sizing(const std::string& directory);

/// Throws InputError where size.json is not what this program writes.
StoredSizing read_sizing(const std::string& directory);

/// Kinds of fleet are told apart by their names, across sizings.
std::string study_report_html(const std::vector<StoredSizing>& sizings, const std::vector<StoredRun>& runs,
                              const std::vector<StoredDecision>& decisions = {});

}  // namespace flotilla::analysis
