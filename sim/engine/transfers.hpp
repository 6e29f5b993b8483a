// Bytes on their way through the fleet: flows on SimGrid's network, which share links by max-min fairness with every
// other flow. A transfer is one or more flows that begin together and is over when the last has arrived.
//
// A flow's fixed time (the path's latency, what the software takes) is waited for in the calendar; for the end of its
// bytes an actor waits, because SimGrid tells the end of a communication to nobody else. Actors are used again; a run
// without transfers has none. What happens when bytes arrive happens in the calendar, never inside an actor, so that
// its place among the other events of an instant is always the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "sim/engine/clock.hpp"
#include "sim/engine/link_meter.hpp"
#include "sim/engine/timeline.hpp"
#include "topologies/platform.hpp"

namespace flotilla::sim {

/// Bytes from one GPU or CPU to another.
struct Flow {
  topologies::VertexId from = topologies::kNone;
  topologies::VertexId to = topologies::kNone;
  double bytes = 0;
  double rate = 0;  ///< bytes/s at most; 0 = what the links give
  /// The platform's valve that is set to the rate; without one the rate is among the platform's limits.
  std::optional<std::size_t> valve = std::nullopt;
  bool kv = true;  ///< counts in the timeline as KV that is sent and received
};

class Transfers {
 public:
  using Arrived = std::function<void(double now)>;

  /// `timeline` takes what pools send and receive, second by second; nullptr: nobody asks.
  Transfers(const topologies::Fleet& fleet, const topologies::Platform& platform, Clock& clock,
            Timeline* timeline = nullptr);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  /// Takes a slot of the clock, which must be the last: SimGrid ends flows after every event of their instant, and so
  /// must those that end by themselves. Call before the run.
  void start();

  /// The flows' bytes begin to move `fixed` seconds and their path's latency from now. Calls `arrived` when the last
  /// byte is there. Flows without bytes or without a way to go take their fixed time alone.
  void send(double now, double fixed, std::span<const Flow> flows, Arrived arrived);
  /// The same for bytes that begin to move at `date`, whatever the latencies of their paths.
  void send_at(double date, std::span<const Flow> flows, Arrived arrived);

  /// What the links carried; of transfers that the end of the run cut off, the part that arrived.
  [[nodiscard]] std::vector<LinkFacts> link_facts();
  [[nodiscard]] double bytes_sent() const { return bytes_sent_; }
  [[nodiscard]] double bytes_delivered() const { return bytes_delivered_; }
  [[nodiscard]] std::int64_t under_way() const { return under_way_; }

 private:
  struct Job;
  struct Group;
  struct Start {
    double date;
    std::uint64_t order;
    std::size_t job;
    bool operator>(const Start& o) const { return date != o.date ? date > o.date : order > o.order; }
  };

  void on_event(double now);
  std::size_t new_group(std::size_t flows, Arrived arrived);
  /// The flow's job, to begin when its path's latency and `date` are over.
  void add(const Flow& flow, std::size_t group, double date, bool waits_for_latency);
  void begin_together(double now);
  bool begin(std::size_t job);
  void wait_for(std::vector<std::size_t> jobs);
  void carry(const std::vector<std::size_t>& jobs);
  void stop_moving(std::size_t job);
  void tell_ended();
  void ended(std::size_t job);
  void measure();
  void moved(const Job& job, double bytes);
  void tell_timeline();
  void schedule_next(double now);
  std::size_t new_job();

  const topologies::Fleet& fleet_;
  const topologies::Platform& platform_;
  Clock& clock_;
  LinkMeter meter_;
  Timeline* timeline_;
  std::vector<double> sent_, received_;  ///< bytes of this second, by pool
  int slot_ = -1;
  std::vector<std::unique_ptr<Job>> jobs_;
  std::vector<std::size_t> free_jobs_;
  std::vector<Group> groups_;
  std::vector<std::size_t> free_groups_;
  std::priority_queue<Start, std::vector<Start>, std::greater<>> starts_;
  std::vector<std::size_t> ended_;   ///< jobs whose bytes have arrived, not yet told
  std::vector<std::size_t> moving_;  ///< jobs whose bytes move
  struct Movers;
  std::unique_ptr<Movers> movers_;
  double second_ends_ = 0;
  double bytes_sent_ = 0;
  double bytes_delivered_ = 0;
  std::int64_t under_way_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace flotilla::sim
