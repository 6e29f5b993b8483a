#include "analysis/size/trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "analysis/crew.hpp"
#include "analysis/summary/json.hpp"
#include "models/step_cost.hpp"
#include "sim/workload/lengths.hpp"

namespace flotilla::analysis {

namespace {

/// A replica that sees less than this share of the load is all but idle.
constexpr int kIdleFactor = 64;

/// Mean lengths of the requests; 0 where a trace has them.
std::pair<double, double> mean_lengths(const sim::WorkloadSpec& w) {
  const auto mean = [](const std::optional<sim::LengthSpec>& lengths) {
    return lengths ? sim::LengthSampler(*lengths).mean() : 0.0;
  };
  return {mean(w.input_tokens) * (1 - w.prefix_cache_hit_rate.value_or(0)), mean(w.output_tokens)};
}

/// Does it speak of time per output token, the mean or a percentile from the median on? None of them can be below what
/// a sequence alone takes.
bool is_tpot(const std::string& metric) {
  return metric.ends_with("_tpot_ms") && metric != "std_tpot_ms" && metric != "min_tpot_ms";
}

/// Each request costs a replica at least its share of the most efficient steps there are: prompts in full steps, tokens
/// in a full batch. So many replicas are needed for the rate at which they come.
int fewest_by_work(const sim::WorkloadSpec& w, const sim::ServingGroup& group) {
  const auto [input, output] = mean_lengths(w);
  if (w.wave) return 1;  // the run may be of the wave's low hours
  if (w.max_concurrency || !w.request_rate || !std::isfinite(*w.request_rate) || input + output <= 0) return 1;
  models::StepCost cost(group.deployment);
  models::MixedBatch full;
  full.prefill_tokens = group.limits.max_num_batched_tokens;
  full.prefill_seqs = std::max(1, static_cast<int>(full.prefill_tokens / std::max(1.0, input)));
  const double per_token = cost.mixed(full).total() / static_cast<double>(full.prefill_tokens);
  const int batch = group.limits.max_num_seqs;
  const models::DecodeCost& decode = cost.decode(batch);
  const double per_output = decode.base / batch + decode.slope * input;
  const double prompts = group.role == sim::Role::kDecode ? 0 : input * per_token;
  const double outputs = group.role == sim::Role::kPrefill ? 0 : output * per_output;
  constexpr double kCertain = 0.9;  // the bound is of the mean, and requests end before and after the run's window
  return std::clamp(static_cast<int>(kCertain * *w.request_rate * (prompts + outputs)), 1, kMostReplicas);
}

double amount_of(const sim::Pool& pool, Least least) {
  return least == Least::kCost ? pool.usd_per_gpu_hour.value_or(1) : least == Least::kWatts ? pool.gpu.tdp.value() : 1;
}

/// The one group of a fleet whose groups do everything, or the two of a fleet with prefill apart.
std::vector<std::size_t> sized_groups(const sim::Scenario& scenario, const reader::Document& document) {
  const auto& serving = scenario.serving;
  std::vector<std::size_t> prefill, decode;
  for (std::size_t g = 0; g < serving.size(); ++g) {
    if (serving[g].role == sim::Role::kPrefill) prefill.push_back(g);
    if (serving[g].role == sim::Role::kDecode) decode.push_back(g);
  }
  if (prefill.empty() && decode.empty() && !serving.empty()) return {0};
  if (prefill.size() == 1 && decode.size() == 1) return {prefill[0], decode[0]};
  document.fail("serving", "these are more groups than can be sized at once",
                "flotilla size counts the replicas of the first group, or of one that prefills and one that decodes");
}

/// Beyond the last where there is none of that name, which the build will refuse.
std::size_t pool_of(const sim::Scenario& scenario, const sim::ServingSpec& spec) {
  const auto& pools = scenario.fleet.pools;
  const auto found =
      std::find_if(pools.begin(), pools.end(), [&](const sim::PoolSpec& p) { return p.name == spec.pool; });
  return static_cast<std::size_t>(found - pools.begin());
}

}  // namespace

bool Trial::means_nothing() const {
  return std::any_of(runs.begin(), runs.end(), [](const Summary& s) { return analysis::means_nothing(s); });
}

bool Trial::saturated() const {
  return std::any_of(runs.begin(), runs.end(), [](const Summary& s) { return s.verdict == Verdict::kSaturated; });
}

Trials::Trials(const Sweep& sweep, std::size_t point, int tensor_parallel_size,
               const std::vector<Constraint>& constraints, const SizingPlan& plan)
    : sweep_(&sweep), constraints_(&constraints), plan_(&plan), written_(sweep.assignments(point)) {
  const reader::Document document = sweep.document(point);
  const auto scenario = reader::read<sim::Scenario>(document.root());
  candidate_.scenario = sweep.scenario_path;
  candidate_.name = sweep.name_of(point, scenario.name);
  for (const std::size_t g : sized_groups(scenario, document)) {
    const sim::ServingSpec& spec = scenario.serving[g];
    SizedGroup group;
    group.index = g;
    group.tensor_parallel_size = tensor_parallel_size > 0 ? tensor_parallel_size : spec.tensor_parallel_size;
    group.gpus_per_replica = group.tensor_parallel_size * spec.pipeline_parallel_size * spec.data_parallel_size;
    group.role = spec.role == sim::Role::kPrefill ? "prefill" : spec.role == sim::Role::kDecode ? "decode" : "";
    group.pool = pool_of(scenario, spec);
    if (group.pool < scenario.fleet.pools.size() && scenario.fleet.pools[group.pool].nodes)
      written_.push_back(fmt::format("fleet.pools[{}].nodes=null", group.pool));
    candidate_.tensor_parallel_sizes.push_back(group.tensor_parallel_size);
    groups_.push_back(std::move(group));
  }
  // What shares a pool with them keeps its GPUs.
  for (std::size_t g = 0; g < scenario.serving.size(); ++g) {
    const sim::ServingSpec& spec = scenario.serving[g];
    const bool sized = std::any_of(groups_.begin(), groups_.end(), [&](const SizedGroup& s) { return s.index == g; });
    if (!sized && spec.replicas)
      others_.emplace_back(pool_of(scenario, spec), *spec.replicas * spec.tensor_parallel_size *
                                                        spec.pipeline_parallel_size * spec.data_parallel_size);
  }
  const LoadedScenario one = load(Counts(groups_.size(), 1), 0);
  for (SizedGroup& group : groups_) {
    const sim::ServingGroup& built = one.build.groups[group.index];
    group.cost = group.gpus_per_replica * amount_of(one.build.pools[group.pool], plan.least);
    group.watts = group.gpus_per_replica * one.build.pools[group.pool].gpu.tdp.value();
    if (one.build.groups.size() == groups_.size()) group.fewest = fewest_by_work(one.scenario.workload, built);
  }
  never_ = broken_by_one_alone(one);
}

/// What no number of replicas mends: a sequence that has a replica to itself is as fast as it gets.
std::string Trials::broken_by_one_alone(const LoadedScenario& one) const {
  if (one.build.groups.size() != groups_.size()) return "";
  models::StepCost cost(one.build.groups[groups_.back().index].deployment);  // the one that decodes
  const models::DecodeCost& decode = cost.decode(1);
  const double alone = 1000 * (decode.base + decode.slope);
  for (const Constraint& c : *constraints_) {
    if (c.at_most && is_tpot(c.metric) && c.limit < alone)
      return fmt::format("{} is at least {:.4g}, a sequence alone", c.metric, alone);
  }
  return "";
}

double Trials::cost(const Counts& counts) const {
  double sum = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) sum += counts[g] * groups_[g].cost;
  return sum;
}

Counts Trials::fewest() const {
  Counts counts;
  for (const SizedGroup& group : groups_) counts.push_back(group.fewest);
  return counts;
}

std::vector<std::string> Trials::sizing(const Counts& counts) const {
  std::vector<std::string> changes = written_;
  std::map<std::size_t, int> gpus;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const SizedGroup& group = groups_[g];
    changes.push_back(fmt::format("serving[{}].tensor_parallel_size={}", group.index, group.tensor_parallel_size));
    changes.push_back(fmt::format("serving[{}].replicas={}", group.index, counts[g]));
    gpus[group.pool] += counts[g] * group.gpus_per_replica;
  }
  for (auto [pool, count] : gpus) {
    for (const auto& [where, taken] : others_) count += where == pool ? taken : 0;
    changes.push_back(fmt::format("fleet.pools[{}].gpus={}", pool, count));
  }
  return changes;
}

LoadedScenario Trials::load(const Counts& counts, int seed) const {
  auto document = reader::Document::from_text(sweep_->scenario_text, sweep_->scenario_path);
  std::vector<std::string> changes = sizing(counts);
  if (seed > 0) changes.push_back(fmt::format("seed={}", seed));
  return load_scenario(std::move(document), changes);
}

const Trial& Trials::at(const Counts& counts) {
  const auto known = trials_.find(counts);
  if (known != trials_.end()) return known->second;
  plan_->progress(fmt::format("{} TP {}: {} replicas", candidate_.name,
                              fmt::join(candidate_.tensor_parallel_sizes, "+"), fmt::join(counts, "+")));
  Trial trial;
  const LoadedScenario first = load(counts, 0);
  if (plan_->seeds == 1) {
    trial.runs.push_back(run_in_child(first));
  } else {
    std::vector<std::size_t> items(static_cast<std::size_t>(plan_->seeds));
    std::iota(items.begin(), items.end(), std::size_t{0});
    trial.runs.resize(items.size());
    const auto simulate = [&](std::size_t i) {
      const auto seed = first.scenario.seed + static_cast<std::int64_t>(i);
      return to_json(run_here(load(counts, static_cast<int>(seed)), {})).dump();
    };
    run_all(items, {plan_->jobs, nullptr}, simulate, [&](std::size_t i, const Work& how) {
      if (!how.done) throw std::runtime_error(how.text);
      trial.runs[i] = summary_from_json(nlohmann::ordered_json::parse(how.text));
    });
  }
  candidate_.simulations += plan_->seeds;
  trial.broken = broken_promise(trial.runs, *constraints_);
  const int all = std::accumulate(counts.begin(), counts.end(), 0);
  if (!trial.means_nothing() && (first_unsaturated_ == 0 || all < first_unsaturated_)) first_unsaturated_ = all;
  return trials_.emplace(counts, std::move(trial)).first->second;
}

bool Trials::hopeless(const Counts& counts) {
  const Trial& trial = at(counts);
  const int fewest = *std::min_element(counts.begin(), counts.end());
  const int all = std::accumulate(counts.begin(), counts.end(), 0);
  if (fewest >= kMostReplicas || (trial.means_nothing() && !trial.saturated())) return true;
  return !trial.saturated() && (trial.first().max_concurrent_requests <= fewest ||
                                (first_unsaturated_ > 0 && all >= kIdleFactor * first_unsaturated_));
}

Candidate Trials::found(const Counts& counts, std::string binding) {
  Candidate candidate = candidate_;
  candidate.feasible = true;
  candidate.replicas = counts;
  candidate.sizing = sizing(counts);
  candidate.summary = at(counts).first();
  for (const Summary& run : at(counts).runs) {
    const auto usd = run.cost.usd_per_million_useful_tokens;
    if (usd) candidate.usd_per_million_useful.push_back(*usd);
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    candidate.gpus += counts[g] * groups_[g].gpus_per_replica;
    candidate.watts += counts[g] * groups_[g].watts;
  }
  candidate.binding = std::move(binding);
  candidate.simulations = candidate_.simulations;
  return candidate;
}

Candidate Trials::impossible(std::string why) const {
  Candidate candidate = candidate_;
  candidate.binding = std::move(why);
  return candidate;
}

Candidate Trials::impossible(std::string why, const Counts& counts) {
  Candidate candidate = impossible(std::move(why));
  candidate.summary = at(counts).first();
  return candidate;
}

Candidate Trials::dearer(std::string why) const {
  Candidate candidate = impossible(std::move(why));
  candidate.dearer = true;
  return candidate;
}

}  // namespace flotilla::analysis
