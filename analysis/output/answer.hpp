// The answer of a run in sentences, for the terminal and for reports.
#pragma once

#include <string>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// Whether the fleet keeps its promises; where there are none, what it makes. "b200 on 2 GPUs: SATURATED: ..."
std::string answer(const Summary& summary);

/// What holds the fleet back: where GPU time goes and what would relieve it, what first tokens wait for, what KV
/// transfers wait for, how far a decode step is from its bound, and what would help most where that was asked. Empty
/// where nothing was completed.
std::string what_binds(const Summary& summary);

/// "+10 % HBM bandwidth".
std::string name_of_change(const ElasticitySummary& elasticity);
/// Which improvement moves the promise with the least to spare (of a saturated fleet output tok/s; without promises the
/// mean E2EL) the most. Empty where no elasticity was asked for.
std::string what_would_help(const Summary& summary);

}  // namespace flotilla::analysis
