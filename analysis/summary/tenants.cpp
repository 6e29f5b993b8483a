#include "analysis/summary/tenants.hpp"

#include <algorithm>
#include <utility>

#include "models/cost.hpp"

namespace flotilla::analysis {

namespace {

constexpr double kMs = 1000;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::optional<double> per_million(const std::optional<double>& usd_per_hour, double tokens_per_second) {
  if (!usd_per_hour || tokens_per_second <= 0) return std::nullopt;
  return models::usd_per_million_tokens(UsdPerHour(*usd_per_hour), tokens_per_second);
}

/// Input and output tokens of one tenant that each group computed. Replicas are counted through the groups in the
/// scenario's order: those that requests are sent to, and apart from them those that only decode.
std::vector<double> tokens_of_groups(const sim::Build& build, const sim::TenantBooks& books) {
  std::vector<double> tokens(build.groups.size());
  std::size_t next[2] = {0, 0};
  for (std::size_t g = 0; g < build.groups.size(); ++g) {
    const bool decodes = build.groups[g].role == sim::Role::kDecode;
    const auto& replicas = decodes ? books.by_decode_replica : books.by_replica;
    for (int i = 0; i < build.groups[g].replicas; ++i) {
      const std::size_t index = next[decodes ? 1 : 0]++;
      if (index < replicas.size()) tokens[g] += static_cast<double>(replicas[index].input + replicas[index].output);
    }
  }
  return tokens;
}

/// Of the fleet's cost, by tenant. A group's weight is what its GPUs cost; tenants share it by tokens. What no group
/// with tokens has (GPUs that serve nobody) all carry in proportion.
std::vector<double> cost_shares(const sim::Build& build, const sim::RunFacts& facts) {
  std::vector<std::vector<double>> tokens;
  for (const sim::TenantBooks& books : facts.tenants) tokens.push_back(tokens_of_groups(build, books));
  std::vector<double> shares(facts.tenants.size());
  double whole = 0;
  for (std::size_t g = 0; g < build.groups.size(); ++g) {
    double sum = 0;
    for (const auto& of_tenant : tokens) sum += of_tenant[g];
    if (sum <= 0) continue;
    const sim::ServingGroup& group = build.groups[g];
    const double weight =
        group.replicas * group.gpus_per_replica * build.pools[group.pool].usd_per_gpu_hour.value_or(0);
    whole += weight;
    for (std::size_t t = 0; t < shares.size(); ++t) shares[t] += weight * tokens[t][g] / sum;
  }
  for (double& share : shares) share = ratio(share, whole);
  return shares;
}

TenantSummary summary_of(const sim::TenantSpec& spec, const sim::TenantBooks& books, const std::string& model,
                         double duration) {
  TenantSummary t;
  t.name = spec.name;
  t.model = model;
  t.slo_class = spec.slo_class;
  t.priority = spec.priority;
  t.completed = books.completed;
  t.failed = books.rejected + books.given_up + books.failed;
  t.num_prompts = t.completed + t.failed + books.unfinished;
  t.total_input_tokens = books.tokens.input;
  t.total_output_tokens = books.tokens.output;
  t.output_throughput = ratio(static_cast<double>(t.total_output_tokens), duration);
  const sim::SloSpec slo = spec.slo.value_or(sim::SloSpec());
  const bool measured = books.e2el.count() > 0;
  const auto metric = [&](const char* name, const sim::SampleSet& samples, const std::optional<Seconds>& limit) {
    const OrderedSamples ordered(samples);
    judge_promise(t.slo, name, limit, slo.percentile, measured, ordered);
    return ordered.describe(kMs);
  };
  t.ttft = metric("ttft", books.ttft, slo.ttft);
  t.tpot = metric("tpot", books.tpot, slo.tpot);
  t.e2el = metric("e2el", books.e2el, slo.e2el);
  t.goodput_ratio =
      ratio(static_cast<double>(books.good), static_cast<double>(books.e2el.count() + books.measured_failed));
  return t;
}

void fill_models(Summary& s, const sim::Build& build, double duration) {
  for (const std::string& name : build.models) s.models.emplace_back().name = name;
  for (const sim::ServingGroup& group : build.groups) {
    ModelSummary& m = s.models[static_cast<std::size_t>(group.serves.model)];
    m.replicas += group.replicas;
    m.gpus += std::int64_t{group.replicas} * group.gpus_per_replica;
  }
  for (std::size_t t = 0; t < s.tenants.size(); ++t) {
    const TenantSummary& tenant = s.tenants[t];
    ModelSummary& m = s.models[static_cast<std::size_t>(build.tenants[t].model)];
    m.completed += tenant.completed;
    m.failed += tenant.failed;
    m.total_input_tokens += tenant.total_input_tokens;
    m.total_output_tokens += tenant.total_output_tokens;
    if (tenant.usd_per_hour) m.usd_per_hour = m.usd_per_hour.value_or(0) + *tenant.usd_per_hour;
  }
  for (ModelSummary& m : s.models) {
    m.output_throughput = ratio(static_cast<double>(m.total_output_tokens), duration);
    m.output_throughput_per_gpu = ratio(m.output_throughput, static_cast<double>(m.gpus));
    m.usd_per_million_output_tokens = per_million(m.usd_per_hour, m.output_throughput);
  }
}

}  // namespace

ModelTotals totals_of_model(const sim::Build& build, const sim::RunFacts& f, std::int32_t model) {
  const auto sum = [](std::int64_t completed, std::int64_t input, std::int64_t cached, std::int64_t output) {
    return ModelTotals{static_cast<double>(completed), static_cast<double>(input), static_cast<double>(cached),
                       static_cast<double>(output)};
  };
  if (f.tenants.empty()) {
    if (model != build.requests.model) return {};
    return sum(f.completed, f.total_input_tokens, f.total_cached_tokens, f.total_output_tokens);
  }
  ModelTotals totals;
  for (std::size_t t = 0; t < f.tenants.size(); ++t) {
    if (build.tenants[t].model != model) continue;
    const sim::TenantBooks& books = f.tenants[t];
    const ModelTotals its = sum(books.completed, books.tokens.input, books.cached_tokens, books.tokens.output);
    totals.completed += its.completed;
    totals.input_tokens += its.input_tokens;
    totals.cached_tokens += its.cached_tokens;
    totals.output_tokens += its.output_tokens;
  }
  return totals;
}

void judge_promise(std::vector<PromiseSummary>& list, const char* metric, const std::optional<Seconds>& limit,
                   double percentile, bool measured, const OrderedSamples& samples) {
  if (!limit) return;
  const double found = kMs * samples.percentile(percentile);
  list.push_back({metric, percentile, kMs * limit->value(), found, measured && found <= kMs * limit->value()});
}

void fill_tenants(Summary& s, const sim::Scenario& scenario, const sim::Build& build, const sim::RunFacts& facts) {
  if (!scenario.workload.tenants) return;
  const std::vector<double> shares = cost_shares(build, facts);
  for (std::size_t t = 0; t < facts.tenants.size(); ++t) {
    const std::string& model = build.models[static_cast<std::size_t>(build.tenants[t].model)];
    TenantSummary tenant = summary_of((*scenario.workload.tenants)[t], facts.tenants[t], model, facts.duration);
    if (s.cost.usd_per_hour) tenant.usd_per_hour = shares[t] * *s.cost.usd_per_hour;
    tenant.usd_per_million_output_tokens = per_million(tenant.usd_per_hour, tenant.output_throughput);
    s.tenants.push_back(std::move(tenant));
  }
  if (build.models.size() > 1) fill_models(s, build, facts.duration);
}

}  // namespace flotilla::analysis
