// The files of a validation: points.csv (a row per measured point), details.csv (what was run, errors, where the time
// went), summary.json (errors by class and group); and the text on the terminal.
#pragma once

#include <string>

#include "analysis/validate/validation.hpp"

namespace flotilla::analysis {

std::string points_csv(const Validation&);
std::string details_csv(const Validation&);
std::string summary_json(const Validation&);
/// The answer first (which classes keep their targets), then a table of classes.
std::string terminal_text(const Validation&);

}  // namespace flotilla::analysis
