#include "sim/engine/decode_set.hpp"

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
  remaining_ += r.output_tokens - r.generated;
  ++residues_[residue(r.computed)];
  calendar_.push({step_ + r.output_tokens - r.generated, r.admission, handle});
}

void DecodeSet::leave(Request& r) {
  r.generated = generated(r);
  r.computed = computed(r);
  r.joined_at = -1;
  --size_;
  kv_tokens_ -= r.computed + 1;
  remaining_ -= r.output_tokens - r.generated;
  --residues_[residue(r.computed)];
}

bool DecodeSet::stale(const Finish& f, const Request& r) { return !r.decoding() || r.admission != f.admission; }

void DecodeSet::drop_stale(const RequestPool& pool) {
  while (!calendar_.empty() && stale(calendar_.top(), pool[calendar_.top().handle])) calendar_.pop();
}

RequestHandle DecodeSet::pop_finished(RequestPool& pool) {
  drop_stale(pool);
  if (calendar_.empty() || calendar_.top().step != step_) return kNoRequest;
  const RequestHandle handle = calendar_.top().handle;
  calendar_.pop();
  leave(pool[handle]);
  return handle;
}

std::int64_t DecodeSet::steps_to_next_finish(const RequestPool& pool) {
  drop_stale(pool);
  return calendar_.top().step - step_;
}

std::int64_t DecodeSet::blocks_needed(std::int64_t steps) const {
  const auto block = static_cast<std::int64_t>(residues_.size());
  std::int64_t blocks = steps / block * size_;
  for (std::int64_t i = 0; i < steps % block; ++i) blocks += residues_[residue(-i)];
  return blocks;
}

std::int64_t DecodeSet::steps_within(std::int64_t free_blocks) const {
  if (size_ == 0) return std::numeric_limits<std::int64_t>::max();
  const auto block = static_cast<std::int64_t>(residues_.size());
  std::int64_t steps = free_blocks / size_ * block;
  std::int64_t left = free_blocks % size_;
  // After whole turns of the block size the classes stand where they stood.
  for (std::int64_t i = 0; i < block; ++i) {
    left -= residues_[residue(-i)];
    if (left < 0) break;
    ++steps;
  }
  return steps;
}

}  // namespace flotilla::sim
