// A comparison as a page: what `flotilla compare -o DIR` left behind, which fleet is better on what and how sure that
// is.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace flotilla::analysis {

struct StoredComparison {
  nlohmann::ordered_json json;  ///< compare.json, of the shape that comparison_json() writes
};

/// A compare.json, or a directory that holds one and no run.
bool is_comparison(const std::string& path);

/// Throws InputError where the file is missing, or not what this program writes.
StoredComparison read_comparison(const std::string& path);

std::string compare_report_html(const StoredComparison&);

}  // namespace flotilla::analysis
