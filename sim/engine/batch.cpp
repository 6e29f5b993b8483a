#include "sim/engine/batch.hpp"

#include <algorithm>

namespace flotilla::sim {

void Batch::link_last(RequestHandle handle) {
  Request& r = pool_[handle];
  r.previous = tail_;
  r.next = kNoRequest;
  (tail_ == kNoRequest ? head_ : pool_[tail_].next) = handle;
  tail_ = handle;
  ++running_;
  committed_ += blocks_at_end(r);
}

void Batch::unlink(RequestHandle handle) {
  const Request& r = pool_[handle];
  (r.previous == kNoRequest ? head_ : pool_[r.previous].next) = r.next;
  (r.next == kNoRequest ? tail_ : pool_[r.next].previous) = r.previous;
  --running_;
  committed_ -= blocks_at_end(r);
}

void Batch::start_first_waiting() {
  const RequestHandle handle = waiting_.front();
  waiting_.pop_front();
  Request& r = pool_[handle];
  r.admission = ++admissions_;
  r.computed = r.cached_tokens;
  r.prefill_target = r.input_tokens + r.generated;
  claimed_ += r.prefill_target;
  link_last(handle);
  prefilling_.push_back(handle);
}

bool Batch::reserve_first_chunk(RequestHandle handle, std::int32_t tokens) {
  const std::int64_t blocks = kv_.blocks_for(pool_[handle].cached_tokens + tokens);
  if (blocks > kv_.free()) return false;
  kv_.take(blocks);
  return true;
}

bool Batch::reserve_prefill(RequestHandle handle, std::int32_t tokens) {
  const Request& r = pool_[handle];
  const std::int64_t blocks = kv_.blocks_for(r.computed + tokens) - kv_.blocks_for(r.computed);
  if (blocks > kv_.free()) return false;
  kv_.take(blocks);
  return true;
}

void Batch::start_decoding(RequestHandle handle) {
  prefilling_.erase(std::find(prefilling_.begin(), prefilling_.end(), handle));
  Request& r = pool_[handle];
  if (r.generated < r.output_here) decoding_.join(handle, r);
}

void Batch::reserve_decode() {
  reserved_ = decoding_.blocks_needed(1);
  kv_.take(reserved_);
  decode_planned_ = true;
}

bool Batch::advance_decoding(std::int64_t steps) {
  kv_.take(decoding_.blocks_needed(steps) - reserved_);
  const bool turned = decoding_.advance(steps, pool_);
  claimed_ += steps * decoding_.size();
  reserved_ = 0;
  decode_planned_ = false;
  return turned;
}

void Batch::retire(RequestHandle handle) {
  kv_.give_back(kv_.blocks_for(pool_[handle].computed));
  claimed_ -= pool_[handle].computed;
  unlink(handle);
}

void Batch::hold(RequestHandle handle) {
  held_ += kv_.blocks_for(pool_[handle].computed);
  unlink(handle);
}

void Batch::release_held(std::int64_t tokens) {
  const std::int64_t blocks = kv_.blocks_for(tokens);
  claimed_ -= tokens;
  held_ -= blocks;
  kv_.give_back(blocks);
}

void Batch::expect(RequestHandle handle) {
  const Request& r = pool_[handle];
  kv_.take(kv_.blocks_for(r.input_tokens));
  claimed_ += r.input_tokens;
  committed_ += blocks_at_end(r);
  ++expected_;
}

void Batch::join_decoding(RequestHandle handle) {
  Request& r = pool_[handle];
  --expected_;
  committed_ -= blocks_at_end(r);
  r.admission = ++admissions_;
  r.computed = r.input_tokens;
  link_last(handle);
  decoding_.join(handle, r);
}

RequestHandle Batch::preempt_last(double now) {
  const RequestHandle handle = tail_;
  Request& r = pool_[handle];
  if (r.decoding()) {
    decoding_.leave(r);
    claimed_ -= r.computed;
    r.last_token = now;  // it decoded in every step until this boundary
    if (decode_planned_ && r.computed % kv_.block_size() == 0) {
      kv_.give_back(1);
      --reserved_;
    }
    if (decoding_.size() == 0) decode_planned_ = false;
  } else {
    prefilling_.erase(std::find(prefilling_.begin(), prefilling_.end(), handle));
    claimed_ -= r.prefill_target;
  }
  kv_.give_back(kv_.blocks_for(r.computed));
  unlink(handle);
  r.computed = 0;
  ++r.preemptions;
  waiting_.push_front(handle);
  return handle;
}

}  // namespace flotilla::sim
