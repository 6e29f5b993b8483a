#include "models/kv_layout.hpp"

#include <algorithm>

namespace flotilla::models {

namespace {

/// Layers of a group: as many as the rarer kind has, or, where the two hardly differ, the commoner, so that little is
/// padded.
int group_size(int full, int windowed) {
  constexpr double kHardly = 1.25;
  const int rare = std::min(full, windowed), common = std::max(full, windowed);
  return common < kHardly * rare ? common : rare;
}

/// It begins anywhere in a block, and its newest token is being stored.
std::int64_t blocks_of_window(const Llm& llm, int block_size) {
  return (llm.window - 1 + block_size - 1) / block_size + 1;
}

}  // namespace

KvLayout kv_layout(const Deployment& d) {
  const Llm& llm = d.llm;
  const int full = llm.full_layers(), windowed = llm.windowed_layers;
  if (!d.engine.frees_windows || llm.chunked_window || windowed == 0 || full == 0 || llm.window <= 0) return {};
  const int size = group_size(full, windowed);
  const auto groups = [size](int layers) { return (layers + size - 1) / size; };
  return {groups(full), groups(windowed), blocks_of_window(llm, d.block_size), size};
}

}  // namespace flotilla::models
