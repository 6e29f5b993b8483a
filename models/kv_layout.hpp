// How a sequence's KV lies in blocks where some layers see no farther than a window.
//
// Layers are divided into groups of equal size, and a block holds `block_size` tokens of one group. A group that sees
// everything needs a block for each block_size tokens of a sequence; one with a window frees those that lie before it
// (vLLM's hybrid KV cache manager: vllm/v1/core/kv_cache_utils.py and single_type_kv_cache_manager.py, release 0.11).
// A model of one kind of layers, and an engine that frees nothing early, have one group that sees everything.
#pragma once

#include <algorithm>
#include <cstdint>

#include "models/deployment.hpp"

namespace flotilla::models {

struct KvLayout {
  int full = 1;                    ///< groups of layers that see everything
  int windowed = 0;                ///< groups with a window
  std::int64_t window_blocks = 0;  ///< that such a group keeps of a sequence at most
  int layers = 0;                  ///< of a group; 0 = all there are

  [[nodiscard]] int groups() const { return full + windowed; }
  /// Blocks of a sequence that is so many blocks long.
  [[nodiscard]] std::int64_t blocks_for(std::int64_t length) const {
    return full * length + windowed * std::min(length, window_blocks);
  }
  /// By how many they grow when one that is so long grows by one more.
  [[nodiscard]] std::int64_t growth(std::int64_t length) const { return full + (length < window_blocks ? windowed : 0); }
  /// How long a sequence may be that has so many blocks.
  [[nodiscard]] std::int64_t longest(std::int64_t blocks) const {
    const std::int64_t short_ones = blocks / groups();
    return short_ones <= window_blocks ? short_ones : (blocks - windowed * window_blocks) / full;
  }
};

KvLayout kv_layout(const Deployment&);

}  // namespace flotilla::models
