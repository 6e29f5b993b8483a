// The sequences of one replica: waiting, in prefill, decoding; and the memory they hold. Policies decide over this
// state through StepPlanner (sim/scheduler/scheduler.hpp); this file keeps the books.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/engine/decode_set.hpp"
#include "sim/engine/kv_cache.hpp"
#include "sim/engine/prefix_cache.hpp"
#include "sim/engine/request.hpp"
#include "sim/engine/waiting_queue.hpp"

namespace flotilla::sim {

/// How a prompt is let in.
struct EntryRules {
  bool whole_prompt = false;   ///< memory is taken for all of the prompt at once, not chunk by chunk
  std::int64_t keep_free = 0;  ///< blocks that must stay free, unless nothing runs
};

class Batch {
 public:
  Batch(RequestPool& pool, std::int64_t kv_blocks, int block_size, const models::AttentionWindow& window = {},
        std::unique_ptr<WaitingQueue> queue = nullptr, const models::KvLayout& layout = {})
      : pool_(pool),
        kv_(kv_blocks, block_size, layout),
        decoding_(block_size, window, layout),
        waiting_(queue ? std::move(queue) : std::make_unique<FifoQueue>(pool)) {}

  /// From now on blocks with a name are found again, and shared.
  void keep_prefixes(PrefixCache::Eviction eviction = PrefixCache::Eviction::kLeastRecentlyUsed) {
    prefixes_.emplace(eviction);
    eviction_ = eviction;
  }

  void enqueue(RequestHandle handle) {
    look_again();
    waiting_->push(handle);
  }
  /// Looks up how much of the first of the queue the prefix cache holds: whole blocks, and never all of its prompt,
  /// whose last token is always computed.
  void look_up_first();
  /// Blocks of the first of the queue that sequences which run already hold for it.
  [[nodiscard]] std::int64_t blocks_shared_with_first() const;
  /// The same for any text, as of now: how many blocks from its front are held? `pending`: blocks that a jump over
  /// decode steps has taken since the books were last brought up to date.
  [[nodiscard]] std::int64_t blocks_held(PrefixCache::Names names, std::int64_t pending);

  /// The first of the queue steps aside until the first `to` blocks of its prompt are here, of which some come from
  /// elsewhere. Memory for them is taken, and must suffice.
  RequestHandle step_aside(std::int64_t to);
  /// They are: they can be found from now on, and it is in the queue again.
  void fetched(RequestHandle handle, std::int64_t to);
  /// They will not come.
  void fetch_no_more(RequestHandle handle, std::int64_t to) { give_back(handle, to * kv_.block_size()); }
  /// The first of the queue joins the running set in prefill, with its first chunk reserved.
  void start_first_waiting();
  /// Memory for the cached part of a waiting prompt and its first chunk; false (and nothing taken) if it does not fit.
  [[nodiscard]] bool reserve_first_chunk(RequestHandle handle, std::int32_t tokens, const EntryRules& rules);
  /// Memory for a further chunk; false (and nothing taken) if it does not fit.
  [[nodiscard]] bool reserve_prefill(RequestHandle handle, std::int32_t tokens);
  /// The chunk has been computed.
  void prefill_advanced(RequestHandle handle, std::int32_t tokens) { pool_[handle].computed += tokens; }
  /// The prefill is complete and its token sampled: the sequence decodes from now on.
  void start_decoding(RequestHandle handle);
  /// Takes the blocks that the decoding sequences need for one step. The caller has made sure that they fit.
  void reserve_decode();
  /// The decoding sequences, reserved for the first of them, have made `steps` tokens each. True if a window has
  /// turned, as DecodeSet::advance says.
  bool advance_decoding(std::int64_t steps);
  /// Ends a sequence that is in no other book any more (finished in prefill, or popped from the decoding set).
  void retire(RequestHandle handle);
  /// The same for a sequence whose KV is to move to another replica: the memory of its `tokens` stays taken until
  /// release_held().
  void hold(RequestHandle handle);
  void release_held(RequestHandle handle);
  /// Memory for a sequence whose KV is about to come from another replica: the blocks of its prompt. The caller has
  /// made sure that they fit.
  void expect(RequestHandle handle);
  /// It will not come: its memory is free again.
  void expect_no_more(RequestHandle handle);
  /// Its KV is here, and it joins the decoding sequences.
  void join_decoding(RequestHandle handle);

  /// Which running sequence has to go where memory is short: the last admitted, or the last in the order of a queue
  /// that ranks.
  [[nodiscard]] RequestHandle last_in_rank() const;
  /// Takes a sequence out of the running set, frees its memory and puts it back into the queue, to be computed again.
  void preempt(RequestHandle handle, double now);
  /// The same for a decoding sequence whose KV goes to host memory: it waits there, apart from the queue.
  void swap_out(RequestHandle handle, double now);
  /// Those that wait there, first out, first in.
  [[nodiscard]] const std::deque<RequestHandle>& swapped() const { return swapped_; }
  /// Blocks that a sequence in host memory needs to decode again.
  [[nodiscard]] std::int64_t blocks_to_swap_in(RequestHandle handle) const {
    return kv_.blocks_for(pool_[handle].computed + 1);
  }
  /// The first of them decodes again. The caller has made sure that it fits.
  RequestHandle swap_in();
  /// Blocks of host memory that they take.
  [[nodiscard]] std::int64_t swapped_blocks() const { return swapped_blocks_; }
  /// Takes a sequence out that nobody wants any more, wherever it is: it waits, runs or is in host memory.
  void drop(RequestHandle handle, double now);
  /// Empties the queue, and what is in host memory.
  std::vector<RequestHandle> take_waiting();
  /// The memory has been lost, with all that could be found in it. Nobody uses any of it.
  void forget_prefixes();

  /// Every sequence that waits or runs.
  template <class Visit>
  void for_each(Visit visit) const {
    for (RequestHandle handle = head_; handle != kNoRequest; handle = pool_[handle].next) visit(handle);
    for (const RequestHandle handle : swapped_) visit(handle);
    waiting_->visit([&](RequestHandle handle) {
      visit(handle);
      return true;
    });
  }

  [[nodiscard]] RequestPool& pool() { return pool_; }
  [[nodiscard]] const RequestPool& pool() const { return pool_; }
  [[nodiscard]] KvCache& kv() { return kv_; }
  [[nodiscard]] const KvCache& kv() const { return kv_; }
  [[nodiscard]] DecodeSet& decoding() { return decoding_; }
  [[nodiscard]] const DecodeSet& decoding() const { return decoding_; }
  [[nodiscard]] const WaitingQueue& waiting() const { return *waiting_; }
  /// Sequences with prompt tokens still to compute, in the order of admission.
  [[nodiscard]] const std::vector<RequestHandle>& prefilling() const { return prefilling_; }
  [[nodiscard]] std::int64_t running() const { return running_; }
  [[nodiscard]] RequestHandle last_running() const { return tail_; }
  /// Tokens that the running sequences have stored, or will have when their prefill is done.
  [[nodiscard]] std::int64_t claimed_tokens() const {
    return claimed_ - (prefixes_ ? prefixes_->shared() : 0) * kv_.block_size();
  }
  /// Blocks that the running and the expected sequences will hold when each is about to end (its last token is never
  /// stored), and those that are held.
  [[nodiscard]] std::int64_t committed_blocks() const { return committed_ + held_ - shared(); }
  /// Sequences whose KV is on its way here.
  [[nodiscard]] std::int64_t expected() const { return expected_; }
  /// Blocks of sequences that have been computed here and whose KV has not yet arrived where they decode.
  [[nodiscard]] std::int64_t held_blocks() const { return held_; }
  /// Blocks that sequences would need if they did not share.
  [[nodiscard]] std::int64_t shared() const { return prefixes_ ? in_blocks(prefixes_->shared()) : 0; }
  /// Blocks that can be found and that nobody uses: of the free memory.
  [[nodiscard]] std::int64_t idle_prefix_blocks() const { return prefixes_ ? in_blocks(prefixes_->idle()) : 0; }
  [[nodiscard]] bool keeps_prefixes() const { return prefixes_.has_value(); }

 private:
  /// What can be found again is the blocks of the groups that see everything: those of a window are a sequence's own.
  [[nodiscard]] std::int64_t in_blocks(std::int64_t named) const { return named * kv_.layout().full; }
  void link_last(RequestHandle handle);
  [[nodiscard]] std::int64_t blocks_at_end(const Request& r) const {
    return kv_.blocks_for(r.input_tokens + r.output_here - 1);
  }
  void unlink(RequestHandle handle);
  void take(std::int64_t blocks);
  void name_blocks(RequestHandle handle, std::int64_t tokens);
  void give_back(RequestHandle handle, std::int64_t tokens);
  /// Who is first may be another, or another's record.
  void look_again() { looked_up_ = kNoRequest; }
  void stop(RequestHandle handle, double now);

  RequestPool& pool_;
  KvCache kv_;
  std::optional<PrefixCache> prefixes_;
  PrefixCache::Eviction eviction_ = PrefixCache::Eviction::kLeastRecentlyUsed;
  RequestHandle looked_up_ = kNoRequest;  ///< by look_up_first(), at this version of the cache
  std::uint64_t looked_up_at_ = 0;
  DecodeSet decoding_;
  std::unique_ptr<WaitingQueue> waiting_;
  std::deque<RequestHandle> swapped_;
  std::int64_t swapped_blocks_ = 0;
  std::vector<RequestHandle> prefilling_;
  RequestHandle head_ = kNoRequest;
  RequestHandle tail_ = kNoRequest;
  std::int64_t running_ = 0;
  std::int64_t committed_ = 0;
  std::int64_t claimed_ = 0;
  std::int64_t expected_ = 0;
  std::int64_t held_ = 0;
  std::int64_t reserved_ = 0;  ///< blocks taken for the decode step that is planned or under way
  bool decode_planned_ = false;
};

}  // namespace flotilla::sim
