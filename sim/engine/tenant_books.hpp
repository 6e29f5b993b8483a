// What became of one tenant's requests.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/request.hpp"
#include "sim/engine/sample_set.hpp"

namespace flotilla::sim {

/// Promises to users, in seconds; a negative one was not made.
struct SloLimits {
  double ttft = -1;
  double tpot = -1;
  double e2el = -1;

  [[nodiscard]] bool met_by(double ttft_s, double tpot_s, double e2el_s) const {
    return (ttft < 0 || ttft_s <= ttft) && (tpot < 0 || tpot_s <= tpot) && (e2el < 0 || e2el_s <= e2el);
  }
};

/// Tokens of completed requests.
struct TokenPair {
  std::int64_t input = 0;
  std::int64_t output = 0;
};

struct TenantBooks {
  SloLimits slo;
  std::int64_t completed = 0;
  std::int64_t rejected = 0;
  std::int64_t failed = 0;    ///< lost with their replica
  std::int64_t given_up = 0;  ///< timed out, or called off
  std::int64_t unfinished = 0;
  TokenPair tokens;
  std::int64_t cached_tokens = 0;  ///< of the input, found in the prefix cache
  // Of requests that arrived after the warm-up; seconds.
  SampleSet ttft;
  SampleSet tpot;  ///< requests of one output token have none
  SampleSet e2el;
  std::int64_t good = 0;             ///< met every promise
  std::int64_t measured_failed = 0;  ///< of those that failed
  /// By Request::replica, and by Request::decode_replica of those whose KV moved: what each of the two computed.
  std::vector<TokenPair> by_replica, by_decode_replica;

  /// One that was not completed; `missed`: it was measured, and what it was promised was not kept.
  void ended(RequestStatus status, bool missed);
  /// A completed request, and where it was measured its times.
  void completed_one(const Request& r);
  void measured(double ttft_s, double tpot_s, double e2el_s, bool has_tpot, bool is_good);
};

}  // namespace flotilla::sim
