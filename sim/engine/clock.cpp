#include "sim/engine/clock.hpp"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <utility>
#include <xbt/log.h>

#include "sim/engine/invariant.hpp"

namespace flotilla::sim {

using simgrid::kernel::timer::Timer;

namespace {
constexpr std::uint64_t kTickMask = 0xFFF;
}  // namespace

struct Clock::SimgridEngine {
  Timer* timer = nullptr;
  std::exception_ptr failure;  ///< what a handler threw: it must not pass through SimGrid, which would lose its timer
};

Clock::Clock() : engine_(std::make_unique<SimgridEngine>()) {
  if (!simgrid::s4u::Engine::is_initialized()) {
    // SimGrid wants argc and argv, keeps argv, and reports its own trouble on the root log category.
    static int argc = 2;
    static char name[] = "flotilla";
    static char log[] = "--log=root.thres:error";
    static char* argv[] = {name, log, nullptr};
    // It also takes Ctrl-C for itself, and calls exit() in its handler: the signal stays with whoever runs the simulation.
    struct sigaction ours {};
    sigaction(SIGINT, nullptr, &ours);
    static simgrid::s4u::Engine engine(&argc, argv);
    sigaction(SIGINT, &ours, nullptr);
  } else if (simgrid::s4u::Engine::get_clock() > 0) {
    throw std::logic_error("a second simulation in one process: SimGrid would keep the old clock (run it in a child process)");
  }
}

Clock::~Clock() {
  if (engine_->timer != nullptr) engine_->timer->remove();
}

int Clock::add_slot(Handler handler) {
  handlers_.push_back(std::move(handler));
  dates_.push_back(0);
  positions_.push_back(-1);
  return static_cast<int>(handlers_.size()) - 1;
}

bool Clock::earlier(int a, int b) const {
  const double da = dates_[static_cast<std::size_t>(a)];
  const double db = dates_[static_cast<std::size_t>(b)];
  return da < db || (da == db && a < b);
}

void Clock::place(std::size_t position, int slot) {
  heap_[position] = slot;
  positions_[static_cast<std::size_t>(slot)] = static_cast<int>(position);
}

void Clock::sift_up(std::size_t position) {
  const int slot = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (!earlier(slot, heap_[parent])) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, slot);
}

void Clock::sift_down(std::size_t position) {
  const int slot = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) ++child;
    if (!earlier(heap_[child], slot)) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, slot);
}

void Clock::schedule(int slot, double date) {
  if (!(date >= now_)) {
    throw InvariantError("the clock never goes back", fmt::format("slot {} asked for {} s at {} s", slot, date, now_));
  }
  const auto s = static_cast<std::size_t>(slot);
  dates_[s] = date;
  if (positions_[s] < 0) {
    heap_.push_back(slot);
    positions_[s] = static_cast<int>(heap_.size()) - 1;
  }
  sift_up(static_cast<std::size_t>(positions_[s]));
  sift_down(static_cast<std::size_t>(positions_[s]));
}

void Clock::cancel(int slot) {
  const int position = positions_[static_cast<std::size_t>(slot)];
  if (position < 0) return;
  positions_[static_cast<std::size_t>(slot)] = -1;
  const int last = heap_.back();
  heap_.pop_back();
  if (last == slot) return;
  place(static_cast<std::size_t>(position), last);
  sift_up(static_cast<std::size_t>(position));
  sift_down(static_cast<std::size_t>(positions_[static_cast<std::size_t>(last)]));
}

void Clock::arm() {
  if (heap_.empty() || stopped_) return;
  engine_->timer = Timer::set(dates_[static_cast<std::size_t>(heap_.front())], [this] {
    engine_->timer = nullptr;
    try {
      fire();
      arm();
    } catch (...) {  // nothing is armed any more, so that SimGrid's run ends
      engine_->failure = std::current_exception();
    }
  });
}

void Clock::fire() {
  const int slot = heap_.front();
  // SimGrid's clock may stand an ulp before the date asked for: the date itself is the truth that handlers see.
  now_ = dates_[static_cast<std::size_t>(slot)];
  cancel(slot);
  if ((++events_ & kTickMask) == 0 && tick_) tick_(now_);
  handlers_[static_cast<std::size_t>(slot)](now_);
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
