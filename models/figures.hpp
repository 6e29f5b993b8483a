// Figures as articles and tables print them.
#pragma once

#include <string>

namespace flotilla::models {

/// "413,000": whole, with thousands separators.
std::string with_commas(double value);

/// Nearest 1 or 5 times a power of ten that is at most 1.1 % of the value: what "~413,000", "~10,500" and "~96,000"
/// are.
double rounded(double value);
/// "~413,000"
std::string about(double value);

/// `digits` significant ones, without an exponent: 46.5, 180, 0.17, 0.059.
std::string significant(double value, int digits);

}  // namespace flotilla::models
