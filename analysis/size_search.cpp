#include "analysis/size_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "models/step_cost.hpp"
#include "sim/workload/lengths.hpp"

namespace flotilla::analysis {

namespace {

/// Beyond this many replicas a fleet that still breaks its promises is called infeasible: its replicas are all but
/// idle.
constexpr int kMostReplicas = 4096;
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

}  // namespace

SizeSearch::SizeSearch(std::string scenario, int tensor_parallel_size, const std::vector<std::string>& overrides,
                       const std::vector<Constraint>& constraints,
                       const std::function<void(const std::string&)>& progress)
    : overrides_(&overrides), constraints_(&constraints), progress_(&progress) {
  candidate_.scenario = std::move(scenario);
  candidate_.tensor_parallel_size = tensor_parallel_size;
  reader::Document document = reader::Document::load(candidate_.scenario);
  for (const std::string& assignment : overrides) document.set(assignment);
  const auto written = reader::read<sim::Scenario>(document.root());
  if (!written.serving.empty()) {
    gpus_per_replica_ =
        tensor_parallel_size * written.serving[0].pipeline_parallel_size * written.serving[0].data_parallel_size;
  }
  std::vector<std::string> one_replica = overrides;
  one_replica.push_back(fmt::format("serving[0].tensor_parallel_size={}", tensor_parallel_size));
  one_replica.push_back("serving[0].replicas=1");
  one_replica.push_back(fmt::format("fleet.pools[0].gpus={}", gpus_per_replica_));
  const LoadedScenario one = load_scenario(candidate_.scenario, one_replica);
  cost_of_one_ = gpus_per_replica_ * one.build.pools[0].usd_per_gpu_hour.value_or(1);
  never_ = broken_by_one_alone(one);
  fewest_ = fewest_by_work(one);
}

/// What no number of replicas mends: a sequence that has a replica to itself is as fast as it gets.
std::string SizeSearch::broken_by_one_alone(const LoadedScenario& one) const {
  if (one.build.groups.size() != 1) return "";
  models::StepCost cost(one.build.groups[0].deployment);
  const models::DecodeCost& decode = cost.decode(1);
  const double alone = 1000 * (decode.base + decode.slope);
  for (const Constraint& c : *constraints_) {
    if (c.at_most && is_tpot(c.metric) && c.limit < alone)
      return fmt::format("{} is at least {:.4g}, a sequence alone", c.metric, alone);
  }
  return "";
}

/// Each request costs a replica at least its share of the most efficient steps there are: prompts in full steps, tokens
/// in a full batch. So many replicas are needed for the rate at which they come.
int SizeSearch::fewest_by_work(const LoadedScenario& one) const {
  const sim::WorkloadSpec& w = one.scenario.workload;
  const auto [input, output] = mean_lengths(w);
  if (one.build.groups.size() != 1 || w.max_concurrency || !w.request_rate || !std::isfinite(*w.request_rate) ||
      input + output <= 0)
    return 1;
  const sim::ServingGroup& group = one.build.groups[0];
  models::StepCost cost(group.deployment);
  models::MixedBatch full;
  full.prefill_tokens = group.limits.max_num_batched_tokens;
  full.prefill_seqs = std::max(1, static_cast<int>(full.prefill_tokens / std::max(1.0, input)));
  const double per_token = cost.mixed(full).total() / static_cast<double>(full.prefill_tokens);
  const int batch = group.limits.max_num_seqs;
  const models::DecodeCost& decode = cost.decode(batch);
  const double per_output = decode.base / batch + decode.slope * input;
  constexpr double kCertain = 0.9;  // the bound is of the mean, and requests end before and after the run's window
  const double replicas = kCertain * *w.request_rate * (input * per_token + output * per_output);
  return std::clamp(static_cast<int>(replicas), 1, kMostReplicas);
}

Candidate SizeSearch::impossible(std::string why) const {
  Candidate candidate = candidate_;
  candidate.binding = std::move(why);
  return candidate;
}

Candidate SizeSearch::found(int replicas, int fails) {
  candidate_.feasible = true;
  candidate_.replicas = replicas;
  candidate_.summary = tried_.at(replicas);
  candidate_.gpus = replicas * gpus_per_replica_;
  if (tried_.count(fails) == 1) candidate_.binding = failing(tried_.at(fails)) + fmt::format(" with {}", fails);
  return candidate_;
}

/// Nobody waits and nothing fails for want of capacity: more replicas cannot help. Nor do they against refusals.
bool SizeSearch::hopeless(const Summary& s, int replicas) const {
  return (means_nothing(s) && s.verdict != Verdict::kSaturated) || replicas >= kMostReplicas ||
         (s.verdict != Verdict::kSaturated &&
          (s.max_concurrent_requests <= replicas ||
           (first_unsaturated_ > 0 && replicas >= kIdleFactor * first_unsaturated_)));
}

/// A step upwards that grows, so that a bound far too low costs few simulations; no more than `most`.
int SizeSearch::next_after(int fails, int most) const {
  const int tried = static_cast<int>(tried_.size());
  const int step = std::max(1, fails * std::min(4, 1 << std::max(0, tried - 1)) / 4);
  return std::min(most, fails + step);
}

Candidate SizeSearch::run(double limit) {
  if (!never_.empty()) return impossible(never_);
  const int most = std::isfinite(limit) ? static_cast<int>(std::ceil(limit / cost_of_one_ * (1 - 1e-12))) - 1
                                        : std::numeric_limits<int>::max() / 2;
  const auto dearer = [&](const std::string& why) {
    Candidate candidate = impossible(why);
    candidate.dearer = true;
    return candidate;
  };
  if (most < fewest_) return dearer(fmt::format("its work alone takes {} replica{}", fewest_, fewest_ == 1 ? "" : "s"));
  // Where another fleet has set a limit, the first question is whether any below it holds.
  if (std::isfinite(limit) && !holds_at(most)) {
    const Summary& s = tried_.at(most);
    candidate_.summary = s;
    return hopeless(s, most) ? impossible(failing(s) + ", at any number of replicas")
                             : dearer(failing(s) + fmt::format(" with {}, the most that would cost less", most));
  }
  int low = fewest_ - 1;  // fails, or is below the bound
  int high = std::isfinite(limit) ? most : fewest_;
  while (!holds_at(high)) {
    const Summary& s = tried_.at(high);
    if (hopeless(s, high)) {
      candidate_.summary = s;
      return impossible(failing(s) + ", at any number of replicas");
    }
    low = high;
    high = next_after(high, std::min(most, kMostReplicas));
  }
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    (holds_at(middle) ? high : low) = middle;
  }
  // The bound is no proof: what is just below it is tried too.
  while (low > 0 && tried_.count(low) == 0 && holds_at(low)) high = low--;
  return found(high, low);
}

bool SizeSearch::holds_at(int replicas) {
  const Summary& s = simulate(replicas);
  if (means_nothing(s)) return false;
  if (first_unsaturated_ == 0 || replicas < first_unsaturated_) first_unsaturated_ = replicas;
  return failing(s).empty();
}

const Summary& SizeSearch::simulate(int replicas) {
  const auto known = tried_.find(replicas);
  if (known != tried_.end()) return known->second;
  std::vector<std::string> overrides = *overrides_;
  const int tp = candidate_.tensor_parallel_size;
  overrides.push_back(fmt::format("serving[0].tensor_parallel_size={}", tp));
  overrides.push_back(fmt::format("serving[0].replicas={}", replicas));
  overrides.push_back(fmt::format("fleet.pools[0].gpus={}", gpus_per_replica_ * replicas));
  (*progress_)(fmt::format("{} TP {}: {} replicas", candidate_.scenario, tp, replicas));
  ++candidate_.simulations;
  return tried_.emplace(replicas, run_in_child(load_scenario(candidate_.scenario, overrides))).first->second;
}

}  // namespace flotilla::analysis
