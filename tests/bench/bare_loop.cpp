// What SimGrid's loop costs when nothing else happens: actors that sleep, wake and sleep again. The yardstick for the
// speed of whole runs, because a replica has to wake at least once for each step that it does not jump over.
//
//   bare_loop [ACTORS [WAKE_UPS]]     defaults: 14 actors, 2,000,000 wake-ups in all
//
// Prints "ACTORS WAKE_UPS CPU_SECONDS WAKE_UPS_PER_SECOND" on one line.
#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <simgrid/s4u.hpp>

namespace sg4 = simgrid::s4u;

namespace {

/// Seconds of simulated time; about a decode step. Each actor has its own, so that no two wake at one instant for long.
constexpr double kSleep = 0.02;
constexpr double kSpread = 1e-5;

void sleeper(double seconds, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) sg4::this_actor::sleep_for(seconds);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  const int actors = argc > 1 ? std::atoi(argv[1]) : 14;
  const std::int64_t wake_ups = argc > 2 ? std::atoll(argv[2]) : 2'000'000;
  if (actors < 1 || wake_ups < actors) {
    fmt::print(stderr, "usage: bare_loop [ACTORS [WAKE_UPS]]\n");
    return 2;
  }
  int engine_argc = 1;
  sg4::Engine engine(&engine_argc, argv);
  auto* zone = sg4::create_star_zone("bare");
  auto* host = zone->create_host("host", 1e9);
  zone->seal();
  for (int i = 0; i < actors; ++i) {
    const std::int64_t times = wake_ups / actors + (i < wake_ups % actors ? 1 : 0);
    sg4::Actor::create(fmt::format("sleeper{}", i), host, sleeper, kSleep + i * kSpread, times);
  }
  const double start = cpu_seconds();
  engine.run();
  const double seconds = cpu_seconds() - start;
  fmt::print("{} {} {:.3f} {:.0f}\n", actors, wake_ups, seconds, static_cast<double>(wake_ups) / seconds);
  return 0;
}
