// Reports as one HTML file that needs nothing else: style, script, charts (ECharts) and data inside. The parts travel
// in the binary.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace flotilla::analysis {

struct Page {
  std::string title;
  std::string body;                  ///< name of a file of analysis/report/page: "validation.html"
  std::vector<std::string> scripts;  ///< names of files there, run in this order after charts.js
  nlohmann::ordered_json data;       ///< what they read, as `report`
};

/// Throws std::logic_error where a part was not built in.
std::string html_page(const Page&);

/// JSON that may stand inside a <script> element: "</" and "<!" cannot end or open anything there.
std::string script_safe(const nlohmann::ordered_json&);

}  // namespace flotilla::analysis
