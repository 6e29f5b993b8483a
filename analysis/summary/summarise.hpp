// From the facts of a run to its summary.
#pragma once

#include "analysis/summary/curves.hpp"
#include "analysis/summary/summary.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// What the run itself does not know.
struct RunContext {
  std::string scenario_sha256;
  double wall_time_s = 0;
};

/// `curves`, if given, takes the distributions of latencies.
Summary summarise(const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& facts,
                  const RunContext& context, Curves* curves = nullptr);

}  // namespace flotilla::analysis
