#include "models/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::models {
namespace {
constexpr double kCoarsest = 0.011;  // the widest step of a rounding, as a share of the value
}  // namespace

std::string with_commas(double value) {
  auto digits = fmt::format("{:.0f}", std::fabs(value));
  for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return value < 0 && digits != "0" ? "-" + digits : digits;
}

double rounded(double value) {
  if (value == 0) return 0;
  const double widest = std::fabs(value) * kCoarsest;
  double step = std::pow(10.0, std::floor(std::log10(widest)));
  if (5 * step <= widest) step *= 5;
  return std::round(value / step) * step;
}

std::string about(double value) { return "~" + with_commas(rounded(value)); }

std::string significant(double value, int digits) {
  if (value == 0) return "0";
  const int magnitude = static_cast<int>(std::floor(std::log10(std::fabs(value))));
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - magnitude));
}

}  // namespace flotilla::models
