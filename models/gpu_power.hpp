// Watts of a GPU by what it does, and what a power cap does to its steps. Coefficients are shares of the thermal design
// power, so that a GPU nobody measured can take over those of a relative; docs/decisions/0022 says how they were found.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/gpu.hpp"
#include "models/step_cost.hpp"

namespace flotilla::models {

/// Watts of one GPU: `idle` without work, the others while a step waits for what CauseTimes names.
struct GpuWatts {
  double idle = 0;
  double memory = 0;
  double compute = 0;
  double communication = 0;
  double host = 0;

  /// Joules that a GPU draws beyond idle in so much time by cause.
  [[nodiscard]] double above_idle(const CauseTimes& t) const {
    return (memory - idle) * t.memory + (compute - idle) * t.compute + (communication - idle) * t.communication +
           (host - idle) * t.host;
  }
};

/// A GPU under a cap: what it draws, and by which factor each cause's time grows. Without a cap all factors are 1.
struct CappedGpu {
  GpuWatts watts;
  double memory = 1, compute = 1;
  [[nodiscard]] bool changes_nothing() const { return memory == 1 && compute == 1; }
};

/// The cap lowers clocks until the GPU draws no more than `cap`, for each cause by itself: computing takes
/// ((P - idle) / (cap - idle))^cap_exponent times as long; memory keeps its speed down to memory_floor and below that
/// gets its share of what is left; communication and the host keep theirs. `cap` must be above idle.
CappedGpu under_cap(const Gpu&, std::optional<Watts> cap);

/// Step times under a cap: those of another, cause by cause. Affine in KV tokens as those are.
class CappedSteps final : public StepTimes {
 public:
  CappedSteps(std::shared_ptr<StepTimes> uncapped, const CappedGpu& gpu) : steps_(std::move(uncapped)), gpu_(gpu) {}

  [[nodiscard]] const DecodeCost& decode(int sequences) override;
  [[nodiscard]] CauseTimes mixed(const MixedBatch& batch) override { return stretched(steps_->mixed(batch)); }
  [[nodiscard]] CollectiveLoad collectives(const MixedBatch& batch) override { return steps_->collectives(batch); }

 private:
  [[nodiscard]] CauseTimes stretched(CauseTimes t) const;

  std::shared_ptr<StepTimes> steps_;
  CappedGpu gpu_;
  std::deque<std::optional<DecodeCost>> by_sequences_;  ///< references into it stay valid while it grows
};

}  // namespace flotilla::models
