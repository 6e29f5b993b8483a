// Where requests come from: generated from distributions, or read from a trace. Streamed: no source holds more than a
// bounded look-ahead in memory, however long the load.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "sim/workload/spec.hpp"
#include "sim/workload/trace/report.hpp"

namespace flotilla::sim {

/// A request that is about to reach the gateway.
struct ArrivingRequest {
  std::int64_t id = 0;             ///< counts from 0 in the order of arrival
  double arrival = 0;              ///< seconds since the start; never earlier than the request before
  std::int32_t input_tokens = 0;   ///< >= 1
  std::int32_t output_tokens = 0;  ///< >= 1
  std::int64_t session = -1;       ///< -1 = none
  std::int64_t tenant = -1;        ///< index among the workload's tenants, or what a trace says; -1 = none
  std::int32_t priority = 0;       ///< the lower goes first where a policy looks at it
  double ttft_promise = std::numeric_limits<double>::infinity();  ///< s, to this client
  /// Names of the prompt's blocks of RequestSource::hash_block_size() tokens, front to back; equal names = equal text.
  /// Empty when nothing is known of the text. See hash_chain.hpp for how to ask about blocks of another size.
  std::vector<std::uint64_t> hash_ids;
  /// Tokens whose text they name: the prompt's; or the answer's, too, where it is known beforehand that a later prompt
  /// will hold it.
  std::int64_t named_tokens = 0;
};

class RequestSource {
 public:
  virtual ~RequestSource() = default;

  /// The next request, in the order of arrival; false at the end. Bad input is an InputError.
  /// In a closed loop every arrival is 0 and the engine paces them; with `duration` there is then no end, and the
  /// engine stops.
  virtual bool next(ArrivingRequest& request) = 0;

  /// Tokens that one of the hash_ids of the latest request stands for; before the first, of any. 0: none has names.
  [[nodiscard]] virtual std::int64_t hash_block_size() const { return 0; }
  /// What was read and left out so far; nullptr unless requests come from a trace.
  [[nodiscard]] virtual const TraceReport* report() const { return nullptr; }
  /// Of all traces that requests come from.
  [[nodiscard]] virtual std::vector<const TraceReport*> reports() const {
    return report() == nullptr ? std::vector<const TraceReport*>() : std::vector<const TraceReport*>{report()};
  }
};

/// The lengths of request i depend on the seed and i alone, not on rates or arrival times. A trace is opened here: a
/// missing or unreadable file is an InputError at the line of the scenario that names it.
std::unique_ptr<RequestSource> make_source(const WorkloadSpec& spec, std::uint64_t seed);
/// Of one load alone.
std::unique_ptr<RequestSource> make_source(const LoadSpec& spec, std::uint64_t seed);

}  // namespace flotilla::sim
