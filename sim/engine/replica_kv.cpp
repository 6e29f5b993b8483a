// KV that comes from another replica, or goes to one.
#include <cmath>
#include <limits>
#include <utility>

#include "sim/engine/replica.hpp"

namespace flotilla::sim {

bool Replica::has_room_for(RequestHandle handle, double now) const {
  const Request& r = pool_[handle];
  if (!batch_.waiting().empty() || !batch_.swapped().empty()) return false;
  const std::int64_t free = batch_.kv().free() - blocks_of_jump(now);
  return batch_.kv().blocks_for(r.prompt()) <= free && spec_.scheduler->may_receive(batch_, r);
}

/// Its memory may let somebody in who waits here. Where its prompt is about to be computed it ends otherwise than here.
void Replica::expect_no_more(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  const std::int32_t there = std::exchange(r.output_here, steps_of(r));
  batch_.expect_no_more(handle);
  r.output_here = there;
  if (state_ == State::kStretch) end_jump_by(now);
  wake(now);
}

void Replica::expect(RequestHandle handle, double now) {
  ++books_.requests;
  spec_.pen.arrived(now);
  pool_[handle].output_here = steps_of(pool_[handle]);
  // What a jump took for granted is no longer free.
  if (state_ == State::kStretch) end_jump_by(now);
  batch_.expect(handle);
}

void Replica::receive(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  r.output_here = steps_of(r);
  if (r.first_token < 0) {
    r.first_token = now;
  } else {
    recorder_.token_gap(now - r.last_token);  // the pause of a lost replica
  }
  r.last_token = now;
  ++books_.output_tokens;
  recorder_.tokens(now, 1);
  spec_.pen.made_tokens(now, 1);
  if (spec_.story != nullptr && spec_.story->is_about(r)) told_ = handle;
  received_.push_back(handle);
  if (state_ == State::kIdle) {
    clock_.schedule(slot_, now);
  } else if (state_ == State::kStretch) {
    // Steps that begin at this instant have begun.
    end_jump_by(std::nextafter(now, std::numeric_limits<double>::infinity()));
  }
}

void Replica::join_received() {
  while (!received_.empty() && batch_.running() < spec_.max_num_seqs) {
    close_stretch();
    const RequestHandle handle = received_.front();
    received_.pop_front();
    batch_.join_decoding(handle);
    held_.push_back({pool_[handle].last_token, 1});
    ++held_sequences_;
  }
}

void Replica::release_held(RequestHandle handle, double now) {
  batch_.release_held(handle);
  wake(now);
}

}  // namespace flotilla::sim
