// Requests drawn from distributions.
#pragma once

#include <limits>

#include "sim/workload/source.hpp"
#include "sim/workload/text_names.hpp"

namespace flotilla::sim {

/// Draws arrivals, input and output lengths from a stream each: the lengths of request i stay the same when the rate,
/// the arrival process or the other length changes.
class GeneratedSource final : public RequestSource {
 public:
  GeneratedSource(const LoadSpec& spec, std::uint64_t seed);
  bool next(ArrivingRequest& request) override;
  [[nodiscard]] std::int64_t hash_block_size() const override { return names_.prefix_tokens() > 0 ? kTextBlock : 0; }

 private:
  ArrivalProcess arrivals_;
  LengthSampler input_, output_;
  RandomEngine input_engine_, output_engine_;
  TextNames names_;
  std::int64_t last_id_;  ///< one past it
  double end_;            ///< seconds
  std::int64_t next_id_ = 0;
};

}  // namespace flotilla::sim
