#include "sim/workload/trace_source.hpp"

#include <cmath>
#include <limits>

#include "sim/workload/hash_chain.hpp"

namespace flotilla::sim {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// Saturating: a window may end beyond any time that a trace can hold.
std::int64_t nanoseconds(Seconds seconds) {
  const double ns = std::round(seconds.value() * 1e9);
  return ns < 9.2e18 ? static_cast<std::int64_t>(ns) : kNever;
}

}  // namespace

TraceSource::TraceSource(const LoadSpec& spec, std::uint64_t seed)
    : reader_(*spec.trace),
      names_(spec, seed),
      conversations_(spec.trace->conversations),
      by_session_(spec.trace->hash_scope == HashScope::kSession),
      time_scale_(spec.trace->time_scale / spec.trace->rate_scale),
      start_(nanoseconds(spec.trace->start)),
      end_(spec.trace->end ? nanoseconds(*spec.trace->end) : kNever),
      last_id_(spec.trace->max_requests.value_or(kNever)),
      generated_end_(spec.duration.value_or(Seconds(std::numeric_limits<double>::infinity())).value()) {
  if (spec.trace->arrivals == TraceArrivals::kGenerated) {
    generated_.emplace(spec.arrival_process(), spec.request_rate.value(), make_stream(seed, "arrivals"));
  }
}

bool TraceSource::next(ArrivingRequest& request) {
  if (next_id_ == last_id_ || !next_row()) return false;
  const double arrival = arrival_of_row();
  if (arrival >= generated_end_) {
    last_id_ = next_id_;
    return false;
  }
  request.id = next_id_++;
  request.arrival = arrival;
  request.input_tokens = row_.input_tokens;
  request.output_tokens = row_.output_tokens;
  request.session = row_.session;
  request.tenant = row_.tenant;
  request.hash_ids.swap(row_.hash_ids);
  request.named_tokens = row_.input_tokens;
  if (conversations_) {
    request.named_tokens += row_.output_tokens;
    // Without a session it is one of its own; numbers of sessions are not negative.
    names_.fill(0, row_.session >= 0 ? row_.session : -1 - request.id, request.named_tokens, request.hash_ids);
  }
  if (by_session_ && !conversations_) put_in_namespace(request.session, request.hash_ids);
  ++reader_.report().requests;
  return true;
}

bool TraceSource::next_row() {
  while (reader_.next(row_)) {
    if (generated_ || (row_.time >= start_ && row_.time < end_)) return true;
    if (row_.time >= end_) break;
    ++reader_.report().before_start;
  }
  last_id_ = next_id_;
  return false;
}

double TraceSource::arrival_of_row() {
  if (generated_) return generated_->next();
  TraceReport& report = reader_.report();
  report.last_time = static_cast<double>(row_.time) / 1e9;
  if (next_id_ == 0) report.first_time = report.last_time;
  return static_cast<double>(row_.time - start_) / 1e9 * time_scale_;
}

}  // namespace flotilla::sim
