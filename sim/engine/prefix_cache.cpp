#include "sim/engine/prefix_cache.hpp"

#include <algorithm>

namespace flotilla::sim {

/// Held blocks are a prefix of the text, so that its end is found by halving.
std::int64_t PrefixCache::match(Names names) const {
  const auto end = std::partition_point(names.begin(), names.end(),
                                        [this](Name name) { return index_.find(name) != BlockIndex::kNone; });
  return end - names.begin();
}

/// So are those that somebody refers to: whoever refers to a block refers to those before it.
std::int64_t PrefixCache::unreferenced(Names names, std::int64_t count) const {
  const Names held = names.first(static_cast<std::size_t>(count));
  const auto end = std::partition_point(held.begin(), held.end(), [this](Name name) {
    return blocks_[static_cast<std::size_t>(index_.find(name))].references > 0;
  });
  return held.end() - end;
}

void PrefixCache::refer(std::int32_t number) {
  Block& b = block(number);
  if (b.references == 0) {
    take_from_idle(number);
  } else {
    ++shared_;
  }
  ++b.references;
  ++b.uses;
}

void PrefixCache::acquire(Names names, std::int64_t count, Blocks& blocks) {
  for (const Name name : names.first(static_cast<std::size_t>(count))) {
    blocks.push_back(index_.find(name));
    refer(blocks.back());
  }
}

std::int64_t PrefixCache::add(Names names, std::int64_t to, Blocks& blocks) {
  std::int64_t known = 0;
  for (auto i = blocks.size(); i < static_cast<std::size_t>(to); ++i) {
    std::int32_t number = index_.find(names[i]);
    if (number != BlockIndex::kNone) {
      known += block(number).references > 0 ? 1 : 0;
      refer(number);
    } else {
      if (unused_.empty()) {
        unused_.push_back(static_cast<std::int32_t>(blocks_.size()));
        blocks_.emplace_back();
      }
      number = unused_.back();
      unused_.pop_back();
      index_.insert(names[i], number);
      block(number) = {names[i], 1, 1, 0, kNobody, kNobody};
      ++version_;
    }
    blocks.push_back(number);
  }
  return known;
}

std::int64_t PrefixCache::release(Blocks& blocks) {
  std::int64_t last = 0;
  for (; !blocks.empty(); blocks.pop_back()) {
    if (--block(blocks.back()).references > 0) {
      --shared_;
    } else {
      make_idle(blocks.back());
      ++last;
    }
  }
  return last;
}

void PrefixCache::make_idle(std::int32_t number) {
  Block& b = block(number);
  ++idle_;
  if (eviction_ == Eviction::kLeastFrequentlyUsed) {
    b.idle_since = ++idle_count_;
    by_use_.insert({b.uses, b.idle_since, number});
    return;
  }
  b.older = newest_;
  b.newer = kNobody;
  (newest_ == kNobody ? oldest_ : block(newest_).newer) = number;
  newest_ = number;
}

void PrefixCache::take_from_idle(std::int32_t number) {
  const Block& b = block(number);
  --idle_;
  if (eviction_ == Eviction::kLeastFrequentlyUsed) {
    by_use_.erase({b.uses, b.idle_since, number});
    return;
  }
  (b.older == kNobody ? oldest_ : block(b.older).newer) = b.newer;
  (b.newer == kNobody ? newest_ : block(b.newer).older) = b.older;
}

void PrefixCache::trim(std::int64_t most) {
  while (idle_ > std::max<std::int64_t>(0, most)) {
    const std::int32_t number = next_to_go();
    take_from_idle(number);
    index_.erase(block(number).name);
    unused_.push_back(number);
    ++version_;
  }
}

}  // namespace flotilla::sim
