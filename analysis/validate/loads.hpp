// One function per kind of load: what it adds to a deployment to repeat the measurement.
#pragma once

#include <string>
#include <variant>

#include "analysis/validate/points.hpp"
#include "analysis/validate/protocol.hpp"

namespace flotilla::analysis {

using ProtocolOrReason = std::variant<Protocol, Skipped>;

ProtocolOrReason closed_loop(const MeasuredPoint&, Setup);
/// The same with prefill and decode apart; a concurrency that is not stated is what the decode workers hold.
ProtocolOrReason disaggregated(MeasuredPoint, Setup);
ProtocolOrReason offline(const MeasuredPoint&, Setup);
ProtocolOrReason static_batch(const MeasuredPoint&, Setup);
ProtocolOrReason rate(const MeasuredPoint&, Setup);
ProtocolOrReason multi_turn(const MeasuredPoint&, Setup);
/// MLPerf inference v4.1, server and offline; the mean input length, which it does not publish, times `input_scale`.
ProtocolOrReason mlperf(const MeasuredPoint&, Setup, double input_scale);
/// What NVIDIA's configuration uses for this model on this GPU; the other submitters run NVIDIA's code. 0 = unknown.
int mlperf_tensor_parallel_size(const Setup&);

// Parts that they share.
/// Lengths are uniform between these shares of a nominal or mean length.
struct LengthSpread {
  double shortest = 1;
  double longest = 1;
};
inline constexpr LengthSpread kInferencexLengths{0.8, 1};
inline constexpr LengthSpread kMultiTurnLengths{0.5, 1.5};  ///< of later turns and answers: an assumption
/// Every request has these lengths.
void fix_lengths(Setup&, double input, double output);
/// The table's format of the KV cache, where it states one.
void use_stated_kv(Setup&, const MeasuredPoint&);
/// Median where the table says "median" or "p50" of requests, else mean.
Statistic statistic_of(const std::string& words);
/// A scenario's lognormal lengths whose mean is `mean` after those above `most` have been cut to it.
std::string lognormal(double mean, double sigma, int most);

}  // namespace flotilla::analysis
