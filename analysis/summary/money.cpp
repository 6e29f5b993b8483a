#include "analysis/summary/money.hpp"

#include <algorithm>

#include "analysis/summary/availability.hpp"
#include "models/cost.hpp"

namespace flotilla::analysis {

namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// Nothing where there are no tokens.
std::optional<double> per_million(double usd_per_hour, double tokens_per_second) {
  if (tokens_per_second <= 0) return std::nullopt;
  return models::usd_per_million_tokens(UsdPerHour(usd_per_hour), tokens_per_second);
}

/// Tokens of the requests that ended in each pool. Replicas are counted through the groups in the scenario's order:
/// those that requests are sent to, and apart from them those that only decode.
std::vector<sim::ReplicaTokens> tokens_of_pools(const sim::Build& build, const sim::RequestSamples& samples) {
  std::vector<sim::ReplicaTokens> pools(build.pools.size());
  std::size_t next[2] = {0, 0};
  for (const sim::ServingGroup& group : build.groups) {
    const bool decodes = group.role == sim::Role::kDecode;
    const auto& replicas = decodes ? samples.by_decode_replica : samples.by_replica;
    for (int i = 0; i < group.replicas; ++i) {
      const std::size_t index = next[decodes ? 1 : 0]++;
      if (index >= replicas.size()) continue;  // nothing ended there
      pools[group.pool].input += replicas[index].input;
      pools[group.pool].output += replicas[index].output;
      pools[group.pool].measured_output += replicas[index].measured_output;
      pools[group.pool].good_output += replicas[index].good_output;
    }
  }
  return pools;
}

void fill_pool(PoolSummary& pool, const sim::ReplicaTokens& tokens, double duration) {
  if (duration <= 0) return;
  const double output = static_cast<double>(tokens.output) / duration;
  pool.usd_per_million_output_tokens = per_million(pool.usd_per_hour, output);
  pool.usd_per_million_total_tokens =
      per_million(pool.usd_per_hour, static_cast<double>(tokens.input + tokens.output) / duration);
  pool.usd_per_million_useful_tokens =
      per_million(pool.usd_per_hour, output * share(tokens.good_output, tokens.measured_output));
}

}  // namespace

void fill_money(Summary& s, const sim::Build& build, const sim::RunFacts& f) {
  const auto tokens = tokens_of_pools(build, f.samples);
  double total = 0;
  bool priced = true;
  for (std::size_t p = 0; p < s.pools.size(); ++p) {
    const auto rate = build.pools[p].usd_per_gpu_hour;
    priced = priced && rate.has_value();
    s.pools[p].usd_per_hour = rate.value_or(0) * paid_gpus(build, f, p);
    total += s.pools[p].usd_per_hour;
    if (rate) fill_pool(s.pools[p], tokens[p], f.duration);
  }
  if (!priced) return;
  s.cost.usd_per_hour = total;
  s.cost.usd_per_day = total * 24;
  s.cost.usd_per_month = total * models::kHoursPerMonth;
  const double useful =
      share(f.samples.good_output_tokens, f.samples.itl_count + static_cast<std::int64_t>(f.samples.e2el.count()));
  s.cost.usd_per_million_output_tokens = per_million(total, s.output_throughput);
  s.cost.usd_per_million_total_tokens = per_million(total, s.total_token_throughput);
  s.cost.usd_per_million_useful_tokens = per_million(total, s.output_throughput * useful);
}

}  // namespace flotilla::analysis
