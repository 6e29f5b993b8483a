// What became of each tenant, and of each model where there are several.
#pragma once

#include <cstddef>

#include "analysis/summary/summary.hpp"
#include "sim/build.hpp"
#include "sim/simulation.hpp"

namespace flotilla::analysis {

/// Completed requests that ask for one model, and their tokens.
struct ModelTotals {
  double completed = 0;
  double input_tokens = 0;
  double cached_tokens = 0;
  double output_tokens = 0;
};
ModelTotals totals_of_model(const sim::Build& build, const sim::RunFacts& facts, std::int32_t model);

/// What a promise is worth, if one was made: `samples` in seconds. Where no request was measured, none was kept.
void judge_promise(std::vector<PromiseSummary>& list, const char* metric, const std::optional<Seconds>& limit,
                   double percentile, bool measured, const OrderedSamples& samples);

/// Fills `tenants` and `models`; the fleet's cost is there already.
void fill_tenants(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& facts);

}  // namespace flotilla::analysis
