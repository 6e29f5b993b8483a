#include "analysis/summary/availability.hpp"

#include <algorithm>

namespace flotilla::analysis {

namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

double paid_gpus(const sim::Build& build, const sim::RunFacts& f, std::size_t pool) {
  double paid = build.pools[pool].gpus;
  if (!f.life.changes || f.duration <= 0) return paid;
  for (std::size_t g = 0; g < f.groups.size(); ++g)
    if (build.groups[g].pool == pool) paid += f.life.paid_gpu_seconds[g] / f.duration - f.groups[g].gpus;
  return std::max(0.0, paid);
}

void fill_availability(Summary& s, const sim::Build& build, const sim::RunFacts& f) {
  const sim::LifeFacts& life = f.life;
  if (!life.changes) return;
  auto& a = s.availability;
  a.failures = life.failures;
  a.repairs = life.repairs;
  a.replicas_lost = life.replicas_lost;
  a.largest_loss_gpus = life.largest_loss_gpus;
  a.requests_rerouted = life.rerouted;
  a.tokens_lost = life.lost_tokens;
  a.recoveries = life.recoveries;
  a.mean_recovery_s = ratio(life.recovery_sum, static_cast<double>(life.recoveries));
  a.longest_recovery_s = life.recovery_longest;
  a.recovering = life.recovering;
  a.starts = life.starts;
  a.warm_starts = life.warm_starts;
  a.drained = life.drained;
  a.mean_start_s = ratio(life.start_sum, static_cast<double>(life.starts));
  a.longest_start_s = life.start_longest;
  a.start_bytes = life.start_bytes;
  double paid = 0, open = 0;
  for (std::size_t p = 0; p < build.pools.size(); ++p) paid += paid_gpus(build, f, p) * f.duration;
  for (const double seconds : life.open_gpu_seconds) open += seconds;
  a.paid_gpu_hours = paid / 3600;
  a.open_share = std::min(1.0, ratio(open, paid));
  if (life.recovering) s.warnings.push_back("at the end of the run the fleet had not recovered from its last failure");
}

}  // namespace flotilla::analysis
