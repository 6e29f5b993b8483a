#include "sim/engine/kv_tier.hpp"

namespace flotilla::sim {

void KvTier::store(PrefixCache::Names names, std::int64_t to) {
  PrefixCache::Blocks blocks;
  names_.add(names, to, blocks);
  names_.release(blocks);
  names_.trim(blocks_);
}

void KvTier::use(PrefixCache::Names names, std::int64_t to) {
  PrefixCache::Blocks blocks;
  names_.acquire(names, to, blocks);
  names_.release(blocks);
}

}  // namespace flotilla::sim
