// The simulated clock: SimGrid's, driven by one kernel timer over a calendar of slots.
//
// Every active party (the gateway, each replica) owns a slot and has at most one pending event. The calendar orders
// events by (time, slot), so that ties fall alike on every run and in every mode: the gateway's slot is the lowest,
// hence an arrival at the very instant of a step boundary is seen by the step that begins there. SimGrid is asked for
// one timer, at the earliest date: its network models advance in between, and the calendar costs no context switch
// (docs/decisions/0001). SimGrid's clock stands at exactly the date of each event, whatever came before it, so that
// flows which begin there do not depend on how finely the time until then was cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace flotilla::sim {

/// One per process: SimGrid has one engine per process, and a second start is refused with std::logic_error. A
/// platform, if the simulation moves anything, is built after the clock and before run().
class Clock {
 public:
  using Handler = std::function<void(double now)>;

  Clock();
  ~Clock();
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  /// Registers a party; slots order ties by their number. `handler` is called with the date that was asked for, bit for
  /// bit. `state` is what it will read first: with thousands of parties that lies outside the caches, and is fetched
  /// while the event before is handled.
  int add_slot(Handler handler, std::span<const std::byte> state = {});

  /// Sets the slot's next event, in seconds of simulated time, replacing a pending one. A date in the past is an
  /// InvariantError.
  void schedule(int slot, double date);
  void cancel(int slot);

  /// The date of the event being handled, in seconds.
  [[nodiscard]] double now() const { return now_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

  /// Called every few thousand events, for progress and interruption; it may call stop().
  void on_tick(Handler tick) { tick_ = std::move(tick); }

  /// Something outside the calendar is under way (flows on SimGrid's network) that will ask for an event when it ends:
  /// the run goes on until each hold is released, by a handler.
  void hold() { ++holds_; }
  void release() { --holds_; }
  /// Called once when the run is over, while SimGrid still runs: the time to end its actors.
  void on_end(std::function<void()> end) { end_ = std::move(end); }

  /// Runs until nothing is pending or held, or stop() was called.
  void run();
  void stop() { stopped_ = true; }

 private:
  struct Event {
    double date;
    int slot;
    [[nodiscard]] bool before(const Event& o) const;
  };
  struct Party {
    Handler handler;
    std::span<const std::byte> state;
  };

  void arm();
  void arm_at(double date, bool fires);
  void disarm();
  void fire();
  void fetch_next() const;
  void settle(std::size_t position, Event event);
  void sift_up(std::size_t position, Event event);
  void sift_down(std::size_t position, Event event);
  void place(std::size_t position, Event event);
  [[nodiscard]] std::size_t first_of_children(std::size_t position) const;

  struct SimgridEngine;
  std::unique_ptr<SimgridEngine> engine_;
  Handler tick_;
  std::function<void()> end_;
  std::vector<Party> parties_;  ///< by slot
  std::vector<int> positions_;  ///< by slot: where it stands in heap_, or -1
  std::vector<Event> heap_;     ///< earliest first, four children below each
  int firing_ = -1;             ///< slot whose event is being handled; it keeps its place in case it asks for another
  double now_ = 0;
  std::uint64_t events_ = 0;
  int holds_ = 0;
  bool stopped_ = false;
};

}  // namespace flotilla::sim
