// KV of preempted sequences on its way to host memory and back: the step waits for it.
#include "sim/engine/replica.hpp"

namespace flotilla::sim {

void Replica::move_swapped(double now) {
  close_stretch();
  std::int64_t out = 0, in = 0;
  hold_decoding(now);
  for (const StepPlanner::Swap& swap : planner_.swaps()) {
    const Request& r = pool_[swap.request];
    (swap.out ? out : in) += r.computed;
    books_.swaps += swap.out ? 1 : 0;
  }
  // Who comes back makes its next token after the pause: hold_decoding() counted it among those that made one now.
  for (const StepPlanner::Swap& swap : planner_.swaps()) {
    if (swap.out) continue;
    if (--held_.back().sequences == 0) held_.pop_back();
    held_.insert(held_.begin(), {pool_[swap.request].last_token, 1});
  }
  state_ = State::kMoving;
  step_began_ = now;
  tell_levels(now);
  spec_.host->move(now, out, in, [this, life = lives_](double then) {
    if (life != lives_) return;
    books_.busy.communication += then - step_began_;
    books_.kv_block_seconds += static_cast<double>(batch_.kv().used()) * (then - step_began_);
    spec_.pen.worked(step_began_, then, batch_.running(), batch_.kv().used(), 0);
    begin_planned_step(then);
  });
}

}  // namespace flotilla::sim
