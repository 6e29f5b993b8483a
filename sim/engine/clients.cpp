#include "sim/engine/clients.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::sim {

Clients::Clients(const ClientHabits& habits, std::uint64_t seed, RequestPool& pool, Clock& clock)
    : habits_(habits),
      pool_(pool),
      clock_(clock),
      slot_(clock.add_slot([this](double now) { due(now); })),
      cancellations_(make_stream(seed, "cancellations")),
      waits_(make_stream(seed, "retries")) {}

void Clients::add(double at, RequestHandle handle, Kind kind) {
  if (!std::isfinite(at)) return;
  const Request& r = pool_[handle];
  dates_.push({at, order_++, r.id, handle, r.attempts, kind});
  clock_.schedule(slot_, dates_.top().at);
}

void Clients::sent(RequestHandle handle, double now) {
  add(now + habits_.timeout, handle, Kind::kTimeout);
  add(now + habits_.first_token_timeout, handle, Kind::kFirstToken);
  if (habits_.cancel_share <= 0 || pool_[handle].attempts > 0) return;
  // Two draws for each request, so that the others' do not hang on whether this one is called off.
  const bool will = draw_unit(cancellations_) < habits_.cancel_share;
  const double after = habits_.cancel_after * draw_exponential(cancellations_);
  if (will) add(now + after, handle, Kind::kCancel);
}

std::optional<double> Clients::next_attempt(RequestHandle handle, double now) {
  const std::int32_t attempts = pool_[handle].attempts;
  if (attempts >= habits_.max_retries) return std::nullopt;
  double wait = std::min(habits_.max_backoff, habits_.backoff * std::pow(habits_.backoff_factor, attempts));
  if (habits_.jitter > 0) wait *= 1 - habits_.jitter * draw_unit(waits_);
  return now + wait;
}

void Clients::try_again(RequestHandle handle, double date) {
  ++retries_;
  add(date, handle, Kind::kAgain);
}

/// Its request has ended, or the attempt that it belonged to.
bool Clients::stale(const Date& date) const {
  const Request& r = pool_[date.handle];
  if (r.id != date.id || r.abandoned) return true;
  if (r.attempts != date.attempts || r.paused != (date.kind == Kind::kAgain)) return true;
  return date.kind == Kind::kFirstToken && r.first_token >= 0;
}

void Clients::due(double now) {
  while (!dates_.empty() && dates_.top().at <= now) {
    const Date date = dates_.top();
    dates_.pop();
    if (stale(date)) continue;
    tell_(date.handle,
          date.kind == Kind::kAgain    ? ClientEvent::kTriesAgain
          : date.kind == Kind::kCancel ? ClientEvent::kCancelled
                                       : ClientEvent::kTimedOut,
          now);
  }
  while (!dates_.empty() && stale(dates_.top())) dates_.pop();
  if (!dates_.empty()) clock_.schedule(slot_, dates_.top().at);
}

void Clients::close() {
  dates_ = {};
  clock_.cancel(slot_);
}

}  // namespace flotilla::sim
