// Names of prompt blocks: from the blocks of a trace to the blocks of an engine, and apart from those of other
// sessions.
//
// Traces name each block of a prompt by a hash (Mooncake: 512 tokens); engines cache blocks of another size (vLLM: 16).
// Where the names of a prompt's blocks up to token e are known, a block that ends at e is named by the chain of those
// names and e itself: two prompts agree on it if and only if they agree on every trace block that it touches and on all
// before. So what is shared in the trace is shared at any block size, and text that differs somewhere inside a trace
// block is taken to differ in all of it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace flotilla::sim {

/// Names for each whole block of `block_size` tokens of a prompt of `input_tokens`, as far as its trace blocks are
/// known: hash i of `hash_ids` stands for tokens [i, i+1) * `trace_block_size`. Written to `names`, whose memory is
/// used again.
void rechain(std::span<const std::uint64_t> hash_ids, std::int64_t trace_block_size, std::int64_t input_tokens,
             std::int64_t block_size, std::vector<std::uint64_t>& names);

/// Makes ids that are only unique within a session (or a file that is merged with others) unique to it.
void put_in_namespace(std::int64_t session, std::span<std::uint64_t> hash_ids);

}  // namespace flotilla::sim
