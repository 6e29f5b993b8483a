// A stretch: decode steps with one and the same set of sequences, one after the other. Step i (from 0) reads n more KV
// tokens than the one before, and so many more in windowed layers as there are views that grow, so that its duration is
// affine in i and the boundary after k steps is a closed form. A view that turns ends the stretch. Every mode of
// running computes boundaries by this one expression, so that jumping over steps and walking through them agree to the
// bit.
#pragma once

#include <cmath>
#include <cstdint>

#include "models/step_cost.hpp"

namespace flotilla::sim {

struct Stretch {
  double anchor = 0;  ///< when it began, s
  double first = 0;   ///< duration of its first step, s
  double growth = 0;  ///< what each step takes longer than the one before, s
  std::int64_t sequences = 0;
  std::int64_t kv_tokens = 0;        ///< read by its first step
  std::int64_t window_tokens = 0;    ///< read by its first step in windowed layers
  std::int64_t window_growth = 0;    ///< what each step reads more of them than the one before
  std::int64_t steps = 0;            ///< done so far
  std::int64_t blocks_at_start = 0;  ///< KV blocks in use, the first step's included
  std::int64_t blocks_at_end = 0;    ///< after the steps done so far
  const models::DecodeCost* cost = nullptr;
  double network_wait = 0;  ///< of `first`, what the cost does not say: collectives had to share links

  [[nodiscard]] bool open() const { return cost != nullptr; }

  static Stretch begin(double now, const models::DecodeCost& cost, std::int64_t sequences, std::int64_t kv_tokens,
                       std::int64_t window_tokens = 0, std::int64_t window_growth = 0) {
    Stretch s;
    s.anchor = now;
    s.first = cost.base + cost.slope * static_cast<double>(kv_tokens) +
              cost.window_slope * static_cast<double>(window_tokens);
    s.growth = cost.slope * static_cast<double>(sequences) + cost.window_slope * static_cast<double>(window_growth);
    s.sequences = sequences;
    s.kv_tokens = kv_tokens;
    s.window_tokens = window_tokens;
    s.window_growth = window_growth;
    s.cost = &cost;
    return s;
  }

  /// Its only step takes so much longer.
  void wait_for_network(double seconds) {
    first += seconds;
    network_wait += seconds;
  }

  /// The end of step k (from 1); boundary(0) is the anchor.
  [[nodiscard]] double boundary(std::int64_t k) const {
    const auto steps_taken = static_cast<double>(k);
    return anchor + (steps_taken * first + growth * (0.5 * steps_taken * (steps_taken - 1)));
  }

  /// The smallest k >= `at_least` whose boundary is not before `date`.
  [[nodiscard]] std::int64_t first_boundary_from(double date, std::int64_t at_least) const {
    if (boundary(at_least) >= date) return at_least;
    // Solve the parabola for a guess, then settle it with the expression itself.
    const double a = 0.5 * growth;
    const double b = first - a;
    const double root = 2 * (date - anchor) / (b + std::sqrt(b * b + 4 * a * (date - anchor)));
    auto k = static_cast<std::int64_t>(root);
    if (k < at_least) k = at_least;
    while (boundary(k) < date) ++k;
    while (k > at_least && boundary(k - 1) >= date) --k;
    return k;
  }

  /// Time by cause of the steps done.
  [[nodiscard]] models::CauseTimes time_by_cause() const {
    const auto k = static_cast<double>(steps);
    const double pairs = 0.5 * k * (k - 1);
    models::CauseTimes causes = cost->base_by_cause * k;
    causes += cost->slope_by_cause * (k * static_cast<double>(kv_tokens) + static_cast<double>(sequences) * pairs);
    if (window_tokens > 0) {
      causes += cost->window_slope_by_cause *
                (k * static_cast<double>(window_tokens) + static_cast<double>(window_growth) * pairs);
    }
    causes.communication += network_wait;
    return causes;
  }

  /// Steps until the next one would read more than `limit` KV tokens; at least 1.
  [[nodiscard]] std::int64_t steps_within(double limit) const {
    const double left = (limit - static_cast<double>(kv_tokens)) / static_cast<double>(sequences);
    if (!(left < 9e15)) return INT64_MAX;
    return left < 0 ? 1 : static_cast<std::int64_t>(left) + 1;
  }
};

}  // namespace flotilla::sim
