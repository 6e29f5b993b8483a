// Which GPU of one replica sends which part of a sequence's KV cache to which GPU of another: the layouts of both, laid
// over each other.
#pragma once

#include <vector>

#include "models/deployment.hpp"

namespace flotilla::sim {

/// One flow of a hand-off. GPUs count within the attention rank's part of a replica: stage by stage, and in each stage
/// by tensor-parallel rank.
struct KvShard {
  int from = 0;
  int to = 0;
  double bytes_per_token = 0;
};

/// Layers are divided over pipeline stages (the first stages take one more where they do not divide evenly), KV heads
/// over tensor-parallel ranks; ranks beyond the number of heads hold copies, and every rank holds all of a latent
/// cache. Each receiver gets what it will hold, from the sender that has it; where several have it, from one in the
/// place of its own. The model and the cache's number format are those of `from`, and must be the same in `to`.
std::vector<KvShard> kv_shards(const models::Deployment& from, const models::Deployment& to);

/// The GPU of a replica, as an index into its placement, that `gpu` of kv_shards means for attention rank `rank`.
int gpu_of_rank(const models::Deployment&, int rank, int gpu);

}  // namespace flotilla::sim
