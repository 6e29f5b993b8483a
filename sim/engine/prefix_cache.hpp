// Which blocks of text the KV memory of a replica holds, by their names (hash_chain.hpp): those of sequences that run,
// shared by all that begin alike, and those of sequences that are gone, for as long as nobody needs their memory. The
// least recently used goes first, and of a sequence its end before its beginning, as in vLLM V1
// (vllm/v1/core/block_pool.py); or the least often used, among equals the least recently. So a block is never held
// without those before it: whoever used it used them, too, and let go of them later.
//
// It counts no memory: KvCache does. A block that a sequence refers to is in use; one that nobody refers to is free,
// though it can be found until trim() lets it go.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "sim/engine/block_index.hpp"

namespace flotilla::sim {

class PrefixCache {
 public:
  using Name = std::uint64_t;
  /// Who makes way.
  enum class Eviction { kLeastRecentlyUsed, kLeastFrequentlyUsed };
  explicit PrefixCache(Eviction eviction = Eviction::kLeastRecentlyUsed) : eviction_(eviction) {}
  using Names = std::span<const Name>;
  /// Numbers of blocks that a sequence refers to, from the front of its text; they stay valid while it does.
  using Blocks = std::vector<std::int32_t>;

  /// How many blocks from the front of `names` it holds.
  [[nodiscard]] std::int64_t match(Names names) const;
  /// Of the first `count` of `names`, all held: how many does no sequence refer to?
  [[nodiscard]] std::int64_t unreferenced(Names names, std::int64_t count) const;

  /// A sequence that refers to none yet refers to the first `count` of `names`, all held.
  void acquire(Names names, std::int64_t count, Blocks& blocks);
  /// A sequence that refers to the first of `names` and has memory of its own for those up to `to` refers to these,
  /// too: they can be found from now on. Returns how many of them others referred to already: of them it needs no
  /// memory of its own.
  std::int64_t add(Names names, std::int64_t to, Blocks& blocks);
  /// A sequence refers to none of its blocks any more. Returns of how many it was the last.
  std::int64_t release(Blocks& blocks);
  /// Lets the least recently used go until no more than `most` are held that nobody refers to.
  void trim(std::int64_t most);

  /// References beyond the first to each block: memory that sequences would need if they did not share.
  [[nodiscard]] std::int64_t shared() const { return shared_; }
  /// Blocks that are held and that nobody refers to.
  [[nodiscard]] std::int64_t idle() const { return idle_; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(index_.size()); }
  /// Changes whenever match() may answer otherwise.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  static constexpr std::int32_t kNobody = BlockIndex::kNone;
  struct Block {
    Name name = 0;
    std::int32_t references = 0;
    std::int64_t uses = 0;         ///< references that there ever were
    std::uint64_t idle_since = 0;  ///< counts up
    std::int32_t older = kNobody;  ///< in the list of idle blocks, the least recently used at its head
    std::int32_t newer = kNobody;
  };

  Block& block(std::int32_t number) { return blocks_[static_cast<std::size_t>(number)]; }
  void refer(std::int32_t number);
  void make_idle(std::int32_t number);
  void take_from_idle(std::int32_t number);

  /// How often it was used, since when it is idle, its number.
  using Rank = std::tuple<std::int64_t, std::uint64_t, std::int32_t>;
  [[nodiscard]] std::int32_t next_to_go() const {
    return eviction_ == Eviction::kLeastRecentlyUsed ? oldest_ : std::get<2>(*by_use_.begin());
  }

  Eviction eviction_;
  std::set<Rank> by_use_;  ///< idle blocks, where the least often used go first
  std::uint64_t idle_count_ = 0;
  BlockIndex index_;
  std::vector<Block> blocks_;
  std::vector<std::int32_t> unused_;
  std::int32_t oldest_ = kNobody;
  std::int32_t newest_ = kNobody;
  std::int64_t idle_ = 0;
  std::int64_t shared_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace flotilla::sim
