#include "sim/workload/hash_chain.hpp"

#include <algorithm>

#include "sim/workload/rng.hpp"

namespace flotilla::sim {

void rechain(std::span<const std::uint64_t> hash_ids, std::int64_t trace_block_size, std::int64_t input_tokens,
             std::int64_t block_size, std::vector<std::uint64_t>& names) {
  names.clear();
  const std::int64_t known = std::min(input_tokens, static_cast<std::int64_t>(hash_ids.size()) * trace_block_size);
  std::uint64_t chain = 0;
  std::int64_t chained = 0;  // trace blocks in `chain`
  for (std::int64_t end = block_size; end <= known; end += block_size) {
    const std::int64_t last = (end - 1) / trace_block_size;
    for (; chained <= last; ++chained) chain = mix_bits(chain ^ mix_bits(hash_ids[static_cast<std::size_t>(chained)]));
    names.push_back(mix_bits(chain ^ static_cast<std::uint64_t>(end)));
  }
}

void put_in_namespace(std::int64_t session, std::span<std::uint64_t> hash_ids) {
  const std::uint64_t space = mix_bits(static_cast<std::uint64_t>(session));
  for (std::uint64_t& id : hash_ids) id = mix_bits(space ^ mix_bits(id));
}

}  // namespace flotilla::sim
