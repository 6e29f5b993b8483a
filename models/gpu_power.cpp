#include "models/gpu_power.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::models {

CappedGpu under_cap(const Gpu& gpu, std::optional<Watts> cap) {
  const double tdp = gpu.tdp.value();
  const GpuPower& p = gpu.power;
  CappedGpu g;
  g.watts = {p.idle * tdp, p.memory * tdp, p.compute * tdp, p.communication * tdp, p.host * tdp};
  if (!cap) return g;
  const double limit = cap->value();
  const double room = limit - g.watts.idle;
  if (limit < g.watts.compute) g.compute = std::pow((g.watts.compute - g.watts.idle) / room, p.cap_exponent);
  g.memory = std::max(1.0, (p.memory_floor * tdp - g.watts.idle) / room);
  for (double* watts : {&g.watts.memory, &g.watts.compute, &g.watts.communication, &g.watts.host})
    *watts = std::min(*watts, limit);
  return g;
}

CauseTimes CappedSteps::stretched(CauseTimes t) const {
  t.memory *= gpu_.memory;
  t.compute *= gpu_.compute;
  return t;
}

const DecodeCost& CappedSteps::decode(int sequences) {
  const auto n = static_cast<std::size_t>(sequences);
  if (n >= by_sequences_.size()) by_sequences_.resize(n + 1);
  if (!by_sequences_[n]) {
    DecodeCost cost = steps_->decode(sequences);
    cost.base_by_cause = stretched(cost.base_by_cause);
    cost.slope_by_cause = stretched(cost.slope_by_cause);
    cost.window_slope_by_cause = stretched(cost.window_slope_by_cause);
    cost.base = cost.base_by_cause.total();
    cost.slope = cost.slope_by_cause.total();
    cost.window_slope = cost.window_slope_by_cause.total();
    by_sequences_[n] = cost;
  }
  return *by_sequences_[n];
}

}  // namespace flotilla::models
