#include "sim/life/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flotilla::sim {

bool changes(const Scenario& scenario) {
  return scenario.faults || scenario.upgrades ||
         std::any_of(scenario.serving.begin(), scenario.serving.end(),
                     [](const ServingSpec& s) { return s.autoscale.has_value(); });
}

Lifecycle::Lifecycle(const Scenario& scenario, const Build& build, const topologies::Platform& platform,
                     Gateway& gateway, RequestPool& pool, Clock& clock, Recorder& recorder)
    : scenario_(scenario),
      build_(build),
      platform_(platform),
      gateway_(gateway),
      pool_(pool),
      clock_(clock),
      recorder_(recorder),
      agenda_(clock),
      injected_at_look_(build.groups.size()),
      ended_at_look_(build.groups.size()),
      ttft_at_look_(build.groups.size()),
      dead_links_(build.fleet.links.size()),
      bandwidth_(build.fleet.links.size(), 1.0) {
  facts_.changes = true;
  facts_.paid_gpu_seconds.resize(build.groups.size());
  facts_.open_gpu_seconds.resize(build.groups.size());
  for (const topologies::Node& node : build.fleet.nodes)
    if (build.fleet.pools[node.pool].gpus.empty()) storage_.push_back(node.first_vertex);
}

void Lifecycle::add(Replica& replica, std::size_t group, std::size_t door) {
  Member m;
  m.replica = &replica;
  m.group = group;
  m.door = door;
  m.number = static_cast<int>(
      std::count_if(members_.begin(), members_.end(), [&](const Member& other) { return other.group == group; }));
  m.needs = needs_of(build_, group, m.number);
  members_.push_back(std::move(m));
}

void Lifecycle::start(HandOff* hand_off, Transfers* transfers) {
  hand_off_ = hand_off;
  transfers_ = transfers;
  gateway_.on_empty([this](std::size_t door) { emptied(false, door); });
  if (hand_off_ != nullptr) hand_off_->on_empty([this](std::size_t door) { emptied(true, door); });
  gateway_.on_done([this] { agenda_.close(); });
  gateway_.on_left([this](double now) { watch_recovery(now); });
  for (Member& m : members_) {
    const auto& scaling = scenario_.serving[m.group].autoscale;
    const int open_at_first = scaling ? build_.groups[m.group].initial_replicas : build_.groups[m.group].replicas;
    const int spares = scaling ? scaling->warm_spares : 0;
    m.phase = m.number < open_at_first ? Phase::kUp : m.number < open_at_first + spares ? Phase::kWarm : Phase::kOff;
    m.wanted = m.phase != Phase::kOff;
    if (m.phase != Phase::kOff) pay(m, true, 0);
    if (m.phase != Phase::kUp) open(m, false, 0);
  }
  for (std::size_t g = 0; g < build_.groups.size(); ++g) {
    const auto& scaling = scenario_.serving[g].autoscale;
    autoscalers_.push_back(scaling ? std::make_unique<Autoscaler>(*scaling, build_.groups[g].replicas) : nullptr);
    if (scaling) agenda_.at(scaling->interval.value(), [this, g](double now) { look(g, now); });
  }
  if (scenario_.faults) plan_faults();
  for (const UpgradeSpec& spec : scenario_.upgrades.value_or(std::vector<UpgradeSpec>())) {
    upgrades_.push_back(std::make_unique<Upgrade>(Upgrade{spec, {}, 0}));
    Upgrade& u = *upgrades_.back();
    for (std::size_t i = members_.size(); i-- > 0;)
      if (build_.fleet.pools[build_.groups[members_[i].group].pool].name == spec.pool) u.left.push_back(i);
    agenda_.at(spec.at.value(), [this, &u](double now) { upgrade(u, now); });
  }
}

std::string Lifecycle::name(const Member& m) const { return fmt::format("serving[{}]/replica{}", m.group, m.number); }

std::int64_t Lifecycle::outstanding(const Member& m) const {
  return (decodes(m) ? hand_off_->load(m.door) : gateway_.load(m.door)).outstanding;
}

void Lifecycle::log(double now, const char* what, const std::string& subject, std::int64_t gpus,
                    std::int64_t requests) {
  if (facts_.events.size() < LifeFacts::kMostEvents) facts_.events.push_back({now, what, subject, gpus, requests});
}

void Lifecycle::tell(double now, const char* what, const Member& m, std::int64_t requests) {
  log(now, what, name(m), gpus(m), requests);
}

void Lifecycle::enter(Member& m, Phase phase, double now) {
  if (m.phase == Phase::kUp)
    facts_.open_gpu_seconds[m.group] += gpus(m) * std::max(0.0, now - std::max(m.since, recorder_.first_arrival));
  m.phase = phase;
  m.since = now;
}

void Lifecycle::open(Member& m, bool is_open, double now) {
  if (decodes(m)) {
    hand_off_->open(m.door, is_open);
  } else {
    gateway_.open(m.door, is_open, now);
  }
}

/// What it costs is counted from the first arrival to the last finish.
void Lifecycle::pay(Member& m, bool pays, double now) {
  if (pays == (m.paid_since >= 0)) return;
  if (!pays) {
    facts_.paid_gpu_seconds[m.group] += gpus(m) * std::max(0.0, now - std::max(m.paid_since, recorder_.first_arrival));
    m.paid_since = -1;
  } else {
    m.paid_since = now;
  }
}

/// It takes no more requests, and is left alone until it has none.
void Lifecycle::drain(Member& m, After after, double now) {
  tell(now, "draining", m);
  enter(m, Phase::kDraining, now);
  m.after = after;
  open(m, false, now);
  if (outstanding(m) == 0) drained(m, now);
}

void Lifecycle::emptied(bool decode_side, std::size_t door) {
  for (Member& m : members_)
    if (m.door == door && decodes(m) == decode_side && m.phase == Phase::kDraining) drained(m, clock_.now());
}

void Lifecycle::drained(Member& m, double now) {
  if (m.after == After::kStays) return;
  ++facts_.drained;
  if (m.after == After::kOff) {
    enter(m, Phase::kOff, now);
    m.wanted = false;
    pay(m, false, now);
    tell(now, "off", m);
    return;
  }
  enter(m, Phase::kDown, now);
  ++m.life;
  agenda_.at(now + m.downtime, [this, &m, life = m.life](double then) {
    if (life == m.life) begin_start(m, false, then);
  });
}

/// Requests in flight are no more than they were in the mean before the disturbance.
void Lifecycle::watch_recovery(double now) {
  if (level_before_ < 0 || recorder_.in_flight > level_before_) return;
  level_before_ = -1;
  const double time = now - disturbed_since_;
  ++facts_.recoveries;
  facts_.recovery_sum += time;
  facts_.recovery_longest = std::max(facts_.recovery_longest, time);
}

void Lifecycle::close() {
  const double end = recorder_.last_finish;
  for (Member& m : members_) {
    pay(m, false, end);
    enter(m, Phase::kOff, end);
  }
  facts_.recovering = level_before_ >= 0;
  for (const auto& batch : undetected_)
    for (const RequestHandle handle : batch) recorder_.unfinished(pool_[handle]);
}

}  // namespace flotilla::sim
