// What contention on a shared fabric costs: many hand-offs of KV, one flow each, between GPUs of 140 NVL72s (10,080
// GPUs) that do not share a rack, a fixed number in flight at any time.
//
//   hand_offs [COUNT [IN_FLIGHT [UPLINKS]]]     defaults: 100,000; 1,000; 0
//
// UPLINKS 0: each NIC has a rail of its own, and leaves have as many uplinks as downlinks. Else each rack has one leaf
// with so many uplinks, which its flows share. Prints "BUILD_SECONDS SIMULATE_SECONDS" of the processor on one line.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>

#include "sim/engine/transfers.hpp"

using namespace flotilla;

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

topologies::FabricSpec fabric_of(int uplinks, int nics_of_a_rack) {
  auto fabric = topologies::load_fabric("ib-ndr-rail");
  if (uplinks == 0) return fabric;
  fabric.rails.value = 1;
  fabric.leaf_ports.value = nics_of_a_rack + uplinks;
  fabric.oversubscription.value = static_cast<double>(nics_of_a_rack) / uplinks;
  return fabric;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, long otherwise) { return argc > i ? std::atol(argv[i]) : otherwise; };
  const long count = argument(1, 100'000), in_flight = argument(2, 1'000);
  const int uplinks = static_cast<int>(argument(3, 0));
  constexpr int kGpus = 10'080;

  const double start = cpu_seconds();
  const auto rack = topologies::load_system("gb200-nvl72");
  const auto fleet =
      topologies::build_fleet({{"p", rack, kGpus}}, fabric_of(uplinks, rack.nodes.value * rack.nics.value));
  sim::Clock clock;
  const auto platform = topologies::make_platform(fleet);
  sim::Transfers transfers(fleet, platform, clock);
  const double built = cpu_seconds();

  std::mt19937 engine(1);
  const auto any = [&] { return fleet.gpus[engine() % fleet.gpus.size()]; };
  long sent = 0;
  std::function<void(double)> send = [&](double now) {
    if (sent == count) return;
    ++sent;
    auto from = any(), to = any();
    while (fleet.nodes[from.node].domain == fleet.nodes[to.node].domain) to = any();
    const sim::Flow flow{from.vertex, to.vertex, 1e9 + engine() % 1'000'000'000, 0};
    transfers.send(now, 0, {&flow, 1}, send);
  };
  clock.schedule(clock.add_slot([&](double now) {
    for (long i = 0; i < in_flight; ++i) send(now);
  }),
                 0);
  transfers.start();
  clock.run();
  if (transfers.bytes_delivered() != transfers.bytes_sent()) return 1;
  fmt::print("{:.3f} {:.3f}\n", built - start, cpu_seconds() - built);
}
