#include <doctest/doctest.h>

#include <random>
#include <stdexcept>
#include <vector>

#include "sim/engine/clock.hpp"
#include "sim/engine/invariant.hpp"

using namespace flotilla::sim;

TEST_CASE("events come by date, ties by slot, with the very date that was asked for") {
  Clock clock;
  std::vector<std::pair<double, int>> seen;
  std::vector<int> slots;
  for (int i = 0; i < 5; ++i) slots.push_back(clock.add_slot([&seen, i](double now) { seen.emplace_back(now, i); }));
  clock.schedule(slots[3], 0.1);
  clock.schedule(slots[1], 0.3);
  clock.schedule(slots[4], 0.1);
  clock.schedule(slots[0], 0.1);
  clock.schedule(slots[2], 5.0);
  clock.schedule(slots[2], 0.2);  // replaces
  clock.cancel(slots[4]);
  clock.run();
  CHECK(seen == std::vector<std::pair<double, int>>{{0.1, 0}, {0.1, 3}, {0.2, 2}, {0.3, 1}});
  CHECK(clock.events() == 4);
}

TEST_CASE("a date in the past breaks an invariant") {
  Clock clock;
  int slot = -1;
  slot = clock.add_slot([&](double) { CHECK_THROWS_AS(clock.schedule(slot, 1.0), InvariantError); });
  clock.schedule(slot, 2.0);
  clock.run();
}

TEST_CASE("what a handler throws ends the run and comes out of it") {  // and leaks no timer: a matter for sanitizers
  Clock clock;
  int later = 0;
  const int thrower = clock.add_slot([](double) { throw std::runtime_error("bad line"); });
  const int other = clock.add_slot([&](double) { ++later; });
  clock.schedule(thrower, 1.0);
  clock.schedule(other, 2.0);
  CHECK_THROWS_WITH_AS(clock.run(), "bad line", std::runtime_error);
  CHECK(later == 0);
}

TEST_CASE("random schedules and cancellations keep the order") {
  Clock clock;
  std::mt19937_64 engine(11);
  double last = 0;
  int fired = 0;
  std::vector<int> slots(50);
  for (auto& slot : slots) {
    slot = clock.add_slot([&](double now) {
      REQUIRE(now >= last);
      last = now;
      if (++fired > 5000) return;
      for (int k = 0; k < 2; ++k)
        clock.schedule(slots[engine() % slots.size()], now + 0.001 * static_cast<double>(engine() % 100));
      clock.cancel(slots[engine() % slots.size()]);
    });
  }
  for (const int slot : slots) clock.schedule(slot, 0.5);
  clock.run();
  CHECK(fired > 5000);
}
