// A sweep as a page: what each fleet gives to its users and to whom pays for it, the points that no other beats.
#pragma once

#include <string>

#include "analysis/sweep/store.hpp"

namespace flotilla::analysis {

std::string sweep_report_html(const StoredSweep& sweep);

}  // namespace flotilla::analysis
