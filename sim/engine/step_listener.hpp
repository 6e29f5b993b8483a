// Whoever watches replicas at work, step by step: for drawing, not for books. It only listens: a run is the same with
// and without it. Times are seconds of simulated time.
#pragma once

#include <cstdint>

#include "models/step_cost.hpp"
#include "sim/engine/stretch.hpp"

namespace flotilla::sim {

/// A step with prefill in it.
struct MixedStep {
  double begin = 0;
  double end = 0;
  std::int64_t prompts = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t decoding = 0;  ///< sequences that make a token along with it
  models::CauseTimes times;   ///< sums to its length
};

/// What a replica holds.
struct Levels {
  std::int64_t running = -1;
  std::int64_t waiting = -1;
  std::int64_t kv_blocks = -1;  ///< in use
};

class StepListener {
 public:
  virtual ~StepListener() = default;
  /// A replica, before the run: one of a serving group of the scenario. Numbers count from 0; those that decode what
  /// others prefill come last, so that Request::replica is such a number and Request::decode_replica counts from the
  /// first of them.
  virtual void made(int replica, int serving_group, std::int64_t kv_blocks) = 0;
  /// Holds from `now` on.
  virtual void levels(int replica, double now, const Levels& levels) = 0;
  virtual void waiting(int replica, double now, std::int64_t requests) = 0;
  /// Told when it begins; where its collectives are flows, when it is over.
  virtual void mixed_step(int replica, const MixedStep& step) = 0;
  /// Told when it is over. The levels at its beginning have been told.
  virtual void stretch(int replica, const Stretch& stretch) = 0;
};

}  // namespace flotilla::sim
