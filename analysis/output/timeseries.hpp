// timeseries.csv: what happened when, a row per interval and pool.
#pragma once

#include <string>

#include "sim/build.hpp"
#include "sim/engine/timeline.hpp"

namespace flotilla::analysis {

inline constexpr const char* kTimeseriesHeader =
    "time_s,interval_s,pool,arrivals,completions,running,waiting,kv_cache_usage,output_tok_s,prefill_tok_s,busy,"
    "kv_sent_bytes_s,kv_received_bytes_s,busiest_link,watts\n";

std::string timeseries_csv(const sim::Timeline& timeline, const sim::Scenario& scenario, const sim::Build& build);

}  // namespace flotilla::analysis
