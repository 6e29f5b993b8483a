// Where KV blocks are kept beside GPU memory, by their names: a replica's host memory, or storage that all replicas of
// a group share. What is stored stays until room is needed: the least recently used goes first.
//
//   GPU --- PCIe or C2C ---> host memory --- NIC, fabric ---> storage
//
// Blocks are stored when they have been computed, without holding anybody up (as vLLM's OffloadingConnector does,
// vllm/v1/kv_offload, release 0.11, and LMCache). A prompt that is first in the queue and of which a tier holds more
// than the GPU steps aside until that has been fetched; it lands in the prefix cache, where the prompt finds it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/engine/host_memory.hpp"
#include "sim/engine/prefix_cache.hpp"

namespace flotilla::sim {

/// An index of names with room for so many blocks.
class KvTier {
 public:
  explicit KvTier(std::int64_t blocks) : blocks_(blocks) {}
  [[nodiscard]] std::int64_t match(PrefixCache::Names names) const { return names_.match(names); }
  /// The first `to` of them are here from now on, if there is room.
  void store(PrefixCache::Names names, std::int64_t to);
  /// The first `to` of them, all here, have been used.
  void use(PrefixCache::Names names, std::int64_t to);
  /// Everything is lost.
  void clear() { names_ = PrefixCache(); }

 private:
  std::int64_t blocks_;
  PrefixCache names_;
};

/// The tiers of one replica; either may be missing.
struct KvTiers {
  std::unique_ptr<KvTier> host;
  std::shared_ptr<KvTier> remote;
  HostMemory* mover = nullptr;
};

}  // namespace flotilla::sim
