// Replicas that come and go with the load.
#include <algorithm>

#include "sim/life/lifecycle.hpp"

namespace flotilla::sim {

GroupLook Lifecycle::look_at(std::size_t group, double now) {
  GroupLook look;
  look.time = now;
  double used = 0, budget = 0;
  std::size_t door = 0;
  members_of(group, [&](const Member& m) {
    door = m.door;
    look.requests += outstanding(m);
    look.waiting += m.replica->waiting();
    if (m.phase != Phase::kUp) return;
    ++look.replicas;
    used += static_cast<double>(m.replica->used_tokens(now));
    budget += static_cast<double>(m.replica->spec().kv_tokens());
  });
  if (build_.groups[group].role != Role::kDecode) {
    look.homeless = static_cast<std::int64_t>(gateway_.homeless(door));
    look.requests += look.homeless;
    look.waiting += look.homeless;
  }
  look.kv_usage = budget > 0 ? used / budget : 0;
  look.arrivals = recorder_.injected - std::exchange(injected_at_look_[group], recorder_.injected);
  const std::int64_t ended = recorder_.completed - std::exchange(ended_at_look_[group], recorder_.completed);
  const double ttft = recorder_.ttft_sum - std::exchange(ttft_at_look_[group], recorder_.ttft_sum);
  if (ended > 0) look.mean_ttft = ttft / static_cast<double>(ended);
  return look;
}

void Lifecycle::look(std::size_t group, double now) {
  int active = 0;
  members_of(group, [&](const Member& m) {
    active += m.phase == Phase::kUp || (m.phase == Phase::kStarting && !m.to_be_warm) ? 1 : 0;
  });
  scale(group, autoscalers_[group]->wanted(look_at(group, now), active) - active, now);
  keep_spares(group, now);
  if (hopeless()) return;
  agenda_.at(now + scenario_.serving[group].autoscale->interval.value(),
             [this, group](double then) { look(group, then); });
}

/// So many more, or, if negative, fewer. The quickest to come are first: those that drain, spares, then others.
void Lifecycle::scale(std::size_t group, int more, double now) {
  const auto first_in = [&](Phase phase) -> Member* {
    for (Member& m : members_)
      if (m.group == group && m.phase == phase && (phase != Phase::kOff || may_start(m)) &&
          (phase != Phase::kDraining || m.after == After::kOff))
        return &m;
    return nullptr;
  };
  for (; more > 0; --more) {
    Member* m = first_in(Phase::kDraining);
    if (m == nullptr) m = first_in(Phase::kWarm);
    if (m != nullptr) {
      facts_.warm_starts += m->phase == Phase::kWarm ? 1 : 0;
      m->after = After::kStays;
      enter(*m, Phase::kUp, now);
      tell(now, "up", *m);
      open(*m, true, now);
      continue;
    }
    m = first_in(Phase::kOff);
    if (m == nullptr) return;
    begin_start(*m, true, now);
  }
  for (std::size_t i = members_.size(); more < 0 && i-- > 0;) {
    Member& m = members_[i];
    if (m.group != group || m.phase != Phase::kStarting || m.to_be_warm) continue;
    leave(m, now);
    ++more;
  }
  for (std::size_t i = members_.size(); more < 0 && i-- > 0;) {
    if (members_[i].group != group || members_[i].phase != Phase::kUp) continue;
    drain(members_[i], After::kOff, now);
    ++more;
  }
}

/// A start that is called off, or a spare too many.
void Lifecycle::leave(Member& m, double now) {
  ++m.life;
  m.to_be_warm = m.wanted = false;
  enter(m, Phase::kOff, now);
  pay(m, false, now);
  tell(now, "off", m);
}

void Lifecycle::keep_spares(std::size_t group, double now) {
  int missing = scenario_.serving[group].autoscale->warm_spares;
  members_of(group, [&](const Member& m) { missing -= m.phase == Phase::kWarm || m.to_be_warm ? 1 : 0; });
  for (Member& m : members_) {
    if (m.group != group) continue;
    if (missing > 0 && m.phase == Phase::kOff && may_start(m)) {
      m.to_be_warm = true;
      --missing;
      begin_start(m, true, now);
    } else if (missing < 0 && m.phase == Phase::kWarm) {
      ++missing;
      leave(m, now);
    }
  }
}

}  // namespace flotilla::sim
