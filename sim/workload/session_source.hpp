// Conversations: sessions of several turns, each of whose prompts is all that was said before and something new.
#pragma once

#include <limits>
#include <queue>
#include <vector>

#include "sim/workload/source.hpp"
#include "sim/workload/text_names.hpp"

namespace flotilla::sim {

/// Sessions begin by the load's arrival process, at its rate divided by the mean number of turns, so that requests
/// come at the rate given once sessions that overlap have built up. A turn is sent a time after the turn before it was
/// sent, drawn from an exponential distribution, whether its answer has come or not: an open load. `input_tokens` are
/// what a turn adds. Streams of their own: "arrivals", "input_tokens", "output_tokens", "sessions", "prefixes".
class SessionSource final : public RequestSource {
 public:
  SessionSource(const LoadSpec& spec, std::uint64_t seed);
  bool next(ArrivingRequest& request) override;
  [[nodiscard]] std::int64_t hash_block_size() const override { return kTextBlock; }

 private:
  struct Turn {
    double at;
    std::int64_t session;
    std::int32_t said;  ///< tokens of the turns before, answers included
    std::int32_t left;  ///< turns, this one included
    std::int32_t prefix;
    bool operator>(const Turn& o) const { return at != o.at ? at > o.at : session > o.session; }
  };
  void begin_session();

  ArrivalProcess arrivals_;
  LengthSampler input_, output_, turns_;
  double think_time_;
  RandomEngine input_engine_, output_engine_, session_engine_;
  TextNames names_;
  std::int64_t last_id_;  ///< one past it
  double end_;            ///< seconds
  std::int64_t next_id_ = 0;
  std::int64_t sessions_ = 0;
  double next_session_ = 0;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> due_;
};

}  // namespace flotilla::sim
