// Whom the gateway turns away, and clients that lose patience or try again.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/engine/gateway.hpp"

namespace flotilla::sim {

void Gateway::serve(Clients& clients) {
  clients_ = &clients;
  clients.on_event([this](RequestHandle handle, ClientEvent event, double now) { client_event(handle, event, now); });
}

void Gateway::let_in(RequestHandle handle, double now, bool after_steps) {
  if (admission_.any()) {
    if (!admission_.admit(pool_[handle], now)) return turn_away(handle, now);
    pool_[handle].admitted = true;
  }
  dispatch(handle, now, after_steps);
}

void Gateway::turn_away(RequestHandle handle, double now) {
  ++refusals_.turned_away;
  if (tells(pool_[handle])) story_->tell(now, "turned away: a limit of the gateway is reached");
  if (clients_ != nullptr) {
    if (const auto date = clients_->next_attempt(handle, now)) {
      if (!names_.empty()) pool_.text(handle).names = names_.front().second;
      return try_again(handle, *date);
    }
  }
  ++refusals_.over_limit;
  recorder_.turned_away(pool_[handle]);
  release(handle);
}

void Gateway::try_again(RequestHandle handle, double date) {
  Request& r = pool_[handle];
  ++r.attempts;
  r.paused = true;
  paused_.push_back(handle);
  clients_->try_again(handle, date);
}

void Gateway::client_event(RequestHandle handle, ClientEvent event, double now) {
  if (event == ClientEvent::kTriesAgain) {
    std::erase(paused_, handle);
    if (tells(pool_[handle]))
      story_->tell(now, fmt::format("its client tries again, attempt {}", pool_[handle].attempts + 1));
    pool_[handle].paused = false;
    pool_[handle].let_in = now;
    name_blocks_again(handle);
    clients_->sent(handle, now);
    const std::int64_t in_flight = recorder_.in_flight;
    let_in(handle, now, false);
    if (recorder_.in_flight < in_flight) room_again(now);  // it was its last attempt
    return;
  }
  if (tells(pool_[handle]))
    story_->tell(now, event == ClientEvent::kTimedOut ? "its client gives up" : "its client calls it off");
  const auto again = event == ClientEvent::kTimedOut ? clients_->next_attempt(handle, now) : std::nullopt;
  if (again) {
    try_again(copy_for_retry(handle), *again);
  } else if (event == ClientEvent::kTimedOut) {
    recorder_.timed_out(pool_[handle], now);
  } else {
    recorder_.cancelled(pool_[handle], now);
  }
  abandon(handle, now);
  room_again(now);
}

/// The same request once more: what the first got stays with it.
RequestHandle Gateway::copy_for_retry(RequestHandle handle) {
  const RequestHandle again = pool_.allocate();
  const Request& r = pool_[handle];
  Request& copy = pool_[again];
  copy.id = r.id;
  copy.wished_arrival = r.wished_arrival;
  copy.arrival = r.arrival;
  copy.input_tokens = r.input_tokens;
  copy.output_tokens = r.output_tokens;
  copy.found_tokens = copy.cached_tokens =
      std::max(0, std::min(r.input_tokens - 1, static_cast<std::int32_t>(cached_share_ * r.input_tokens)));
  copy.session = r.session;
  copy.tenant = r.tenant;
  copy.model = r.model;
  copy.slo_class = r.slo_class;
  copy.priority = r.priority;
  copy.deadline = r.deadline;
  copy.attempts = r.attempts;
  copy.replica = r.replica;  // for which its blocks are named
  if (!names_.empty()) pool_.text(again).names = pool_.text(handle).names;
  return again;
}

/// Nobody waits for it any more. It leaves now, or when its replica has seen to it, or when it is done.
void Gateway::abandon(RequestHandle handle, double now) {
  pool_[handle].abandoned = true;
  if (homeless_.drop(handle)) return release(handle);
  if (!clients_->habits().server_notices) return;
  if (stops_ && stops_(handle, now)) return;
  replicas_[static_cast<std::size_t>(pool_[handle].replica)]->abandon(handle, now);
}

void Gateway::tell_choice(const Request& r, std::size_t choice, double now) {
  const std::vector<ReplicaLoad>& seen = staleness_ > 0 ? seen_ : loads_;
  std::int64_t least = seen[choice].outstanding, most = least, open = 0;
  for (const ReplicaLoad& load : seen) {
    if (!load.open) continue;
    ++open;
    least = std::min(least, load.outstanding);
    most = std::max(most, load.outstanding);
  }
  std::string more;
  if (router_.looks_at() != Look::kCounts)
    more += fmt::format(", {} of {} KV tokens in use there", seen[choice].used_tokens, seen[choice].kv_tokens);
  if (router_.looks_at() == Look::kPrefixes)
    more += fmt::format(", {} of its {} prompt tokens in the cache there", seen[choice].held_tokens, r.input_tokens);
  story_->tell(now,
               fmt::format("sent to replica {} with {} outstanding; the {} open replicas have {} to {}{}{}", choice,
                           seen[choice].outstanding, open, least, most, more, staleness_ > 0 ? " (as last seen)" : ""));
}

}  // namespace flotilla::sim
