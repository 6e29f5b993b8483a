// The life of the fleet's replicas: they fail with the parts they need and start again, are drained and restarted for
// upgrades, and come and go with the load. The gateway and the hand-off send requests only to replicas that are up.
//
//              order               weights, engine             close              last request gone
//    off ----------------> starting ---------------> up ----------------> draining ------------------> off
//                             ^                      |  a part fails
//                             '------- down <--------'--- (from any of them) its requests are lost
//
// Spares that are warm have started, and take requests as soon as more replicas are wanted.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/build.hpp"
#include "sim/engine/gateway.hpp"
#include "sim/engine/hand_off.hpp"
#include "sim/life/agenda.hpp"
#include "sim/life/autoscaler.hpp"
#include "sim/life/facts.hpp"
#include "sim/life/needs.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {

/// Does the scenario say anything that makes a fleet change?
bool changes(const Scenario& scenario);

class Lifecycle {
 public:
  /// Takes a slot of the clock: make it after the gateway and before the replicas, so that what is lost at an instant
  /// has not taken the step that ends then.
  Lifecycle(const Scenario& scenario, const Build& build, const topologies::Platform& platform, Gateway& gateway,
            RequestPool& pool, Clock& clock, Recorder& recorder);

  /// `door`: the replica's number in the gateway, or, if it decodes apart, in the hand-off. Call in the order of
  /// serving groups and their replicas.
  void add(Replica& replica, std::size_t group, std::size_t door);
  /// Either may be nullptr: nobody hands over, nothing moves.
  void start(HandOff* hand_off, Transfers* transfers);
  void close();
  [[nodiscard]] const LifeFacts& facts() const { return facts_; }

 private:
  enum class Phase { kUp, kDraining, kWarm, kStarting, kDown, kOff };
  enum class After { kStays, kOff, kUpgrade };  ///< what becomes of a replica once it is drained
  struct Member {
    Replica* replica = nullptr;
    std::size_t group = 0;
    std::size_t door = 0;
    int number = 0;  ///< in its group
    Needs needs;
    Phase phase = Phase::kUp;
    After after = After::kStays;
    int broken = 0;           ///< failed parts that it needs
    bool gone = false;        ///< a part that it needs will not be repaired
    bool wanted = true;       ///< it starts again once they are repaired
    bool to_be_warm = false;  ///< when it has started
    bool upgrading = false;
    double downtime = 0;     ///< of that
    std::uint64_t life = 0;  ///< what was begun in an earlier one is void
    double since = 0;        ///< of its phase
    double ordered = 0;      ///< when the start that is under way began
    double paid_since = -1;  ///< negative: it costs nothing now
  };
  struct Upgrade {
    UpgradeSpec spec;
    std::vector<std::size_t> left;  ///< members, the next one last
    int under_way = 0;
  };

  // lifecycle.cpp
  void enter(Member& m, Phase phase, double now);
  void open(Member& m, bool is_open, double now);
  void pay(Member& m, bool pays, double now);
  void drain(Member& m, After after, double now);
  void drained(Member& m, double now);
  void emptied(bool decodes, std::size_t door);
  void log(double now, const char* what, const std::string& subject, std::int64_t gpus, std::int64_t requests = 0);
  void tell(double now, const char* what, const Member& m, std::int64_t requests = 0);
  void watch_recovery(double now);
  [[nodiscard]] bool decodes(const Member& m) const { return build_.groups[m.group].role == Role::kDecode; }
  [[nodiscard]] int gpus(const Member& m) const { return build_.groups[m.group].gpus_per_replica; }
  [[nodiscard]] std::string name(const Member& m) const;
  [[nodiscard]] std::int64_t outstanding(const Member& m) const;

  // starts.cpp
  void begin_start(Member& m, bool with_provisioning, double now);
  void load_image(Member& m, bool with_image, double now);
  void load_weights(Member& m, double now);
  void start_engine(Member& m, double now);
  void started(Member& m, double now);
  void send_to(Member& m, std::vector<Flow> flows, double now, std::function<void(double)> then);
  [[nodiscard]] bool may_start(const Member& m) const;
  void upgrade(Upgrade& upgrade, double now);
  void upgraded(Member& m, double now);

  // breakdowns.cpp
  void plan_faults();
  void plan_random(const RandomFaultSpec& spec, const topologies::Component& part, std::shared_ptr<RandomEngine> engine,
                   double from);
  void announce(const topologies::Component& part, double now);
  void fail(const topologies::Component& part, double bandwidth, bool for_good, double now);
  void repair(const topologies::Component& part, double bandwidth, double now);
  void scale_links(const topologies::Component& part, double bandwidth, bool back);
  void lose(Member& m, std::vector<RequestHandle>& lost, double now);

  // scaling.cpp
  void look(std::size_t group, double now);
  void scale(std::size_t group, int wanted, double now);
  void keep_spares(std::size_t group, double now);
  void leave(Member& m, double now);
  [[nodiscard]] GroupLook look_at(std::size_t group, double now);
  [[nodiscard]] bool hopeless() const;
  template <class Visit>
  void members_of(std::size_t group, Visit visit) {
    for (Member& m : members_)
      if (m.group == group) visit(m);
  }

  const Scenario& scenario_;
  const Build& build_;
  const topologies::Platform& platform_;
  Gateway& gateway_;
  HandOff* hand_off_ = nullptr;
  Transfers* transfers_ = nullptr;
  RequestPool& pool_;
  Clock& clock_;
  Recorder& recorder_;
  Agenda agenda_;
  std::vector<Member> members_;
  std::vector<std::unique_ptr<Autoscaler>> autoscalers_;  ///< by group; nullptr: its number is fixed
  std::vector<std::int64_t> injected_at_look_, ended_at_look_;
  std::vector<double> ttft_at_look_;
  std::vector<int> dead_links_;    ///< failed parts of each link
  std::vector<double> bandwidth_;  ///< share of each link's that is left
  std::vector<std::unique_ptr<Upgrade>> upgrades_;
  std::vector<topologies::VertexId> storage_;
  std::int64_t level_before_ = -1;  ///< requests in flight that it takes to have recovered; negative: it has
  double disturbed_since_ = 0;
  std::list<std::vector<RequestHandle>> undetected_;  ///< requests that are lost, and nobody knows
  LifeFacts facts_;
};

}  // namespace flotilla::sim
