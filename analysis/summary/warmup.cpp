#include "analysis/summary/warmup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/statistics/batches.hpp"

namespace flotilla::analysis {

namespace {

constexpr double kMaterial = 0.01;
constexpr double kMs = 1000;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Without what leaves when arrivals have ended and the fleet empties: that says nothing of its start.
std::span<const double> while_requests_arrive(std::span<const double> stays, double window_s) {
  const double draining = stays.empty() || window_s <= 0 ? 1 : std::min(1.0, mean_of(stays) / window_s);
  return stays.first(static_cast<std::size_t>((1 - draining) * static_cast<double>(stays.size())));
}

/// The rule's cut; 0 where it says that the series never settled.
std::size_t cut_of(std::span<const double> stays) {
  const std::size_t cut = mser5(stays);
  return 2 * (cut + 5) > stays.size() ? 0 : cut;
}

}  // namespace

double found_warmup(std::span<const double> stays, double arrival_window_s) {
  stays = while_requests_arrive(stays, arrival_window_s);
  if (stays.empty()) return 0;
  return arrival_window_s * static_cast<double>(cut_of(stays)) / static_cast<double>(stays.size());
}

void warn_of_warmup(Summary& s, double warmup_s, double arrival_window_s, std::span<const double> stays) {
  if (s.verdict != Verdict::kStable || arrival_window_s <= 0) return;
  stays = while_requests_arrive(stays, arrival_window_s);
  const std::size_t cut = cut_of(stays);
  if (cut == 0) return;
  const auto tail = stays.subspan(cut);
  const double all = mean_of(stays);
  const double rest = mean_of(tail);
  const auto range = mean_interval(tail);
  if (!range || range->holds(all) || std::fabs(rest / all - 1) < kMaterial) return;
  const double share = static_cast<double>(cut) / static_cast<double>(stays.size());
  s.warnings.push_back(fmt::format(
      "the warm-up looks too short: without the first {} measured requests (rule MSER-5) the mean E2EL is {:.0f} ms, "
      "not {:.0f}; set workload.warmup={:.0f}s",
      cut, kMs * rest, kMs * all, std::ceil(warmup_s + share * (arrival_window_s - warmup_s))));
}

}  // namespace flotilla::analysis
