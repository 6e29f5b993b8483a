#include "analysis/summary/energy.hpp"

#include <algorithm>

#include "analysis/summary/availability.hpp"

namespace flotilla::analysis {

namespace {

constexpr double kPerMega = 1e6, kJoulesPerKwh = 3.6e6;

/// Of a run that was stopped, replicas have been busy beyond the last finish.
double seconds_of(const sim::RunFacts& f) {
  double seconds = f.duration;
  for (const sim::GroupFacts& g : f.groups)
    if (g.replicas > 0) seconds = std::max(seconds, g.books.busy.total() / g.replicas);
  return seconds;
}

/// `powered`: GPUs in the mean; those that were given back draw nothing here.
void fill_pool(PoolSummary& pool, const sim::Pool& built, double powered, double above_idle, double peak_above_idle) {
  const sim::PoolPower& power = built.power;
  const auto gpus = static_cast<double>(pool.gpus);
  const double idle = power.idle_per_gpu * gpus;
  pool.average_watts = power.idle_per_gpu * powered + power.per_gpu_watt * above_idle;
  pool.peak_watts = idle + power.per_gpu_watt * peak_above_idle;
  pool.gpu_watts = power.periods.front().gpu.watts.idle + above_idle / gpus;
  pool.racks = power.racks;
  pool.rack_average_watts = pool.average_watts * power.gpus_per_rack / gpus;
  pool.rack_peak_watts = pool.peak_watts * power.gpus_per_rack / gpus;
}

int nics_of(const sim::Build& build) {
  const auto is_nic = [&](auto vertex) { return build.fleet.graph[vertex].kind == topologies::VertexKind::kNic; };
  const auto all = boost::vertices(build.fleet.graph);
  return static_cast<int>(std::count_if(all.first, all.second, is_nic));
}

}  // namespace

void fill_energy(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& f) {
  const double seconds = seconds_of(f);
  auto& e = s.energy;
  double peak = 0, provisioned = 0;
  bool all_provisioned = true;
  for (std::size_t p = 0; p < s.pools.size(); ++p) {
    double joules = 0, peak_above_idle = 0;
    for (std::size_t g = 0; g < f.groups.size(); ++g) {
      if (build.groups[g].pool != p) continue;
      joules += f.groups[g].books.joules_above_idle;
      peak_above_idle += f.groups[g].books.peak_above_idle;
    }
    const sim::Pool& pool = build.pools[p];
    fill_pool(s.pools[p], pool, paid_gpus(build, f, p), seconds > 0 ? joules / seconds : 0, peak_above_idle);
    e.server_watts += s.pools[p].average_watts;
    peak += s.pools[p].peak_watts;
    provisioned += pool.power.provisioned_per_gpu * pool.gpus;
    all_provisioned = all_provisioned && pool.power.provisioned_per_gpu > 0;
    if (!pool.power.borrowed.empty() && e.borrowed.find(pool.power.borrowed) == std::string::npos)
      e.borrowed += (e.borrowed.empty() ? "" : "; ") + pool.power.borrowed;
  }
  e.pue = scenario.fleet.pue.value_or(1);
  if (build.fleet.domains.size() > 1) e.switch_watts = sim::switch_watts(build.fleet.fabric, nics_of(build));
  e.average_watts = e.pue * (e.server_watts + e.switch_watts);
  e.peak_watts = e.pue * (peak + e.switch_watts);
  e.kwh = e.average_watts * seconds / kJoulesPerKwh;
  if (all_provisioned) e.provisioned_watts = provisioned;
  if (s.output_throughput <= 0) return;
  e.joules_per_output_token = e.average_watts / s.output_throughput;
  e.tokens_per_second_per_megawatt = s.output_throughput / e.average_watts * kPerMega;
  if (all_provisioned) e.tokens_per_second_per_provisioned_megawatt = s.output_throughput / provisioned * kPerMega;
}

}  // namespace flotilla::analysis
