#pragma once

namespace flotilla::sim {

/// When the KV of a prompt that is pushed starts to move.
enum class KvOverlap {
  kNone,    ///< when all of the prompt is computed
  kChunks,  ///< each chunk when it is computed
  kLayers,  ///< each layer of each chunk when it is computed
};

}  // namespace flotilla::sim
