// The files of a validation: points.csv (a row per measured point), details.csv (what was run, errors, where the time
// went), summary.json (errors by class and group); and the text on the terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "analysis/validate/validation.hpp"

namespace flotilla::analysis {

std::string points_csv(const Validation&);
std::string details_csv(const Validation&);
nlohmann::ordered_json summary(const Validation&);
/// "11 of 19 targets are met; missed: ...".
std::string answer(const Validation&);
/// The answer first (which classes keep their targets), then a table of classes.
std::string terminal_text(const Validation&);

/// One HTML file: pictures of measured against predicted, tables, residuals. `date` as it is to be shown.
std::string report_html(const Validation&, const std::string& date);
/// The page docs/validation.md: every class with its targets, and how its rows are replayed.
std::string validation_page(const Validation&, const std::string& date, const std::string& table);

}  // namespace flotilla::analysis
