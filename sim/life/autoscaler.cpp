#include "sim/life/autoscaler.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::sim {

namespace {
/// Looks that a trend rests on.
constexpr std::size_t kTrendLooks = 8;
}  // namespace

int Autoscaler::wanted(const GroupLook& look, int active) {
  double raw_wish = raw(look, active);
  if (look.homeless > 0) raw_wish = std::max(raw_wish, 1.0);
  const int most = std::min(most_, spec_.max_replicas.value_or(most_));
  const int wish = std::clamp(static_cast<int>(std::min(raw_wish, 1e9)), std::min(spec_.min_replicas, most), most);
  last_look_ = look.time;
  if (spec_.policy == ScalePolicy::kScheduled) return wish;
  wishes_.push_back({look.time, wish});
  while (wishes_.front().time < look.time - spec_.stabilization.value()) wishes_.pop_front();
  if (wish >= active) return wish;
  int highest = wish;
  for (const Wish& w : wishes_) highest = std::max(highest, w.replicas);
  return std::min(active, highest);
}

double Autoscaler::raw(const GroupLook& look, int active) {
  const double target = spec_.target.value_or(1), replicas = look.replicas;
  switch (spec_.policy) {
    case ScalePolicy::kConcurrency:
      return by_ratio(static_cast<double>(look.requests), target, replicas, active);
    case ScalePolicy::kQueueLength:
      return by_ratio(static_cast<double>(look.waiting), target, replicas, active);
    case ScalePolicy::kKvUsage:
      return by_ratio(look.kv_usage * replicas, target, replicas, active);
    case ScalePolicy::kTtft:
      if (look.mean_ttft < 0) return active;
      return by_ratio(look.mean_ttft * replicas, spec_.target_ttft->value(), replicas, active);
    case ScalePolicy::kScheduled:
      return scheduled(look.time);
    case ScalePolicy::kPredictive:
      return std::ceil(forecast(look) / target);
  }
  return active;
}

/// `found`: of all replicas together.
double Autoscaler::by_ratio(double found, double target, double replicas, int active) const {
  if (replicas > 0 && std::fabs(found / (replicas * target) - 1) <= spec_.tolerance) return active;
  return std::ceil(found / target);
}

/// Arrivals per second when a replica that starts now would be there, by a straight line through the latest looks.
double Autoscaler::forecast(const GroupLook& look) {
  const double length = look.time - last_look_;
  if (length > 0) rates_.push_back({look.time, static_cast<double>(look.arrivals) / length});
  if (rates_.size() > kTrendLooks) rates_.pop_front();
  if (rates_.empty()) return 0;
  double time = 0, rate = 0;
  for (const Rate& r : rates_) {
    time += r.time;
    rate += r.per_s;
  }
  const auto n = static_cast<double>(rates_.size());
  time /= n;
  rate /= n;
  double product = 0, square = 0;
  for (const Rate& r : rates_) {
    product += (r.time - time) * (r.per_s - rate);
    square += (r.time - time) * (r.time - time);
  }
  const double slope = square > 0 ? product / square : 0;
  return std::max(0.0, rate + slope * (look.time + spec_.lookahead.value() - time));
}

int Autoscaler::scheduled(double time) const {
  const double at = std::fmod(time, spec_.period.value());
  // Before the first entry holds the last, of the period before.
  const ScheduledReplicas* latest = nullptr;
  const ScheduledReplicas* last = &spec_.schedule.front();
  for (const ScheduledReplicas& entry : spec_.schedule) {
    if (entry.at.value() <= at && (latest == nullptr || entry.at >= latest->at)) latest = &entry;
    if (entry.at >= last->at) last = &entry;
  }
  return (latest == nullptr ? last : latest)->replicas;
}

}  // namespace flotilla::sim
