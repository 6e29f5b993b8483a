// Hand-offs whose one side or the other is lost. Bytes on their way still arrive, and are thrown away.
#include <algorithm>
#include <utility>

#include "sim/engine/hand_off.hpp"

namespace flotilla::sim {

/// The KV of this hand-off will not arrive, and the memory that it was to have is free.
void HandOff::give_up(std::size_t moving, double now) {
  const RequestHandle handle = moving_[moving].handle;
  const auto target = static_cast<std::size_t>(pool_[handle].decode_replica);
  targets_[target].replica->expect_no_more(handle, now);
  pool_[handle].decode_replica = -1;
  moving_.erase(moving_.begin() + static_cast<std::ptrdiff_t>(moving));
  load_changed(target, -1);
  if (!targets_[target].queue.empty()) look_at(target);
}

std::vector<RequestHandle> HandOff::lose_source(std::size_t source, double now) {
  std::vector<RequestHandle> lost;
  const auto is_there = [&](RequestHandle handle) {
    return pool_[handle].replica == static_cast<std::int32_t>(source);
  };
  const auto take = [&](RequestHandle handle) {
    Request& r = pool_[handle];
    if (std::exchange(r.held, false)) {
      r.generated = r.carried;  // nobody has seen the token that was to travel with its KV
      sources_[source].replica->release_held(handle, now);
    }
    lost.push_back(handle);
  };
  const auto take_from = [&](auto& list) {
    for (const RequestHandle handle : list)
      if (is_there(handle)) take(handle);
    std::erase_if(list, is_there);
  };
  for (std::size_t i = moving_.size(); i-- > 0;) {
    const RequestHandle handle = moving_[i].handle;
    if (!is_there(handle)) continue;
    give_up(i, now);
    if (pool_[handle].held) take(handle);  // else its replica has it
  }
  take_from(to_choose_);
  for (std::size_t t = 0; t < targets_.size(); ++t) {
    const std::size_t before = lost.size();
    take_from(targets_[t].queue);
    for (std::size_t i = before; i < lost.size(); ++i) {
      pool_[lost[i]].decode_replica = -1;
      load_changed(t, -1);
    }
  }
  return lost;
}

std::vector<RequestHandle> HandOff::lose_target(std::size_t target, double now) {
  std::vector<RequestHandle> lost = targets_[target].replica->lose(now);
  for (std::size_t i = 0; i < lost.size(); ++i) load_changed(target, -1);
  const auto choose_again = [&](RequestHandle handle) {
    pool_[handle].decode_replica = -1;
    to_choose_.push_back(handle);
  };
  for (const RequestHandle handle : std::exchange(targets_[target].queue, {})) {
    choose_again(handle);
    load_changed(target, -1);
  }
  for (std::size_t i = moving_.size(); i-- > 0;) {
    const RequestHandle handle = moving_[i].handle;
    if (pool_[handle].decode_replica != static_cast<std::int32_t>(target)) continue;
    give_up(i, now);
    if (pool_[handle].held) choose_again(handle);  // else once it is computed
  }
  if (!to_choose_.empty()) clock_.schedule(slot_, now);
  return lost;
}

bool HandOff::abandon(RequestHandle handle, double now) {
  Request& r = pool_[handle];
  r.to_stop = true;
  const auto leave = [&] {
    r.decode_replica = -1;
    if (std::exchange(r.held, false)) sources_[static_cast<std::size_t>(r.replica)].replica->release_held(handle, now);
    gateway_.finished(handle);
    return true;
  };
  if (std::erase(to_choose_, handle) > 0) return leave();
  if (r.decode_replica < 0) return false;
  const auto target = static_cast<std::size_t>(r.decode_replica);
  if (std::erase(targets_[target].queue, handle) > 0) {
    load_changed(target, -1);
    return leave();
  }
  for (std::size_t i = 0; i < moving_.size(); ++i) {
    if (moving_[i].handle != handle) continue;
    give_up(i, now);
    return r.held ? leave() : false;
  }
  targets_[target].replica->abandon(handle, now);
  return true;
}

std::int64_t HandOff::stranded(const std::function<bool(std::size_t)>& hope) const {
  return std::count_if(to_choose_.begin(), to_choose_.end(), [&](RequestHandle handle) {
    const RoutedRequest request = routed(handle);
    for (std::size_t i = 0; i < loads_.size(); ++i)
      if (router_.may_take(loads_[i], request) && hope(i)) return false;
    return true;
  });
}

void HandOff::open(std::size_t target, bool is_open) {
  if (loads_[target].open == is_open) return;
  loads_[target].open = is_open;
  is_open ? ++open_ : --open_;
  load_changed(target, 0);
  if (is_open && !to_choose_.empty()) clock_.schedule(slot_, clock_.now());
}

}  // namespace flotilla::sim
