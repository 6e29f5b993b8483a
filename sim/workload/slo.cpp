#include "sim/workload/slo.hpp"

namespace flotilla::sim {

const reader::Schema<SloSpec>& SloSpec::schema() {
  static const auto schema =
      reader::Schema<SloSpec>("slo", "What users were promised: counts requests that meet all of it")
          .key("ttft", &SloSpec::ttft, "time to first token at most", {.min = 0, .above_min = true})
          .key("tpot", &SloSpec::tpot, "time per output token at most", {.min = 0, .above_min = true})
          .key("e2el", &SloSpec::e2el, "end-to-end latency at most", {.min = 0, .above_min = true})
          .key("percentile", &SloSpec::percentile, "of the requests that must meet it",
               {.min = 0, .max = 100, .above_min = true, .unit = "%"});
  return schema;
}

}  // namespace flotilla::sim
