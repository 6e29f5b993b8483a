// The distributions of a run as curves: some two hundred quantiles of each latency, thinned, not cut.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

namespace flotilla::analysis {

class OrderedSamples;

/// Values at curve_percents(), in ms; empty where nothing was measured.
struct Curves {
  std::vector<double> ttft, tpot, itl, e2el;
};

/// Where a curve is sampled: 0 (the least value) to 99 in halves, then closer to the tail that promises are about, and
/// 100 (the greatest).
const std::vector<double>& curve_percents();

/// distributions.json: {"percent": [...], "ttft_ms": [...], "tpot_ms": ..., "itl_ms": ..., "e2el_ms": ...}.
nlohmann::ordered_json to_json(const Curves& curves);

}  // namespace flotilla::analysis
