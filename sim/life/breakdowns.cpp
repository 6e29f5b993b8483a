// What breaks, and what that does to replicas, links and requests.
#include <algorithm>
#include <utility>

#include "sim/life/lifecycle.hpp"

namespace flotilla::sim {

void Lifecycle::plan_faults() {
  for (const FaultEventSpec& spec : scenario_.faults->events) {
    const topologies::Component part = *topologies::find_component(build_.fleet, spec.component);
    const double at = spec.at.value(), notice = spec.notice.value();
    if (notice > 0) agenda_.at(std::max(0.0, at - notice), [this, part](double now) { announce(part, now); });
    agenda_.at(at, [this, part, spec](double now) { fail(part, spec.bandwidth, !spec.repair_after, now); });
    if (spec.repair_after)
      agenda_.at(at + spec.repair_after->value(),
                 [this, part, spec](double now) { repair(part, spec.bandwidth, now); });
  }
  for (std::size_t i = 0; i < scenario_.faults->random.size(); ++i) {
    const RandomFaultSpec& spec = scenario_.faults->random[i];
    for (const topologies::Component& part : topologies::components_of_kind(build_.fleet, spec.component, spec.pool)) {
      // A stream for each part: another part's failures, or another pool, do not change its own.
      const auto seed = stream_seed(static_cast<std::uint64_t>(scenario_.seed), "faults of " + part.name);
      plan_random(spec, part, std::make_shared<RandomEngine>(seed + i), 0);
    }
  }
}

/// Its next failure and repair after `from`, and, once repaired, the next.
void Lifecycle::plan_random(const RandomFaultSpec& spec, const topologies::Component& part,
                            std::shared_ptr<RandomEngine> engine, double from) {
  const double at = from + spec.mtbf.value() * draw_exponential(*engine);
  const double back = at + spec.mttr.value() * draw_exponential(*engine);
  if (spec.notice.value() > 0)
    agenda_.at(std::max(from, at - spec.notice.value()), [this, part](double now) { announce(part, now); });
  agenda_.at(at, [this, part, &spec](double now) { fail(part, spec.bandwidth, false, now); });
  agenda_.at(back, [this, part, &spec, engine](double now) {
    repair(part, spec.bandwidth, now);
    if (!hopeless()) plan_random(spec, part, engine, now);
  });
}

void Lifecycle::announce(const topologies::Component& part, double now) {
  log(now, "announced", part.name, 0);
  for (Member& m : members_)
    if (m.phase == Phase::kUp && m.needs.any_of(part)) drain(m, After::kStays, now);
}

/// Nobody will ever be back to take requests, or to decode them, or only such as serve others than those who wait: what
/// waits does so for good, and the run may end.
bool Lifecycle::hopeless() const {
  const auto none_left = [this](bool decode_side) {
    return std::none_of(members_.begin(), members_.end(),
                        [&](const Member& m) { return decodes(m) == decode_side && !m.gone; });
  };
  if (none_left(false) || (hand_off_ != nullptr && none_left(true))) return true;
  const auto may_be_back = [this](bool decode_side) {
    return [this, decode_side](std::size_t door) {
      return std::any_of(members_.begin(), members_.end(),
                         [&](const Member& m) { return decodes(m) == decode_side && m.door == door && !m.gone; });
    };
  };
  std::int64_t stranded = gateway_.stranded(may_be_back(false));
  if (hand_off_ != nullptr) stranded += hand_off_->stranded(may_be_back(true));
  return stranded > 0 && stranded == recorder_.in_flight && gateway_.sends_no_more();
}

void Lifecycle::fail(const topologies::Component& part, double bandwidth, bool for_good, double now) {
  ++facts_.failures;
  scale_links(part, bandwidth, false);
  if (bandwidth > 0) return log(now, "slower", part.name, 0);
  for (const topologies::LinkId link : part.links) ++dead_links_[link];
  const std::int64_t before = recorder_.in_flight;
  const std::size_t at = facts_.events.size();
  log(now, "failed", part.name, 0);
  std::vector<RequestHandle> lost;
  std::int64_t gpus_lost = 0;
  for (Member& m : members_) {
    const bool starts_by_it = std::any_of(m.needs.to_start.begin(), m.needs.to_start.end(), [&](topologies::LinkId l) {
      return std::find(part.links.begin(), part.links.end(), l) != part.links.end();
    });
    if (!m.needs.any_of(part)) {
      m.gone = m.gone || (for_good && starts_by_it && m.phase != Phase::kUp && m.phase != Phase::kWarm);
      continue;
    }
    m.gone = m.gone || for_good;
    ++m.broken;
    if (m.phase == Phase::kDown || m.phase == Phase::kOff) continue;
    gpus_lost += gpus(m);
    lose(m, lost, now);
  }
  if (at < facts_.events.size()) {
    facts_.events[at].gpus = gpus_lost;
    facts_.events[at].requests = static_cast<std::int64_t>(lost.size());
  }
  facts_.largest_loss_gpus = std::max(facts_.largest_loss_gpus, gpus_lost);
  if (gpus_lost > 0 && level_before_ < 0) {
    level_before_ = std::max(before, static_cast<std::int64_t>(recorder_.mean_in_flight(now)));
    disturbed_since_ = now;
  }
  if (lost.empty()) return;
  // Only now: a replica that is lost with the same part must not get them.
  const bool fails = scenario_.faults->on_failure == OnFailure::kFail;
  const double detection = scenario_.faults->detection.value();
  if (detection <= 0) return gateway_.lost(lost, fails, now, false);
  const auto batch = undetected_.insert(undetected_.end(), lost);
  agenda_.at(now + detection, [this, batch, fails](double then) {
    const std::vector<RequestHandle> handles = std::move(*batch);
    undetected_.erase(batch);
    gateway_.lost(handles, fails, then, false);
  });
}

void Lifecycle::lose(Member& m, std::vector<RequestHandle>& lost, double now) {
  ++facts_.replicas_lost;
  ++m.life;
  const bool was_starting_as_spare = std::exchange(m.to_be_warm, false);
  m.wanted = m.wanted && !was_starting_as_spare && m.after != After::kOff;
  if (m.phase == Phase::kUp) open(m, false, now);
  enter(m, Phase::kDown, now);
  m.after = After::kStays;
  std::vector<RequestHandle> its;
  if (decodes(m)) {
    its = hand_off_->lose_target(m.door, now);
  } else {
    if (hand_off_ != nullptr) its = hand_off_->lose_source(m.door, now);
    for (const RequestHandle handle : m.replica->lose(now)) its.push_back(handle);
    for (std::size_t i = 0; i < its.size(); ++i) gateway_.left(m.door);
  }
  for (const RequestHandle handle : its) {
    const Request& r = pool_[handle];
    if (r.scheduled >= 0) facts_.lost_tokens += r.input_tokens + r.generated;
  }
  if (scenario_.faults->on_failure == OnFailure::kReroute) facts_.rerouted += static_cast<std::int64_t>(its.size());
  lost.insert(lost.end(), its.begin(), its.end());
  tell(now, "lost", m, static_cast<std::int64_t>(its.size()));
  if (scenario_.serving[m.group].autoscale) {
    pay(m, false, now);
    m.wanted = false;  // another takes its place, if one is wanted
  }
  upgraded(m, now);
}

void Lifecycle::repair(const topologies::Component& part, double bandwidth, double now) {
  ++facts_.repairs;
  scale_links(part, bandwidth, true);
  log(now, "repaired", part.name, 0);
  if (bandwidth > 0) return;
  for (const topologies::LinkId link : part.links) --dead_links_[link];
  for (Member& m : members_) {
    if (m.needs.any_of(part)) --m.broken;
    if (m.phase != Phase::kDown || !may_start(m)) continue;
    if (m.wanted) {
      begin_start(m, false, now);
    } else if (scenario_.serving[m.group].autoscale) {
      enter(m, Phase::kOff, now);
    }
  }
}

/// Flows that are under way feel it at once.
void Lifecycle::scale_links(const topologies::Component& part, double bandwidth, bool back) {
  if (bandwidth <= 0) return;
  for (const topologies::LinkId link : part.links) {
    bandwidth_[link] *= back ? 1 / bandwidth : bandwidth;
    platform_.scale(link, bandwidth_[link]);
  }
}

}  // namespace flotilla::sim
