// Streams facts out of a running simulation: what each finished request met, what each step cost. Memory is that of
// fixed-size sketches and of three numbers for each measured request, up to ten million of them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/step_cost.hpp"
#include "sim/engine/quantile_sketch.hpp"
#include "sim/engine/request.hpp"
#include "sim/engine/sample_set.hpp"
#include "sim/engine/stretch.hpp"
#include "sim/engine/tenant_books.hpp"

namespace flotilla::sim {

/// Of the completed requests that a replica made the last token of.
struct ReplicaTokens {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t measured_output = 0;  ///< of those that arrived after the warm-up
  std::int64_t good_output = 0;      ///< of those, that met every promise
};

/// Per-request times in seconds, over completed requests that arrived after the warm-up.
struct RequestSamples {
  SampleSet ttft;
  SampleSet tpot;  ///< requests of one output token have none
  SampleSet e2el;
  double queue_sum = 0;         ///< of scheduled - enqueued, and of let in - arrival
  double frontend_sum = 0;      ///< of enqueued - let in
  double client_queue_sum = 0;  ///< of arrival - wished arrival
  double prefill_sum = 0;       ///< of first token - scheduled, or of prefilled - scheduled where KV moves then
  double transfer_sum = 0;      ///< of first token - prefilled, where KV moves
  double itl_sum = 0;           ///< of the gaps between output tokens of measured requests
  std::int64_t itl_count = 0;
  std::int64_t good = 0;    ///< met every promise
  std::int64_t failed = 0;  ///< lost with their replica, turned away, or given up by their clients
  std::int64_t good_output_tokens = 0;
  std::vector<ReplicaTokens> by_replica;         ///< by Request::replica, of those whose KV stayed there
  std::vector<ReplicaTokens> by_decode_replica;  ///< by Request::decode_replica, of those whose KV moved
};

/// Unfinished requests over time, thinned to a fixed number of samples.
struct BacklogSamples {
  std::vector<double> time;
  std::vector<std::int64_t> backlog;
};

class Recorder {
 public:
  Recorder(SloLimits slo, double warmup) : slo_(slo), warmup_(warmup) {}

  /// Keeps books for each tenant, whose requests are held to promises of their own.
  void keep_tenants(const std::vector<SloLimits>& promises) {
    for (const SloLimits& slo : promises) tenants_.emplace_back().slo = slo;
  }
  /// Called with each request that leaves, in the order of leaving: for requests.csv.
  void on_request(std::function<void(const Request&, RequestStatus)> sink) { sink_ = std::move(sink); }

  void sent(double now);
  /// Requests in flight in the mean, since the first arrived.
  [[nodiscard]] double mean_in_flight(double now) {
    count_in_flight(now);
    return now > first_arrival ? in_flight_seconds_ / (now - first_arrival) : 0;
  }
  // What became of it; nothing more is heard of one whose client is gone (Request::abandoned).
  void finished(const Request& r);
  void rejected(const Request& r);
  /// Refused though it could be served: a promise that was not kept.
  void turned_away(const Request& r);
  void failed(const Request& r);
  void unfinished(const Request& r);
  void timed_out(const Request& r, double now);
  void cancelled(const Request& r, double now);
  /// `count` gaps first + i * step between successive tokens, each met by `sequences` sequences.
  void token_gaps(double first, double step, std::int64_t count, std::int64_t sequences) {
    itl_.add_arithmetic(first, step, count, sequences);
  }
  void token_gap(double gap) { itl_.add(gap, 1); }
  /// `count` output tokens at time `when`.
  void tokens(double when, std::int64_t count);
  /// The output tokens of a finished stretch, each at its step's end.
  void tokens_of(const Stretch& stretch);

  [[nodiscard]] RequestSamples take_samples() { return std::move(samples_); }
  [[nodiscard]] std::vector<TenantBooks> take_tenants() { return std::move(tenants_); }
  [[nodiscard]] const QuantileSketch& itl() const { return itl_; }
  [[nodiscard]] const BacklogSamples& backlog() const { return backlog_; }
  [[nodiscard]] double warmup() const { return warmup_; }

  std::int64_t injected = 0;
  std::int64_t completed = 0;
  std::int64_t rejected_count = 0;
  std::int64_t failed_count = 0;
  std::int64_t unfinished_count = 0;
  std::int64_t timed_out_count = 0;
  std::int64_t cancelled_count = 0;
  std::int64_t total_input_tokens = 0;   ///< of completed requests
  std::int64_t total_cached_tokens = 0;  ///< of those, found in the prefix cache
  std::int64_t total_output_tokens = 0;
  std::int64_t in_flight = 0;
  std::int64_t peak_in_flight = 0;
  double ttft_sum = 0;  ///< s, of all completed requests
  double first_arrival = -1;
  double last_arrival = -1;
  double last_finish = 0;
  /// Output tokens by second of simulated time since the first arrival.
  [[nodiscard]] std::int64_t peak_tokens_per_second() const;

 private:
  void sample_backlog(double now);
  /// The number in flight is about to change.
  void count_in_flight(double now) {
    in_flight_seconds_ += static_cast<double>(in_flight) * (now - counted_until_);
    counted_until_ = now;
  }
  void ended(const Request& r, RequestStatus status, std::int64_t& count, bool missed = false);
  ReplicaTokens& tokens_at(const Request& r);
  /// nullptr: of a tenant for whom no books are kept.
  TenantBooks* books_of(const Request& r) {
    const auto tenant = static_cast<std::size_t>(r.tenant);
    return tenant < tenants_.size() ? &tenants_[tenant] : nullptr;
  }

  SloLimits slo_;
  double warmup_;
  std::function<void(const Request&, RequestStatus)> sink_;
  RequestSamples samples_;
  std::vector<TenantBooks> tenants_;
  QuantileSketch itl_;
  BacklogSamples backlog_;
  std::int64_t backlog_stride_ = 1;
  std::vector<std::int64_t> tokens_by_second_;
  double in_flight_seconds_ = 0;
  double counted_until_ = 0;
};

}  // namespace flotilla::sim
