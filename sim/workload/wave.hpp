// A daily wave: load that rises and falls, as a stretching of time.
#pragma once

#include <optional>

#include "scenarios/reader/schema.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::sim {

/// rate(t) = request_rate * (1 + (peak_to_average - 1) * cos(2 pi (t - peak_at) / period)): over whole periods the mean
/// is request_rate. At a ratio of 2 the rate falls to 0 half a period after the peak; a sinusoid goes no further.
struct WaveSpec {
  double peak_to_average = 2;
  Seconds period{86400};
  std::optional<Seconds> peak_at;  ///< after the first moment of the load
  static const reader::Schema<WaveSpec>& schema();
};

/// Turns the times of a process of constant rate into those of one that follows the wave (time change: Çınlar,
/// Introduction to Stochastic Processes, 1975, ch. 4.7): equal amounts of load before and after. It draws nothing, so
/// that a stream of random numbers is the same with and without it.
class Wave {
 public:
  explicit Wave(const WaveSpec& spec);
  /// Time by which a steady load would have sent as much as the wave has until `t`.
  [[nodiscard]] double steady(double t) const;
  /// The inverse of steady(), to the last bits of a double.
  [[nodiscard]] double when(double steady_time) const;

 private:
  double turns_;  ///< 2 pi / period
  double swing_;  ///< (peak_to_average - 1) / turns_: how far the two times part, to either side
  double peak_at_;
};

}  // namespace flotilla::sim
