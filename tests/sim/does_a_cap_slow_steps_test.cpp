// Power caps that begin and end while a replica runs, worked out by hand: a decode step takes 1 s of memory.
#include <doctest/doctest.h>

#include <numeric>

#include "tests/sim/fleet_of_one.hpp"
#include "tests/sim/in_child.hpp"

using namespace flotilla;
using namespace flotilla::sim;
using doctest::Approx;

namespace {

/// Without a cap 500 W above idle; with one 250 W, and twice as long.
Setup throttled(bool step_by_step) {
  models::CappedGpu free, slow;
  free.watts = {100, 600, 700, 400, 300};
  slow.watts = {100, 350, 350, 350, 300};
  slow.memory = slow.compute = 2;
  Setup setup;
  setup.step_by_step = step_by_step;
  setup.caps = {{0, free}, {4.5, slow}, {8, free}};
  return setup;
}

}  // namespace

TEST_CASE("steps that begin under a cap take its time, those under way end as they began") {
  for (const bool step_by_step : {false, true}) {
    const auto figures = in_child([&] {
      Timeline timeline(1, 1.0);
      Setup setup = throttled(step_by_step);
      setup.timeline = &timeline;
      const Outcome o = simulate_list(setup, {{0, 10, 10}});
      const auto watts = timeline.sums(0, Measure::kGpuWatts);
      return std::vector<double>{o.requests.at(0).last_token, o.books.joules_above_idle, o.books.peak_above_idle,
                                 std::accumulate(watts.begin(), watts.end(), 0.0), watts.at(6)};
    });
    // Tokens at 1, 2, 3, 4 and 5 s; the step from 5 s is the first under the cap: 7, 9; then 10, 11 and 12.
    CHECK(figures[0] == 12);
    CHECK(figures[1] == Approx(8 * 500 + 4 * 250));
    CHECK(figures[2] == 500);
    CHECK(figures[3] == Approx(figures[1]).epsilon(1e-12));
    CHECK(figures[4] == Approx(250));  // between 6 and 7 s
  }
}

TEST_CASE("a cap that begins and ends between two boundaries is never seen") {
  const auto figures = in_child([] {
    Setup setup = throttled(false);
    setup.caps[1].first = 4.25, setup.caps[2].first = 4.75;
    return std::vector<double>{simulate_list(setup, {{0, 10, 10}}).requests.at(0).last_token};
  });
  CHECK(figures[0] == 10);
}
