#include "sim/engine/batch.hpp"

#include <algorithm>
#include <utility>

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
  Request& r = pool_[handle];
  (r.previous == kNoRequest ? head_ : pool_[r.previous].next) = r.next;
  (r.next == kNoRequest ? tail_ : pool_[r.next].previous) = r.previous;
  r.previous = r.next = kNoRequest;
  --running_;
  committed_ -= blocks_at_end(r);
}

void Batch::start_first_waiting() {
  const RequestHandle handle = waiting_->front();
  look_again();
  waiting_->pop_front();
  Request& r = pool_[handle];
  r.admission = pool_.next_admission();
  r.computed = r.found_tokens;
  if (prefixes_ && r.preemptions == 0 && r.failures == 0) r.cached_tokens = std::min(r.found_tokens, r.input_tokens);
  r.prefill_target = r.input_tokens + r.generated;
  claimed_ += r.prefill_target;
  link_last(handle);
  prefilling_.push_back(handle);
}

RequestHandle Batch::step_aside(std::int64_t to) {
  const RequestHandle handle = waiting_->front();
  const std::int64_t blocks = kv_.blocks_for(to * kv_.block_size()) - blocks_shared_with_first();
  RequestPool::Text& text = pool_.text(handle);
  // What is found here already is held, so that it does not make way for the rest.
  prefixes_->acquire(text.names, pool_[handle].found_tokens / kv_.block_size(), text.blocks);
  look_again();
  waiting_->drop(handle);
  take(blocks);
  return handle;
}

/// Nobody refers to them now: they are free memory that holds something.
void Batch::fetched(RequestHandle handle, std::int64_t to) {
  name_blocks(handle, to * kv_.block_size());
  give_back(handle, to * kv_.block_size());
  prefixes_->trim(kv_.free() / kv_.layout().full);
  look_again();
  waiting_->put_back(handle);
}

/// What idle prefixes hold is free memory: they make way.
void Batch::take(std::int64_t blocks) {
  kv_.take(blocks);
  if (prefixes_) prefixes_->trim(kv_.free() / kv_.layout().full);
}

void Batch::look_up_first() {
  if (!prefixes_ || waiting_->empty()) return;
  if (looked_up_ == waiting_->front() && looked_up_at_ == prefixes_->version()) return;
  waiting_->look_at(*prefixes_, kv_.block_size());
  const RequestHandle handle = waiting_->front();
  looked_up_ = handle;
  looked_up_at_ = prefixes_->version();
  Request& r = pool_[handle];
  const std::int64_t most = (std::int64_t{r.input_tokens} + r.generated - 1) / kv_.block_size();
  r.found_tokens =
      static_cast<std::int32_t>(std::min(most, prefixes_->match(pool_.text(handle).names)) * kv_.block_size());
}

std::int64_t Batch::blocks_shared_with_first() const {
  if (!prefixes_) return 0;
  const RequestHandle handle = waiting_->front();
  const std::int64_t found = pool_[handle].found_tokens / kv_.block_size();
  return in_blocks(found - prefixes_->unreferenced(pool_.text(handle).names, found));
}

std::int64_t Batch::blocks_held(PrefixCache::Names names, std::int64_t pending) {
  if (!prefixes_) return 0;
  prefixes_->trim((kv_.free() - pending) / kv_.layout().full);
  return prefixes_->match(names);
}

/// A sequence that has memory for so many tokens refers to those of its blocks that are full and have a name. What
/// others refer to already it need not hold itself.
void Batch::name_blocks(RequestHandle handle, std::int64_t tokens) {
  if (!prefixes_) return;
  RequestPool::Text& text = pool_.text(handle);
  const std::int64_t full = std::min(tokens / kv_.block_size(), static_cast<std::int64_t>(text.names.size()));
  kv_.give_back(in_blocks(prefixes_->add(text.names, full, text.blocks)));
}

/// The memory of a sequence that has stored so many tokens: what others refer to stays in use.
void Batch::give_back(RequestHandle handle, std::int64_t tokens) {
  std::int64_t blocks = kv_.blocks_for(tokens);
  if (prefixes_) {
    PrefixCache::Blocks& named = pool_.text(handle).blocks;
    const auto all = static_cast<std::int64_t>(named.size());
    blocks += in_blocks(prefixes_->release(named) - all);
  }
  kv_.give_back(blocks);
}

bool Batch::reserve_first_chunk(RequestHandle handle, std::int32_t tokens, const EntryRules& rules) {
  Request& r = pool_[handle];
  const std::int64_t all = kv_.blocks_for(rules.whole_prompt ? r.input_tokens + r.generated : r.found_tokens + tokens);
  const std::int64_t free = kv_.free() - (running_ > 0 ? rules.keep_free : 0);
  const std::int64_t blocks = prefixes_ ? all - blocks_shared_with_first() : all;
  if (blocks > free) return false;
  r.whole_prompt_memory = rules.whole_prompt;
  if (!prefixes_) {
    kv_.take(blocks);
    return true;
  }
  // First they are held, so that they do not make way for themselves.
  const std::int64_t found = r.found_tokens / kv_.block_size();
  RequestPool::Text& text = pool_.text(handle);
  prefixes_->acquire(text.names, found, text.blocks);
  take(blocks);
  name_blocks(handle, r.found_tokens + tokens);
  return true;
}

bool Batch::reserve_prefill(RequestHandle handle, std::int32_t tokens) {
  const Request& r = pool_[handle];
  const std::int64_t blocks =
      r.whole_prompt_memory ? 0 : kv_.blocks_for(r.computed + tokens) - kv_.blocks_for(r.computed);
  if (blocks > kv_.free()) return false;
  take(blocks);
  name_blocks(handle, r.computed + tokens);
  return true;
}

void Batch::start_decoding(RequestHandle handle) {
  prefilling_.erase(std::find(prefilling_.begin(), prefilling_.end(), handle));
  Request& r = pool_[handle];
  r.whole_prompt_memory = false;
  if (r.generated < r.output_here) decoding_.join(handle, r);
}

void Batch::reserve_decode() {
  reserved_ = decoding_.blocks_needed(1);
  take(reserved_);
  decode_planned_ = true;
}

bool Batch::advance_decoding(std::int64_t steps) {
  take(decoding_.blocks_needed(steps) - reserved_);
  const bool turned = decoding_.advance(steps, pool_);
  claimed_ += steps * decoding_.size();
  reserved_ = 0;
  decode_planned_ = false;
  return turned;
}

void Batch::retire(RequestHandle handle) {
  waiting_->left(handle);
  const std::int64_t stored = pool_[handle].computed;
  name_blocks(handle, stored);  // its answer's, where they have names: the next turn of a conversation begins with it
  give_back(handle, stored);
  claimed_ -= stored;
  unlink(handle);
}

void Batch::hold(RequestHandle handle) {
  held_ += kv_.blocks_for(pool_[handle].computed);
  unlink(handle);
}

void Batch::release_held(RequestHandle handle) {
  const std::int64_t tokens = pool_[handle].prompt();
  claimed_ -= tokens;
  held_ -= kv_.blocks_for(tokens);
  give_back(handle, tokens);
}

void Batch::expect(RequestHandle handle) {
  const Request& r = pool_[handle];
  take(kv_.blocks_for(r.prompt()));
  claimed_ += r.prompt();
  committed_ += blocks_at_end(r);
  ++expected_;
}

void Batch::expect_no_more(RequestHandle handle) {
  const Request& r = pool_[handle];
  kv_.give_back(kv_.blocks_for(r.prompt()));
  claimed_ -= r.prompt();
  committed_ -= blocks_at_end(r);
  --expected_;
}

std::vector<RequestHandle> Batch::take_waiting() {
  looked_up_ = kNoRequest;
  std::vector<RequestHandle> all;
  for (const RequestHandle handle : std::exchange(swapped_, {})) {
    pool_[handle].swapped = false;
    pool_[handle].computed = 0;
    all.push_back(handle);
  }
  swapped_blocks_ = 0;
  for (const RequestHandle handle : waiting_->take_all()) all.push_back(handle);
  return all;
}

void Batch::forget_prefixes() {
  if (prefixes_) prefixes_.emplace(eviction_);
  looked_up_ = kNoRequest;
}

void Batch::join_decoding(RequestHandle handle) {
  Request& r = pool_[handle];
  --expected_;
  committed_ -= blocks_at_end(r);
  r.admission = pool_.next_admission();
  r.computed = r.prompt();
  link_last(handle);
  decoding_.join(handle, r);
}

RequestHandle Batch::last_in_rank() const {
  if (!waiting_->ranks() || tail_ == kNoRequest) return tail_;
  RequestHandle last = tail_;
  for (RequestHandle handle = pool_[tail_].previous; handle != kNoRequest; handle = pool_[handle].previous)
    if (waiting_->after(handle, last)) last = handle;
  return last;
}

/// It leaves the running set, and its memory is free.
void Batch::stop(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  if (r.decoding()) {
    decoding_.leave(r);
    claimed_ -= r.computed;
    r.last_token = now;  // it decoded in every step until this boundary
    if (decode_planned_) {
      const std::int64_t next = kv_.blocks_for(r.computed + 1) - kv_.blocks_for(r.computed);
      kv_.give_back(next);
      reserved_ -= next;
    }
    if (decoding_.size() == 0) decode_planned_ = false;
    r.whole_prompt_memory = false;
  } else {
    prefilling_.erase(std::find(prefilling_.begin(), prefilling_.end(), handle));
    claimed_ -= r.prefill_target;
  }
  name_blocks(handle, r.computed);  // what it has made is found again, too
  give_back(handle, r.stored());
  unlink(handle);
  r.whole_prompt_memory = false;
  waiting_->left(handle);
}

void Batch::preempt(RequestHandle handle, double now) {
  stop(handle, now);
  Request& r = pool_[handle];
  r.computed = 0;
  ++r.preemptions;
  look_again();
  waiting_->put_back(handle);
}

void Batch::swap_out(RequestHandle handle, double now) {
  stop(handle, now);
  Request& r = pool_[handle];
  r.swapped = true;
  ++r.preemptions;
  swapped_blocks_ += kv_.blocks_for(r.computed);
  swapped_.push_back(handle);
}

RequestHandle Batch::swap_in() {
  const RequestHandle handle = swapped_.front();
  swapped_.pop_front();
  Request& r = pool_[handle];
  r.swapped = false;
  swapped_blocks_ -= kv_.blocks_for(r.computed);
  take(kv_.blocks_for(r.computed));
  claimed_ += r.computed;
  r.admission = pool_.next_admission();
  link_last(handle);
  decoding_.join(handle, r);
  return handle;
}

void Batch::drop(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  look_again();
  if (r.waiting) {
    waiting_->drop(handle);
  } else if (r.swapped) {
    r.swapped = false;
    swapped_blocks_ -= kv_.blocks_for(r.computed);
    swapped_.erase(std::find(swapped_.begin(), swapped_.end(), handle));
  } else {
    stop(handle, now);
  }
  r.computed = 0;
}

}  // namespace flotilla::sim
