// Promises on figures of summary.json, and what keeps them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/summary/summary.hpp"

namespace flotilla::analysis {

/// One promise on a figure of summary.json: "p99_tpot_ms<=20", "kv.peak_usage<=0.9". A figure that a run does not have
/// holds nothing.
struct Constraint {
  std::string metric;
  double limit = 0;
  bool at_most = true;  ///< false: at least
  std::string text;
};
/// Throws std::invalid_argument: no such metric (did you mean), no number, no comparison.
Constraint parse_constraint(const std::string& text);
bool holds(const Constraint& constraint, const Summary& summary);
/// Is the fleet saturated, does it refuse more than 1 % of the requests, or was none measured? Then no figure counts.
bool means_nothing(const Summary& summary);
/// The first promise that is broken, in words, or why no figure counts; "" where all are kept.
std::string broken_promise(const Summary& summary, const std::vector<Constraint>& constraints);
/// The same over runs with several seeds: a promise is kept where the 95 % interval of the figure's mean lies within
/// it.
std::string broken_promise(const std::vector<Summary>& runs, const std::vector<Constraint>& constraints);
/// The figure under a dotted key; none where the run has no such figure (a cost without a price).
std::optional<double> metric_of(const Summary& summary, const std::string& metric);

}  // namespace flotilla::analysis
