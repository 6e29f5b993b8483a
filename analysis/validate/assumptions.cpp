#include "analysis/validate/assumptions.hpp"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "analysis/validate/labels.hpp"
#include "analysis/validate/statistics.hpp"

namespace flotilla::analysis {
namespace {

/// Draft tokens of DeepSeek's multi-token prediction in InferenceX's launch scripts (dsr1_*_mtp.sh).
constexpr int kDraftTokens = 3;
constexpr double kAcceptances[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};

std::vector<std::size_t> members(const std::vector<MeasuredPoint>& points, const std::string& key) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (class_of(points[i]).key == key) found.push_back(i);
  }
  return found;
}

std::vector<Outcome> replay_under(const std::vector<MeasuredPoint>& points, const std::vector<std::size_t>& which,
                                  const Assumption& assumption, const ReplayPlan& plan) {
  std::vector<Job> jobs;
  for (const std::size_t i : which) jobs.push_back({&points[i], assumption});
  return replay(jobs, plan);
}

double median_error(const std::vector<MeasuredPoint>& points, const std::vector<std::size_t>& which,
                    const std::vector<Outcome>& outcomes) {
  std::vector<Compared> compared;
  for (std::size_t i = 0; i < which.size(); ++i) compared.push_back({&points[which[i]], &outcomes[i]});
  const auto s = error_statistics(compared, Metric::kTpot);
  return s.n == 0 ? 1e9 : s.median;
}

void vary_inputs(const std::vector<MeasuredPoint>& points, const ReplayPlan& plan, std::vector<Variation>& variations) {
  for (const char* const key : {"mlperf-server", "mlperf-offline"}) {
    const auto which = members(points, key);
    if (which.empty()) continue;
    for (const auto& [scale, words] : {std::pair{0.8, "inputs 20 % shorter"}, std::pair{1.2, "inputs 20 % longer"}}) {
      Assumption assumption;
      assumption.input_scale = scale;
      variations.push_back(
          {&class_of(points[which.front()]), words, which, replay_under(points, which, assumption, plan)});
    }
  }
}

void vary_speculation(const std::vector<MeasuredPoint>& points, const ReplayPlan& plan,
                      std::vector<Variation>& variations) {
  std::map<std::string, std::vector<std::size_t>> engines;
  for (const std::size_t i : members(points, "deepseek")) engines[engine_of(points[i].engine)].push_back(i);
  Variation all;
  for (const auto& [engine, which] : engines) {
    std::vector<Outcome> best;
    double least = 0, chosen = 0;
    for (const double acceptance : kAcceptances) {
      auto outcomes = replay_under(points, which, {1, kDraftTokens, acceptance}, plan);
      const double error = median_error(points, which, outcomes);
      if (best.empty() || error < least) best = std::move(outcomes), least = error, chosen = acceptance;
    }
    all.of = &class_of(points[which.front()]);
    all.assumption += fmt::format("{}{} {:.1f}", all.assumption.empty() ? "" : ", ", engine, chosen);
    all.points.insert(all.points.end(), which.begin(), which.end());
    all.outcomes.insert(all.outcomes.end(), best.begin(), best.end());
  }
  if (all.of == nullptr) return;
  all.assumption = fmt::format("all rows speculate: {} draft tokens, acceptance {}", kDraftTokens, all.assumption);
  variations.push_back(std::move(all));
}

}  // namespace

std::vector<Variation> vary(const std::vector<MeasuredPoint>& points, const ReplayPlan& plan) {
  std::vector<Variation> variations;
  vary_inputs(points, plan, variations);
  vary_speculation(points, plan, variations);
  return variations;
}

}  // namespace flotilla::analysis
