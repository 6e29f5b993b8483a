// Which releases of an engine share one serving profile.
#pragma once

#include <string>
#include <vector>

#include "models/calibration.hpp"

namespace flotilla::analysis {

/// One profile per minor release among `releases` (a release per serving point), joined with its neighbour where fewer
/// than `fewest` points stand behind it. Rising, with from and to as found; the figures are still empty.
std::vector<models::ServingProfile> release_ranges(std::vector<std::string> releases, int fewest);

}  // namespace flotilla::analysis
