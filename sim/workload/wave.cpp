#include "sim/workload/wave.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace flotilla::sim {

const reader::Schema<WaveSpec>& WaveSpec::schema() {
  using W = WaveSpec;
  static const auto s =
      reader::Schema<W>("wave", "Load that rises and falls like a day's: a sinusoid around request_rate")
          .key("peak_to_average", &W::peak_to_average, "highest rate / request_rate; at 2 the rate falls to 0 at night",
               {.min = 1, .max = 2})
          .key("period", &W::period, "from peak to peak", {.min = 0, .above_min = true})
          .key("peak_at", &W::peak_at, "when the rate is highest, after the load's begin",
               {.min = 0, .default_text = "half a period: the load begins at its lowest"});
  return s;
}

Wave::Wave(const WaveSpec& spec)
    : turns_(2 * std::numbers::pi / spec.period.value()),
      swing_((spec.peak_to_average - 1) / turns_),
      peak_at_(spec.peak_at.value_or(spec.period / 2).value()) {}

double Wave::steady(double t) const {
  // The integral of 1 + (p - 1) cos(w (t - peak)) from 0 to t.
  return t + swing_ * (std::sin(turns_ * (t - peak_at_)) + std::sin(turns_ * peak_at_));
}

double Wave::when(double steady_time) const {
  if (swing_ == 0) return steady_time;
  // Kepler's equation has no closed inverse. steady(t) never falls and is never further from t than twice the swing:
  // halving that bracket ends when no double is left in it.
  double low = std::max(0.0, steady_time - 2 * swing_);
  double high = steady_time + 2 * swing_;
  for (double middle = (low + high) / 2; low < middle && middle < high; middle = (low + high) / 2) {
    (steady(middle) < steady_time ? low : high) = middle;
  }
  return high;
}

}  // namespace flotilla::sim
