// Writes coefficient files as they stand in models/calibration.
#pragma once

#include <string>

#include "models/calibration.hpp"

namespace flotilla::analysis {

/// Four significant digits; reading it back gives the shipped coefficients.
std::string to_yaml(const models::Calibration&);

}  // namespace flotilla::analysis
