#include "sim/engine/decode_set.hpp"

#include <algorithm>
#include <limits>

namespace flotilla::sim {

std::size_t DecodeSet::residue(std::int64_t computed) const {
  const auto size = static_cast<std::int64_t>(residues_.size());
  const std::int64_t r = (computed - step_) % size;
  return static_cast<std::size_t>(r < 0 ? r + size : r);
}

void DecodeSet::join(RequestHandle handle, Request& r) {
  r.joined_at = step_;
  ++size_;
  kv_tokens_ += r.computed + 1;
  remaining_ += r.output_here - r.generated;
  const std::int64_t blocks = layout_.growth(length(r.computed));
  residues_[residue(r.computed)] += blocks;
  growth_ += blocks;
  if (layout_.windowed > 0) watch_blocks(handle, r);
  calendar_.push({step_ + r.output_here - r.generated, r.admission, handle});
  if (window_.size > 0) watch_window(handle, r);
}

void DecodeSet::leave(Request& r) {
  left_early_ = true;
  take_out(r);
}

void DecodeSet::take_out(Request& r) {
  r.generated = generated(r);
  r.computed = computed(r);
  r.joined_at = -1;
  --size_;
  kv_tokens_ -= r.computed + 1;
  remaining_ -= r.output_here - r.generated;
  const std::int64_t blocks = layout_.growth(length(r.computed));
  residues_[residue(r.computed)] -= blocks;
  growth_ -= blocks;
  if (window_.size > 0) forget_window(r);
}

/// In blocks.
std::int64_t DecodeSet::length(std::int64_t computed) const {
  const auto block = static_cast<std::int64_t>(residues_.size());
  return (computed + block - 1) / block;
}

/// When its windowed layers will have taken their last block.
void DecodeSet::watch_blocks(RequestHandle handle, const Request& r) {
  if (length(r.computed) >= layout_.window_blocks) return;
  const std::int64_t full = (layout_.window_blocks - 1) * static_cast<std::int64_t>(residues_.size()) + 1;
  const std::int64_t steps = full - r.computed;
  if (steps <= r.output_here - r.generated) fills_.push({step_ + steps, r.admission, handle});
}

void DecodeSet::take_fills(const RequestPool& pool) {
  for (drop_stale(fills_, pool); !fills_.empty() && fills_.top().step == step_; drop_stale(fills_, pool)) {
    residues_[residue(computed(pool[fills_.top().handle]))] -= layout_.windowed;
    growth_ -= layout_.windowed;
    fills_.pop();
  }
}

void DecodeSet::watch_window(RequestHandle handle, const Request& r) {
  const std::int64_t seen = window_.seen(r.computed + 1);
  window_tokens_ += seen;
  if (!window_.chunked && seen == window_.size) return;
  ++growing_;
  // A full chunk is followed by a view of one token; a sliding window that is full stays so.
  const std::int64_t turn = window_.size - seen + (window_.chunked ? 1 : 0);
  if (turn <= r.output_here - r.generated) turns_.push({step_ + turn, r.admission, handle});
}

void DecodeSet::forget_window(const Request& r) {
  const std::int64_t seen = window_.seen(r.computed + 1);
  window_tokens_ -= seen;
  if (window_.chunked || seen < window_.size) --growing_;
}

bool DecodeSet::take_turns(const RequestPool& pool) {
  bool turned = false;
  for (drop_stale(turns_, pool); !turns_.empty() && turns_.top().step == step_; drop_stale(turns_, pool)) {
    const Date date = turns_.top();
    turns_.pop();
    turned = true;
    if (window_.chunked) {
      window_tokens_ -= window_.size;
      const Request& r = pool[date.handle];
      if (window_.size <= r.output_here - generated(r))
        turns_.push({step_ + window_.size, date.admission, date.handle});
    } else {
      --growing_;
    }
  }
  return turned;
}

std::int64_t DecodeSet::steps_to_next_turn(const RequestPool& pool) {
  std::int64_t steps = std::numeric_limits<std::int64_t>::max();
  for (Calendar* calendar : {&turns_, &fills_}) {
    if (calendar->empty()) continue;
    drop_stale(*calendar, pool);
    if (!calendar->empty()) steps = std::min(steps, calendar->top().step - step_);
  }
  return steps;
}

bool DecodeSet::stale(const Date& date, const Request& r) { return !r.decoding() || r.admission != date.admission; }

/// Only a sequence that left before its end leaves entries behind: without one nothing need be looked at.
void DecodeSet::drop_stale(Calendar& calendar, const RequestPool& pool) const {
  if (!left_early_) return;
  while (!calendar.empty() && stale(calendar.top(), pool[calendar.top().handle])) calendar.pop();
}

RequestHandle DecodeSet::pop_finished(RequestPool& pool) {
  drop_stale(calendar_, pool);
  if (calendar_.empty() || calendar_.top().step != step_) return kNoRequest;
  const RequestHandle handle = calendar_.top().handle;
  calendar_.pop();
  take_out(pool[handle]);
  return handle;
}

std::int64_t DecodeSet::steps_to_next_finish(const RequestPool& pool) {
  drop_stale(calendar_, pool);
  return calendar_.top().step - step_;
}

std::int64_t DecodeSet::blocks_needed(std::int64_t steps) const {
  const auto block = static_cast<std::int64_t>(residues_.size());
  std::int64_t blocks = steps / block * growth_;
  for (std::int64_t i = 0; i < steps % block; ++i) blocks += residues_[residue(-i)];
  return blocks;
}

std::int64_t DecodeSet::steps_within(std::int64_t free_blocks) const {
  if (size_ == 0) return std::numeric_limits<std::int64_t>::max();
  const auto block = static_cast<std::int64_t>(residues_.size());
  std::int64_t steps = free_blocks / growth_ * block;
  std::int64_t left = free_blocks % growth_;
  // After whole turns of the block size the classes stand where they stood.
  for (std::int64_t i = 0; i < block; ++i) {
    left -= residues_[residue(-i)];
    if (left < 0) break;
    ++steps;
  }
  return steps;
}

}  // namespace flotilla::sim
