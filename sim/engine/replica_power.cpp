// What a replica's GPUs draw, and caps that begin or end while it runs.
#include <algorithm>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

/// A jump ends at the first boundary at which another cap holds; so does the stretch, whose steps take another time
/// now.
void Replica::enter_power_state(double now) {
  close_stretch();
  while (now >= next_power_state_) {
    ++power_state_;
    const bool last = power_state_ + 1 == spec_.power.size();
    next_power_state_ = last ? std::numeric_limits<double>::infinity() : spec_.power[power_state_ + 1].from;
  }
  spec_.cost = spec_.power[power_state_].cost;
}

double Replica::add_energy(const models::CauseTimes& times, double seconds) {
  if (spec_.power.empty() || seconds <= 0) return 0;
  const double joules = spec_.gpus * spec_.power[power_state_].watts.above_idle(times);
  books_.joules_above_idle += joules;
  books_.peak_above_idle = std::max(books_.peak_above_idle, joules / seconds);
  return joules / seconds;
}

}  // namespace flotilla::sim
