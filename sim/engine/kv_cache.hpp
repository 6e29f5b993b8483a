// The paged KV cache of one replica: a ledger of blocks. Sequences own ceil(tokens / block size) blocks, taken as they
// grow, in each group of layers (models/kv_layout.hpp): one group as a rule.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "models/kv_layout.hpp"
#include "sim/engine/invariant.hpp"

namespace flotilla::sim {

class KvCache {
 public:
  /// `block_size` in tokens; `blocks` is the budget. Both at least 1.
  KvCache(std::int64_t blocks, int block_size, const models::KvLayout& layout = {})
      : total_(blocks), block_size_(block_size), layout_(layout) {}

  [[nodiscard]] std::int64_t total() const { return total_; }
  [[nodiscard]] std::int64_t used() const { return used_; }
  [[nodiscard]] std::int64_t free() const { return total_ - used_; }
  [[nodiscard]] std::int64_t peak() const { return peak_; }
  [[nodiscard]] int block_size() const { return block_size_; }
  [[nodiscard]] const models::KvLayout& layout() const { return layout_; }
  [[nodiscard]] std::int64_t blocks_for(std::int64_t tokens) const {
    return layout_.blocks_for((tokens + block_size_ - 1) / block_size_);
  }
  /// Tokens of one sequence at most.
  [[nodiscard]] std::int64_t longest() const { return layout_.longest(total_) * block_size_; }
  /// Of sequences no longer than a window.
  [[nodiscard]] std::int64_t tokens_in(std::int64_t blocks) const { return blocks / layout_.groups() * block_size_; }

  void take(std::int64_t blocks) {
    used_ += blocks;
    if (used_ > total_)
      throw InvariantError("KV blocks stay within the budget", fmt::format("{} of {}", used_, total_));
    peak_ = std::max(peak_, used_);
  }
  void give_back(std::int64_t blocks) {
    used_ -= blocks;
    if (used_ < 0) throw InvariantError("KV blocks return once", fmt::format("{} in use", used_));
  }

 private:
  std::int64_t total_;
  std::int64_t used_ = 0;
  std::int64_t peak_ = 0;
  int block_size_;
  models::KvLayout layout_;
};

}  // namespace flotilla::sim
