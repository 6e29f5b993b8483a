// Requests drawn from distributions.
#pragma once

#include <limits>

#include "sim/workload/source.hpp"

namespace flotilla::sim {

/// Draws arrivals, input and output lengths from a stream each: the lengths of request i stay the same when the rate,
/// the arrival process or the other length changes.
class GeneratedSource final : public RequestSource {
 public:
  GeneratedSource(const WorkloadSpec& spec, std::uint64_t seed);
  bool next(ArrivingRequest& request) override;

 private:
  ArrivalProcess arrivals_;
  LengthSampler input_, output_;
  RandomEngine input_engine_, output_engine_;
  std::int64_t last_id_;  ///< one past it
  double end_;            ///< seconds
  std::int64_t next_id_ = 0;
};

}  // namespace flotilla::sim
