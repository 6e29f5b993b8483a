// The sequences of a replica that decode together. They are never walked: the set keeps what a step needs to know about
// all of them at once (their number, the KV tokens they read, when the next one ends, how many cross into a new block),
// and a decode step advances the whole set in O(1).
//
// Where layers see no farther than a window, the tokens that they read are a second sum. It grows by one for each
// sequence whose view still grows, except at turns, which a second calendar foresees: a sliding window is full and
// grows no more, or a chunk has ended and the view begins anew with one token. Without a window that calendar stays
// empty. Nor do the blocks of windowed layers grow with a sequence for ever, where the engine frees what lies before the
// window: a third calendar foresees when they have as many as they will ever have.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "models/kv_layout.hpp"
#include "models/step_cost.hpp"
#include "sim/engine/request.hpp"

namespace flotilla::sim {

class DecodeSet {
 public:
  explicit DecodeSet(int block_size, models::AttentionWindow window = {}, const models::KvLayout& layout = {})
      : residues_(static_cast<std::size_t>(block_size), 0), window_(window), layout_(layout) {}

  /// A sequence whose prefill is done: r.computed tokens stored, r.generated output tokens (at least one), more to
  /// come.
  void join(RequestHandle handle, Request& r);
  /// Takes a sequence out before its end and brings r.generated and r.computed up to date.
  void leave(Request& r);
  /// The set is empty, and those who left it may decode elsewhere: whatever it foresaw is void.
  void forget() {
    calendar_ = {};
    turns_ = {};
    fills_ = {};
  }
  /// Sequences that have made their last token; call until it returns kNoRequest. Each has left the set.
  RequestHandle pop_finished(RequestPool& pool);

  /// All sequences make `steps` tokens: no more than to the next end or turn. True if a view has turned at the last of
  /// them, so that window_tokens() goes on otherwise than before.
  bool advance(std::int64_t steps, const RequestPool& pool) {
    step_ += steps;
    kv_tokens_ += steps * size_;
    remaining_ -= steps * size_;
    window_tokens_ += steps * growing_;
    if (!fills_.empty()) take_fills(pool);
    return !turns_.empty() && take_turns(pool);
  }

  [[nodiscard]] std::int64_t size() const { return size_; }
  /// Decode steps of this replica so far.
  [[nodiscard]] std::int64_t steps() const { return step_; }
  /// KV tokens that the next step reads: each sequence's stored tokens and the one it is about to store.
  [[nodiscard]] std::int64_t kv_tokens() const { return kv_tokens_; }
  /// Of those, what windowed layers see; 0 without a window.
  [[nodiscard]] std::int64_t window_tokens() const { return window_tokens_; }
  /// By how much that grows with each step until the next turn.
  [[nodiscard]] std::int64_t window_growth() const { return growing_; }
  /// Steps until the next view turns or the blocks of a window are all there (at least 1); INT64_MAX if none will.
  [[nodiscard]] std::int64_t steps_to_next_turn(const RequestPool& pool);
  /// Output tokens that all of them together are still to make.
  [[nodiscard]] std::int64_t remaining_tokens() const { return remaining_; }
  /// Steps until the next sequence ends (at least 1). The set must not be empty.
  [[nodiscard]] std::int64_t steps_to_next_finish(const RequestPool& pool);
  /// New KV blocks that the next `steps` steps need.
  [[nodiscard]] std::int64_t blocks_needed(std::int64_t steps) const;
  /// The largest number of steps whose new blocks fit into `free_blocks`.
  [[nodiscard]] std::int64_t steps_within(std::int64_t free_blocks) const;
  /// Output tokens of a decoding sequence by now.
  [[nodiscard]] std::int32_t generated(const Request& r) const {
    return r.generated + static_cast<std::int32_t>(step_ - r.joined_at);
  }
  /// Stored tokens of a decoding sequence by now.
  [[nodiscard]] std::int32_t computed(const Request& r) const {
    return r.computed + static_cast<std::int32_t>(step_ - r.joined_at);
  }

 private:
  /// What happens to a sequence at a step: in one calendar its end, in the other its view's next turn.
  struct Date {
    std::int64_t step;
    std::uint64_t admission;  ///< ties end in the order in which they were admitted; also tells a stale entry
    RequestHandle handle;
    bool operator>(const Date& o) const { return step != o.step ? step > o.step : admission > o.admission; }
  };
  using Calendar = std::priority_queue<Date, std::vector<Date>, std::greater<>>;
  [[nodiscard]] std::size_t residue(std::int64_t computed) const;
  void drop_stale(Calendar& calendar, const RequestPool& pool) const;
  void take_out(Request& r);
  static bool stale(const Date& date, const Request& r);
  void watch_window(RequestHandle handle, const Request& r);
  void forget_window(const Request& r);
  bool take_turns(const RequestPool& pool);
  [[nodiscard]] std::int64_t length(std::int64_t computed) const;
  void watch_blocks(RequestHandle handle, const Request& r);
  void take_fills(const RequestPool& pool);

  std::int64_t step_ = 0;  ///< decode steps of this replica so far
  std::int64_t size_ = 0;
  std::int64_t kv_tokens_ = 0;
  std::int64_t remaining_ = 0;
  /// Sequences by (stored tokens - step counter) modulo block size: constant while a sequence decodes, and those of
  /// class -step need a new block in the next step, in as many groups of layers as they are counted with.
  std::vector<std::int64_t> residues_;
  std::int64_t growth_ = 0;  ///< the sum of them: blocks that block_size steps need
  Calendar calendar_;
  bool left_early_ = false;  ///< some sequence has, ever
  models::AttentionWindow window_;
  std::int64_t window_tokens_ = 0;
  std::int64_t growing_ = 0;  ///< sequences whose view grows with each step
  Calendar turns_;
  models::KvLayout layout_;
  Calendar fills_;
};

}  // namespace flotilla::sim
