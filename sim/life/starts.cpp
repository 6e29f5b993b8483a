// How replicas come up: GPUs, image, weights, engine, one after the other.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/life/lifecycle.hpp"

namespace flotilla::sim {

bool Lifecycle::may_start(const Member& m) const {
  return m.broken == 0 && std::all_of(m.needs.to_start.begin(), m.needs.to_start.end(),
                                      [this](topologies::LinkId link) { return dead_links_[link] == 0; });
}

void Lifecycle::begin_start(Member& m, bool with_provisioning, double now) {
  if (!may_start(m)) return;  // once it may, a repair begins anew
  enter(m, Phase::kStarting, now);
  ++m.life;
  m.wanted = true;
  m.ordered = now;
  tell(now, "starting", m);
  const double wait = with_provisioning ? build_.groups[m.group].startup.provisioning.value() : 0;
  if (wait <= 0) return load_image(m, with_provisioning, now);
  agenda_.at(now + wait, [this, &m, life = m.life](double then) {
    if (life == m.life) load_image(m, true, then);
  });
}

/// Sends the flows, if there are any, and goes on when they have arrived; not in another life.
void Lifecycle::send_to(Member& m, std::vector<Flow> flows, double now, std::function<void(double)> then) {
  for (const Flow& flow : flows) facts_.start_bytes += flow.bytes;
  transfers_->send(now, 0, flows, [&m, life = m.life, then = std::move(then)](double arrived) {
    if (life == m.life) then(arrived);
  });
}

void Lifecycle::load_image(Member& m, bool with_image, double now) {
  pay(m, true, now);
  const StartupSpec& spec = build_.groups[m.group].startup;
  if (!with_image || spec.image.value() <= 0 || storage_.empty()) return load_weights(m, now);
  std::vector<Flow> flows;
  std::size_t last = topologies::kNone;
  for (const topologies::GpuId gpu : build_.groups[m.group].placement[static_cast<std::size_t>(m.number)]) {
    const std::size_t node = build_.fleet.gpus[gpu].node;
    if (std::exchange(last, node) == node) continue;
    const topologies::Node& home = build_.fleet.nodes[node];
    flows.push_back(
        {storage_[node % storage_.size()], home.first_vertex + home.shape->first_cpu(), spec.image.value()});
    flows.back().kv = false;
  }
  send_to(m, std::move(flows), now, [this, &m](double then) { load_weights(m, then); });
}

void Lifecycle::load_weights(Member& m, double now) {
  const ServingGroup& group = build_.groups[m.group];
  if (group.startup.weights_from == WeightsFrom::kNowhere) return start_engine(m, now);
  std::vector<Flow> flows;
  for (const topologies::GpuId gpu : group.placement[static_cast<std::size_t>(m.number)]) {
    const topologies::Node& node = build_.fleet.nodes[build_.fleet.gpus[gpu].node];
    const topologies::VertexId vertex = build_.fleet.gpus[gpu].vertex;
    const topologies::VertexId host =
        node.first_vertex + node.shape->first_cpu() + node.shape->numa[vertex - node.first_vertex];
    const bool from_host = group.startup.weights_from == WeightsFrom::kHost;
    flows.push_back({from_host ? host : storage_[gpu % storage_.size()], vertex, group.memory.weights.value()});
    flows.back().kv = false;
  }
  send_to(m, std::move(flows), now, [this, &m](double then) { start_engine(m, then); });
}

void Lifecycle::start_engine(Member& m, double now) {
  const double wait = build_.groups[m.group].startup.engine_start.value();
  if (wait <= 0) return started(m, now);
  agenda_.at(now + wait, [this, &m, life = m.life](double then) {
    if (life == m.life) started(m, then);
  });
}

void Lifecycle::started(Member& m, double now) {
  m.replica->restart();
  ++facts_.starts;
  facts_.start_sum += now - m.ordered;
  facts_.start_longest = std::max(facts_.start_longest, now - m.ordered);
  const bool warm = std::exchange(m.to_be_warm, false);
  enter(m, warm ? Phase::kWarm : Phase::kUp, now);
  tell(now, warm ? "warm" : "up", m);
  if (!warm) open(m, true, now);
  upgraded(m, now);
}

/// The next replicas of an upgrade are drained, as many as may be closed at once.
void Lifecycle::upgrade(Upgrade& u, double now) {
  while (u.under_way < u.spec.at_once && !u.left.empty()) {
    Member& m = members_[u.left.back()];
    u.left.pop_back();
    if (m.phase != Phase::kUp) continue;  // what is down or off will start with what is new
    ++u.under_way;
    m.upgrading = true;
    m.downtime = u.spec.downtime.value();
    drain(m, After::kUpgrade, now);
  }
}

/// One of an upgrade's replicas is back, or lost.
void Lifecycle::upgraded(Member& m, double now) {
  if (!std::exchange(m.upgrading, false)) return;
  for (const auto& u : upgrades_) {
    if (u->spec.pool != build_.fleet.pools[build_.groups[m.group].pool].name || u->under_way == 0) continue;
    --u->under_way;
    return upgrade(*u, now);
  }
}

}  // namespace flotilla::sim
