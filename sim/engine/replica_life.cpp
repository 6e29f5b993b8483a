// What becomes of a replica's work when the replica is lost.
#include <algorithm>
#include <utility>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

std::vector<RequestHandle> Replica::lose(double now) {
  const double last_step = settle(now);
  state_ = State::kIdle;
  ++lives_;
  clock_.cancel(slot_);
  if (frontend_slot_ >= 0) clock_.cancel(frontend_slot_);
  while (batch_.running() > 0) {
    // The last admitted were passed over last, if at all.
    const bool held = batch_.decoding().size() <= held_sequences_ && !held_.empty();
    const RequestHandle handle = batch_.last_running();
    batch_.preempt(handle, held ? held_.back().since : last_step);
    --pool_[handle].preemptions;
    trim_held();
  }
  batch_.decoding().forget();
  to_drop_.clear();
  std::vector<RequestHandle> lost;
  for (const RequestHandle handle : batch_.take_waiting()) lost.push_back(handle);
  for (const RequestHandle handle : std::exchange(in_frontend_, {})) lost.push_back(handle);
  for (const Fetch& fetch : std::exchange(fetching_, {})) {
    batch_.fetch_no_more(fetch.handle, fetch.to);
    lost.push_back(fetch.handle);
  }
  if (spec_.tiers.host) spec_.tiers.host->clear();
  for (const RequestHandle handle : std::exchange(received_, {})) {
    batch_.expect_no_more(handle);
    lost.push_back(handle);
  }
  for (const RequestHandle handle : lost) {
    Request& r = pool_[handle];
    if (r.scheduled < 0) spec_.pen.waited(std::min(r.enqueued, now), now);
    r.fetching = Request::Fetching::kUnknown;
    r.offloaded = 0;
    spec_.pen.ended(now);
  }
  tell_levels(now);
  return lost;
}

/// Brings the books up to date in the middle of a step. Returns when the decoding sequences made their latest token.
double Replica::settle(double now) {
  double last = now;
  if (state_ == State::kStretch) {
    settle_stretch(now, &last);
  } else if (state_ == State::kMoving) {
    books_.busy.communication += now - step_began_;
    books_.kv_block_seconds += static_cast<double>(batch_.kv().used()) * (now - step_began_);
    spec_.pen.worked(step_began_, now, batch_.running(), batch_.kv().used(), 0);
    for (const PrefillChunk& chunk : planner_.chunks()) batch_.prefill_advanced(chunk.request, chunk.tokens);
  } else if (state_ == State::kMixedStep) {
    last = step_began_;
    const double planned = mixed_times_.total(), passed = now - step_began_;
    models::CauseTimes done = mixed_times_ * std::min(1.0, passed / planned);
    done.communication += std::max(0.0, passed - planned);  // the network keeps it waiting
    books_.busy += mixed_times_ * -1;
    books_.busy += done;
    books_.kv_block_seconds += static_cast<double>(batch_.kv().used()) * passed;
    spec_.pen.worked(step_began_, now, batch_.running(), batch_.kv().used(), add_energy(done, passed));
    // The memory of its chunks is taken: they count as computed until all is given back.
    for (const PrefillChunk& chunk : planner_.chunks()) batch_.prefill_advanced(chunk.request, chunk.tokens);
  }
  return last;
}

/// Steps whose ends lie before this instant are done; the one under way is lost, but not its time.
void Replica::settle_stretch(double now, double* last) {
  const std::int64_t done = std::min(stretch_.first_boundary_from(now, stretch_.steps + 1), target_steps_) - 1;
  if (done > stretch_.steps) {
    batch_.advance_decoding(done - stretch_.steps);
    stretch_.steps = done;
    stretch_.blocks_at_end = batch_.kv().used();
    batch_.reserve_decode();  // of the step under way, as if its beginning had been an event
  }
  *last = stretch_.boundary(done);
  Stretch next = stretch_;
  next.steps = done + 1;
  models::CauseTimes step = next.time_by_cause();
  step += stretch_.time_by_cause() * -1;
  const double length = next.boundary(done + 1) - *last;
  const double part = now - *last;
  step = step * std::min(1.0, part / length);
  step.communication += std::max(0.0, part - length);
  books_.busy += step;
  books_.kv_block_seconds += static_cast<double>(batch_.kv().used()) * part;
  spec_.pen.worked(*last, now, batch_.running(), batch_.kv().used(), add_energy(step, part));
  close_stretch();
  stretch_ = {};
}

/// Whoever waits for memory may have it now.
void Replica::wake(double now) {
  if (state_ != State::kIdle || (batch_.waiting().empty() && batch_.swapped().empty())) return;
  clock_.schedule(slot_, now);
}

/// It is no longer here, and nobody is told what it got.
void Replica::leave_unwanted(RequestHandle handle, double now) {
  const Request& r = pool_[handle];
  if (r.scheduled < 0) spec_.pen.waited(std::min(r.enqueued, now), now);
  spec_.pen.ended(now);
  made_room_ = true;
  finished_(handle);
}

void Replica::abandon(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  r.to_stop = true;
  if (const auto found = std::find(in_frontend_.begin(), in_frontend_.end(), handle); found != in_frontend_.end()) {
    in_frontend_.erase(found);
    return leave_unwanted(handle, now);
  }
  if (const auto found = std::find(received_.begin(), received_.end(), handle); found != received_.end()) {
    received_.erase(found);
    expect_no_more(handle, now);
    return leave_unwanted(handle, now);
  }
  const auto fetch =
      std::find_if(fetching_.begin(), fetching_.end(), [&](const Fetch& f) { return f.handle == handle; });
  if (fetch != fetching_.end()) return;  // it leaves when that has come
  const bool runs = r.previous != kNoRequest || r.next != kNoRequest || batch_.last_running() == handle;
  if (!r.waiting && !r.swapped && !runs) return;  // it is on its way to here, or from here
  // Who waits behind it may be next; what it holds may let somebody in.
  if (state_ == State::kStretch) end_jump_by(now);
  if (runs) {
    to_drop_.push_back(handle);
    return;
  }
  batch_.drop(handle, now);
  wake(now);
  leave_unwanted(handle, now);
}

void Replica::drop_abandoned(double now) {
  close_stretch();
  for (const RequestHandle handle : std::exchange(to_drop_, {})) {
    batch_.drop(handle, now);
    trim_held();
    leave_unwanted(handle, now);
  }
}

}  // namespace flotilla::sim
