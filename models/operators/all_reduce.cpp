#include "models/operators/all_reduce.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::models {

const reader::Schema<AllReduceCurve>& AllReduceCurve::schema() {
  using C = AllReduceCurve;
  static const auto s = reader::Schema<C>("all_reduce", "Time of an all-reduce against its size")
                            .key("ranks", &C::ranks, "GPUs that take part", {.min = 2, .required = true})
                            .key("bytes", &C::bytes, "sizes of the knots, rising", {.min = 1, .required = true})
                            .key("seconds", &C::seconds, "times at the knots, rising", {.min = 0, .required = true});
  return s;
}

const reader::Schema<AllReduceCoefficients>& AllReduceCoefficients::schema() {
  using C = AllReduceCoefficients;
  static const auto s =
      reader::Schema<C>("all_reduces", "Collectives of tensor parallelism")
          .key("curves", &C::curves, "measured times, one curve per number of ranks", {.required = true})
          .key("one_shot_efficiency", &C::one_shot_efficiency, "share of NVLink's bandwidth",
               {.min = 0, .above_min = true})
          .key("one_shot_limit", &C::one_shot_limit, "largest message of the one-shot kernel",
               {.min = 0, .unit = "bytes"});
  return s;
}

double all_reduce_time(const AllReduceCurve& curve, double bytes) {
  const auto above = std::upper_bound(curve.bytes.begin(), curve.bytes.end(), bytes);
  if (above == curve.bytes.begin()) return curve.seconds.front();
  if (above == curve.bytes.end()) return curve.seconds.back() * bytes / curve.bytes.back();
  const auto i = static_cast<std::size_t>(above - curve.bytes.begin());
  const double along = std::log(bytes / curve.bytes[i - 1]) / std::log(curve.bytes[i] / curve.bytes[i - 1]);
  return curve.seconds[i - 1] * std::pow(curve.seconds[i] / curve.seconds[i - 1], along);
}

double all_reduce_time(const std::vector<AllReduceCurve>& curves, int ranks, double bytes) {
  if (ranks <= 1) return 0;
  const auto above = std::find_if(curves.begin(), curves.end(), [&](const auto& c) { return c.ranks >= ranks; });
  if (above == curves.end()) return all_reduce_time(curves.back(), bytes);
  if (above->ranks == ranks || above == curves.begin()) return all_reduce_time(*above, bytes);
  const auto& below = *(above - 1);
  const double along =
      std::log(static_cast<double>(ranks) / below.ranks) / std::log(static_cast<double>(above->ranks) / below.ranks);
  return all_reduce_time(below, bytes) * (1 - along) + all_reduce_time(*above, bytes) * along;
}

double all_reduce_time(const AllReduceCoefficients& c, double scale, int ranks, double nvlink, double bytes) {
  if (ranks <= 1) return 0;
  const double latency = scale * all_reduce_time(c.curves, ranks, 0);
  const double one_shot = latency + (ranks - 1) * std::fmin(bytes, c.one_shot_limit) / (nvlink * c.one_shot_efficiency);
  if (bytes <= c.one_shot_limit) return one_shot;
  return std::fmax(one_shot, scale * all_reduce_time(c.curves, ranks, bytes));
}

}  // namespace flotilla::models
