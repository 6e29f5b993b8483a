// What the table does not say, varied: input lengths of MLPerf by a fifth, speculative decoding of DeepSeek's rows.
#pragma once

#include <string>
#include <vector>

#include "analysis/validate/classes.hpp"
#include "analysis/validate/replay.hpp"

namespace flotilla::analysis {

/// One class replayed under another assumption than the main one.
struct Variation {
  const PointClass* of = nullptr;
  std::string assumption;           ///< in words: "inputs 20 % longer"
  std::vector<std::size_t> points;  ///< indices into the points that were given
  std::vector<Outcome> outcomes;    ///< in their order
};

/// All of them, for the points given. With speculation, one acceptance per engine: of a grid, the one with the least
/// median absolute error of TPOT over its points. Throws as replay() does.
std::vector<Variation> vary(const std::vector<MeasuredPoint>&, const ReplayPlan&);

}  // namespace flotilla::analysis
