// The answer of a run in sentences, for the terminal and for reports.
#pragma once

#include <string>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// Whether the fleet keeps its promises; where there are none, what it makes. "b200 on 2 GPUs: SATURATED: ..."
std::string answer(const Summary& summary);

/// What holds the fleet back: where GPU time goes and what would relieve it, what first tokens wait for, what KV
/// transfers wait for. Empty where nothing was completed.
std::string what_binds(const Summary& summary);

}  // namespace flotilla::analysis
