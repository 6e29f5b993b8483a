#include "sim/engine/recorder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/engine/invariant.hpp"

namespace flotilla::sim {

namespace {

constexpr std::size_t kBacklogSamples = 4096;
/// Seconds of which output tokens are counted one by one (194 days): a trace with a wild date must not take all memory.
constexpr std::size_t kMostSeconds = 1 << 24;

void check_order(const Request& r) {
  if (r.wished_arrival <= r.arrival && r.arrival <= r.enqueued && r.enqueued <= r.scheduled &&
      r.scheduled <= r.first_token && r.first_token <= r.last_token) {
    return;
  }
  throw InvariantError("arrival <= enqueued <= scheduled <= first token <= finish",
                       fmt::format("request {}: {} {} {} {} {} {}", r.id, r.wished_arrival, r.arrival, r.enqueued,
                                   r.scheduled, r.first_token, r.last_token));
}

}  // namespace

void Recorder::sent(double now) {
  count_in_flight(now);
  ++injected;
  ++in_flight;
  peak_in_flight = std::max(peak_in_flight, in_flight);
  if (first_arrival < 0) first_arrival = now;
  last_arrival = now;
  if (injected % backlog_stride_ == 0) sample_backlog(now);
}

void Recorder::sample_backlog(double now) {
  backlog_.time.push_back(now);
  backlog_.backlog.push_back(in_flight);
  if (backlog_.time.size() < kBacklogSamples) return;
  for (std::size_t i = 0; i < kBacklogSamples / 2; ++i) {
    backlog_.time[i] = backlog_.time[2 * i + 1];
    backlog_.backlog[i] = backlog_.backlog[2 * i + 1];
  }
  backlog_.time.resize(kBacklogSamples / 2);
  backlog_.backlog.resize(kBacklogSamples / 2);
  backlog_stride_ *= 2;
}

ReplicaTokens& Recorder::tokens_at(const Request& r) {
  auto& replicas = r.decode_replica >= 0 ? samples_.by_decode_replica : samples_.by_replica;
  const auto index = static_cast<std::size_t>(std::max(0, r.decode_replica >= 0 ? r.decode_replica : r.replica));
  if (index >= replicas.size()) replicas.resize(index + 1);
  return replicas[index];
}

void Recorder::finished(const Request& r) {
  if (r.abandoned) return;
  check_order(r);
  count_in_flight(r.last_token);
  ++completed;
  --in_flight;
  ttft_sum += r.first_token - r.arrival;
  total_input_tokens += r.input_tokens;
  total_cached_tokens += r.cached_tokens;
  total_output_tokens += r.output_tokens;
  ReplicaTokens& here = tokens_at(r);
  here.input += r.input_tokens;
  here.output += r.output_tokens;
  TenantBooks* const tenant = books_of(r);
  if (tenant != nullptr) tenant->completed_one(r);
  last_finish = std::max(last_finish, r.last_token);
  if (r.arrival - first_arrival >= warmup_) {
    const double ttft = r.first_token - r.arrival;
    const double tpot = r.output_tokens > 1 ? (r.last_token - r.first_token) / (r.output_tokens - 1) : 0;
    const double e2el = r.last_token - r.arrival;
    samples_.ttft.add(ttft);
    if (r.output_tokens > 1) samples_.tpot.add(tpot);
    samples_.e2el.add(e2el);
    samples_.queue_sum += (r.scheduled - r.enqueued) + (r.let_in - r.arrival);
    samples_.frontend_sum += r.enqueued - r.let_in;
    samples_.client_queue_sum += r.arrival - r.wished_arrival;
    // Of a prompt that was computed again after its first token nothing more is known than that.
    const double computed = r.prefilled >= 0 ? std::min(r.prefilled, r.first_token) : r.first_token;
    samples_.prefill_sum += computed - r.scheduled;
    samples_.transfer_sum += r.first_token - computed;
    samples_.itl_sum += r.last_token - r.first_token;
    samples_.itl_count += r.output_tokens - 1;
    const bool good = (tenant != nullptr ? tenant->slo : slo_).met_by(ttft, tpot, e2el);
    if (tenant != nullptr) tenant->measured(ttft, tpot, e2el, r.output_tokens > 1, good);
    samples_.good += good ? 1 : 0;
    samples_.good_output_tokens += good ? r.output_tokens : 0;
    here.measured_output += r.output_tokens;
    here.good_output += good ? r.output_tokens : 0;
  }
  if (sink_) sink_(r, RequestStatus::kCompleted);
}

/// `missed`: what it was promised was not kept.
void Recorder::ended(const Request& r, RequestStatus status, std::int64_t& count, bool missed) {
  if (r.abandoned) return;
  ++count;
  --in_flight;
  missed = missed && r.arrival - first_arrival >= warmup_;
  samples_.failed += missed ? 1 : 0;
  if (TenantBooks* tenant = books_of(r)) tenant->ended(status, missed);
  if (sink_) sink_(r, status);
}

void Recorder::rejected(const Request& r) { ended(r, RequestStatus::kRejected, rejected_count); }
void Recorder::turned_away(const Request& r) { ended(r, RequestStatus::kRejected, rejected_count, true); }
void Recorder::failed(const Request& r) { ended(r, RequestStatus::kFailed, failed_count, true); }
void Recorder::unfinished(const Request& r) { ended(r, RequestStatus::kUnfinished, unfinished_count); }

/// The fleet may serve nobody else afterwards: its time goes on until here.
void Recorder::timed_out(const Request& r, double now) {
  count_in_flight(now);
  last_finish = std::max(last_finish, now);
  ended(r, RequestStatus::kTimedOut, timed_out_count, true);
}

void Recorder::cancelled(const Request& r, double now) {
  count_in_flight(now);
  last_finish = std::max(last_finish, now);
  ended(r, RequestStatus::kCancelled, cancelled_count);
}

void Recorder::tokens(double when, std::int64_t count) {
  const auto second = static_cast<std::size_t>(std::max(0.0, when - first_arrival));
  if (second >= kMostSeconds) return;
  if (second >= tokens_by_second_.size()) tokens_by_second_.resize(second + 1, 0);
  tokens_by_second_[second] += count;
}

void Recorder::tokens_of(const Stretch& stretch) {
  std::int64_t done = 0;
  while (done < stretch.steps) {
    const double when = stretch.boundary(done + 1);
    const double next_second = first_arrival + std::floor(std::max(0.0, when - first_arrival)) + 1;
    const bool all = stretch.boundary(stretch.steps) < next_second;
    const std::int64_t until =
        all ? stretch.steps : std::max(done + 1, stretch.first_boundary_from(next_second, done + 1) - 1);
    tokens(when, (until - done) * stretch.sequences);
    done = until;
  }
}

std::int64_t Recorder::peak_tokens_per_second() const {
  return tokens_by_second_.empty() ? 0 : *std::max_element(tokens_by_second_.begin(), tokens_by_second_.end());
}

}  // namespace flotilla::sim
