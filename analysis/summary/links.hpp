// What the wires carried, and what hand-offs of KV waited for.
#pragma once

#include "analysis/summary/summary.hpp"
#include "sim/build.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// Links in a summary at most: the busiest.
inline constexpr std::size_t kMostLinks = 64;

void fill_links(Summary& s, const sim::Build& build, const sim::RunFacts& facts);
void fill_kv_transfers(Summary& s, const sim::Build& build, const sim::RunFacts& facts);

}  // namespace flotilla::analysis
