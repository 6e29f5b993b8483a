// The terminal block of a run, in the shape of `vllm bench serve`: an answer first, then the figures, then Flotilla's
// own.
#pragma once

#include <string>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

std::string terminal_block(const Summary& summary);

}  // namespace flotilla::analysis
