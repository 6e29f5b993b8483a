#include "sim/engine/kv_shards.hpp"

#include <algorithm>

#include "models/llm.hpp"

namespace flotilla::sim {

namespace {

/// From `begin` to before `end`, in layers or KV heads.
struct Range {
  double begin = 0;
  double end = 0;
};

double common(Range a, Range b) { return std::max(0.0, std::min(a.end, b.end) - std::max(a.begin, b.begin)); }

Range layers_of(const models::Deployment& d, int stage) {
  const int each = d.llm.layers / d.pipeline_parallel_size, more = d.llm.layers % d.pipeline_parallel_size;
  const auto first = [&](int s) { return static_cast<double>(s * each + std::min(s, more)); };
  return {first(stage), first(stage + 1)};
}

/// Of a latent cache every rank holds all: one "head".
int heads_of(const models::Deployment& d) { return d.llm.latent_attention() ? 1 : d.llm.kv_heads; }

Range heads_of(const models::Deployment& d, int rank) {
  const int heads = heads_of(d), tp = d.tensor_parallel_size;
  if (tp >= heads) {
    const int head = rank / (tp / heads);
    return {static_cast<double>(head), static_cast<double>(head + 1)};
  }
  const double width = static_cast<double>(heads) / tp;
  return {rank * width, (rank + 1) * width};
}

/// Ranks that hold the same heads.
int copies(const models::Deployment& d) { return std::max(1, d.tensor_parallel_size / heads_of(d)); }

}  // namespace

std::vector<KvShard> kv_shards(const models::Deployment& from, const models::Deployment& to) {
  const double head_layer_bytes =
      models::kv_bytes_per_token_per_gpu(from.llm, from.kv_cache, 1).value() / (from.llm.layers * heads_of(from));
  std::vector<KvShard> shards;
  for (int stage_to = 0; stage_to < to.pipeline_parallel_size; ++stage_to) {
    for (int rank_to = 0; rank_to < to.tensor_parallel_size; ++rank_to) {
      for (int stage = 0; stage < from.pipeline_parallel_size; ++stage) {
        for (int rank = 0; rank < from.tensor_parallel_size; ++rank) {
          if (rank % copies(from) != rank_to % copies(from)) continue;
          const double bytes = common(layers_of(from, stage), layers_of(to, stage_to)) *
                               common(heads_of(from, rank), heads_of(to, rank_to)) * head_layer_bytes;
          if (bytes <= 0) continue;
          shards.push_back(
              {stage * from.tensor_parallel_size + rank, stage_to * to.tensor_parallel_size + rank_to, bytes});
        }
      }
    }
  }
  return shards;
}

int gpu_of_rank(const models::Deployment& d, int rank, int gpu) {
  const int stage = gpu / d.tensor_parallel_size;
  return (stage * d.data_parallel_size + rank) * d.tensor_parallel_size + gpu % d.tensor_parallel_size;
}

}  // namespace flotilla::sim
