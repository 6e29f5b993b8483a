#include "sim/engine/clock.hpp"

#include <fmt/format.h>
#include <xbt/log.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <utility>

#include "sim/engine/invariant.hpp"

namespace flotilla::sim {

using simgrid::kernel::timer::Timer;

namespace {
constexpr std::uint64_t kTickMask = 0xFFF;
/// Below each event of the heap: a walk is half as long as with two, and four lie in one or two cache lines.
constexpr std::size_t kChildren = 4;
constexpr std::size_t kCacheLine = 64;
}  // namespace

struct Clock::SimgridEngine {
  Timer* timer = nullptr;
  double armed_at = 0;         ///< the timer's date, while there is one
  bool waiting = false;        ///< between two events
  std::exception_ptr failure;  ///< what a handler threw: it must not pass through SimGrid, which would lose its timer
};

Clock::Clock() : engine_(std::make_unique<SimgridEngine>()) {
  if (!simgrid::s4u::Engine::is_initialized()) {
    // SimGrid wants argc and argv, keeps argv, and reports its own trouble on the root log category.
    static char name[] = "flotilla";
    static char log[] = "--log=root.thres:error";
#ifdef __SANITIZE_ADDRESS__
    static char contexts[] = "--cfg=contexts/factory:thread";  // it does not follow SimGrid's own stack switches
    static int argc = 3;
    static char* argv[] = {name, log, contexts, nullptr};
#else
    static int argc = 2;
    static char* argv[] = {name, log, nullptr};
#endif
    // It also takes Ctrl-C for itself, and calls exit() in its handler: the signal stays with whoever runs the
    // simulation.
    struct sigaction ours {};
    sigaction(SIGINT, nullptr, &ours);
    static simgrid::s4u::Engine engine(&argc, argv);
    sigaction(SIGINT, &ours, nullptr);
  } else if (simgrid::s4u::Engine::get_clock() > 0) {
    throw std::logic_error(
        "a second simulation in one process: SimGrid would keep the old clock (run it in a child process)");
  }
  // Flows that end within this time of any event would end with it: with a nanosecond, the default, results would
  // depend on which other events there are. That dates are met exactly is arm()'s business.
  simgrid::s4u::Engine::set_config("surf/precision:1e-300");
}

Clock::~Clock() { disarm(); }

int Clock::add_slot(Handler handler, std::span<const std::byte> state) {
  parties_.push_back({std::move(handler), state});
  positions_.push_back(-1);
  return static_cast<int>(parties_.size()) - 1;
}

/// Without branches: which of two events comes first cannot be foretold, and a wrong guess costs more than both
/// comparisons.
bool Clock::Event::before(const Event& o) const {
  return static_cast<bool>(static_cast<int>(date < o.date) |
                           (static_cast<int>(date == o.date) & static_cast<int>(slot < o.slot)));
}

void Clock::place(std::size_t position, Event event) {
  heap_[position] = event;
  positions_[static_cast<std::size_t>(event.slot)] = static_cast<int>(position);
}

/// The earliest of those below, which there must be.
std::size_t Clock::first_of_children(std::size_t position) const {
  const std::size_t begin = kChildren * position + 1;
  const std::size_t end = std::min(begin + kChildren, heap_.size());
  std::size_t first = begin;
  for (std::size_t child = begin + 1; child < end; ++child) first = heap_[child].before(heap_[first]) ? child : first;
  return first;
}

void Clock::sift_up(std::size_t position, Event event) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kChildren;
    if (!event.before(heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, event);
}

void Clock::sift_down(std::size_t position, Event event) {
  while (kChildren * position + 1 < heap_.size()) {
    const std::size_t child = first_of_children(position);
    if (!heap_[child].before(event)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, event);
}

/// Puts an event where it belongs, of which only is known that its place is now at `position`.
void Clock::settle(std::size_t position, Event event) {
  if (position > 0 && event.before(heap_[(position - 1) / kChildren])) {
    sift_up(position, event);
  } else {
    sift_down(position, event);
  }
}

void Clock::schedule(int slot, double date) {
  if (!(date >= now_)) {
    throw InvariantError("the clock never goes back", fmt::format("slot {} asked for {} s at {} s", slot, date, now_));
  }
  if (slot == firing_) firing_ = -1;
  const int position = positions_[static_cast<std::size_t>(slot)];
  if (position >= 0) {
    settle(static_cast<std::size_t>(position), {date, slot});
  } else {
    heap_.emplace_back();
    sift_up(heap_.size() - 1, {date, slot});
  }
  // Asked for between events, by an actor whose flow has ended: the timer waits for a later one.
  if (engine_->waiting && (engine_->timer == nullptr || date < engine_->armed_at)) arm();
}

void Clock::cancel(int slot) {
  if (slot == firing_) firing_ = -1;
  const int position = positions_[static_cast<std::size_t>(slot)];
  if (position < 0) return;
  positions_[static_cast<std::size_t>(slot)] = -1;
  const Event last = heap_.back();
  heap_.pop_back();
  if (last.slot != slot) settle(static_cast<std::size_t>(position), last);
}

/// SimGrid advances by adding the time that is left, which gives the date itself only if that is no further away than
/// the clock has come (Sterbenz 1974): longer ways are cut at twice the present date, some fifty times in a run.
void Clock::arm() {
  disarm();
  if (stopped_ || (heap_.empty() && holds_ == 0)) {
    if (end_) std::exchange(end_, {})();
    return;
  }
  engine_->waiting = true;
  const double twice = 2 * simgrid::s4u::Engine::get_clock();
  if (!heap_.empty() && (twice == 0 || heap_.front().date <= twice)) {
    arm_at(heap_.front().date, true);
  } else if (twice > 0) {
    arm_at(twice, false);
  }
}

void Clock::arm_at(double date, bool fires) {
  engine_->armed_at = date;
  engine_->timer = Timer::set(date, [this, fires] {
    engine_->timer = nullptr;
    engine_->waiting = false;
    try {
      if (fires) fire();
      arm();
    } catch (...) {  // nothing is armed any more, so that SimGrid's run ends
      engine_->failure = std::current_exception();
      if (end_) std::exchange(end_, {})();
    }
  });
}

void Clock::disarm() {
  if (engine_->timer != nullptr) std::exchange(engine_->timer, nullptr)->remove();
}

/// The next event is the one behind the first, most of the time.
void Clock::fetch_next() const {
  if (heap_.size() < 2) return;
  const Party& next = parties_[static_cast<std::size_t>(heap_[first_of_children(0)].slot)];
  for (std::size_t i = 0; i < next.state.size(); i += kCacheLine) __builtin_prefetch(next.state.data() + i);
}

void Clock::fire() {
  const Event event = heap_.front();
  now_ = event.date;
  firing_ = event.slot;
  fetch_next();
  if ((++events_ & kTickMask) == 0 && tick_) tick_(now_);
  parties_[static_cast<std::size_t>(event.slot)].handler(now_);
  if (firing_ >= 0) cancel(firing_);
}

void Clock::run() {
  auto* engine = simgrid::s4u::Engine::get_instance();
  if (engine->get_host_count() == 0) {  // SimGrid does not run without a platform
    auto* zone = simgrid::s4u::create_star_zone("clock");
    zone->create_host("clock", 1e9);
    zone->seal();
  }
  arm();
  engine->run();
  if (engine_->failure) std::rethrow_exception(std::exchange(engine_->failure, nullptr));
}

}  // namespace flotilla::sim
