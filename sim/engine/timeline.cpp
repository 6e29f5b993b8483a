#include "sim/engine/timeline.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::sim {

std::size_t Timeline::interval_of(double when) {
  if (origin_ < 0) origin_ = end_ = when;
  end_ = std::max(end_, when);
  while (when - origin_ >= static_cast<double>(kMost) * width_) merge();
  const auto interval = static_cast<std::size_t>(std::max(0.0, (when - origin_) / width_));
  return std::min(interval, kMost - 1);  // a quotient may be rounded up to the next
}

void Timeline::count(std::size_t pool, Measure measure, double when, std::int64_t amount) {
  const std::size_t at = interval_of(when);
  row(pool, measure).amounts[at] += static_cast<double>(amount);
}

void Timeline::level(std::size_t pool, Measure measure, double from, double to, double height) {
  if (!(to > from)) return;
  interval_of(from);  // it may be the first that is heard of
  const std::size_t last = interval_of(to);
  const std::size_t first = interval_of(from);
  Row& into = row(pool, measure);
  if (first == last) {
    into.amounts[first] += height * (to - from);
    return;
  }
  into.amounts[first] += height * (edge(first + 1) - from);
  into.amounts[last] += height * (to - edge(last));
  into.steps[first + 1] += height;
  into.steps[last] -= height;
}

void Timeline::ramp(std::size_t pool, Measure measure, double from, double to, double first, double last) {
  if (!(to > from)) return;
  interval_of(from);  // it may be the first that is heard of
  const std::size_t end = interval_of(to);
  const double slope = (last - first) / (to - from);
  Row& into = row(pool, measure);
  for (std::size_t at = interval_of(from); at <= end; ++at) {
    const double begin = std::max(from, edge(at));
    const double until = at == end ? to : std::min(to, edge(at + 1));
    if (until > begin) into.amounts[at] += (first + slope * (0.5 * (begin + until) - from)) * (until - begin);
  }
}

void Timeline::tokens_of(std::size_t pool, const Stretch& stretch) {
  interval_of(stretch.boundary(stretch.steps));
  for (std::int64_t done = 0; done < stretch.steps;) {
    const std::size_t at = interval_of(stretch.boundary(done + 1));
    const bool all = stretch.boundary(stretch.steps) < edge(at + 1);
    const std::int64_t until =
        all ? stretch.steps
            : std::clamp(stretch.first_boundary_from(edge(at + 1), done + 1) - 1, done + 1, stretch.steps);
    row(pool, Measure::kOutputTokens).amounts[at] += static_cast<double>((until - done) * stretch.sequences);
    done = until;
  }
}

/// Heights become amounts.
void Timeline::spread(Row& row) const {
  double height = 0;
  for (std::size_t i = 0; i < kMost; ++i) {
    height += row.steps[i];
    row.amounts[i] += height * width_;
  }
  row.steps.fill(0);
}

void Timeline::merge() {
  for (Pool& pool : pools_) {
    for (Row& row : pool) {
      spread(row);
      for (std::size_t i = 0; i < kMost / 2; ++i) row.amounts[i] = row.amounts[2 * i] + row.amounts[2 * i + 1];
      std::fill(row.amounts.begin() + kMost / 2, row.amounts.end(), 0);
    }
  }
  width_ *= 2;
}

std::size_t Timeline::intervals() const {
  if (origin_ < 0) return 0;
  return std::min(kMost, static_cast<std::size_t>((end_ - origin_) / width_) + 1);
}

std::vector<double> Timeline::sums(std::size_t pool, Measure measure) const {
  Row row = pools_[pool][static_cast<std::size_t>(measure)];
  spread(row);
  return {row.amounts.begin(), row.amounts.begin() + static_cast<std::ptrdiff_t>(intervals())};
}

void TimelinePen::worked(double from, double to, std::int64_t running, std::int64_t blocks, double watts) {
  if (timeline_ == nullptr) return;
  timeline_->level(pool_, Measure::kBusyGpus, from, to, gpus_);
  timeline_->level(pool_, Measure::kRunning, from, to, static_cast<double>(running));
  timeline_->level(pool_, Measure::kKvBlocks, from, to, static_cast<double>(blocks));
  timeline_->level(pool_, Measure::kGpuWatts, from, to, watts);
}

void TimelinePen::stretched(const Stretch& stretch, double watts) {
  if (timeline_ == nullptr) return;
  const double end = stretch.boundary(stretch.steps);
  timeline_->level(pool_, Measure::kBusyGpus, stretch.anchor, end, gpus_);
  timeline_->level(pool_, Measure::kRunning, stretch.anchor, end, static_cast<double>(stretch.sequences));
  timeline_->ramp(pool_, Measure::kKvBlocks, stretch.anchor, end, static_cast<double>(stretch.blocks_at_start),
                  static_cast<double>(stretch.blocks_at_end));
  timeline_->level(pool_, Measure::kGpuWatts, stretch.anchor, end, watts);
  timeline_->tokens_of(pool_, stretch);
}

}  // namespace flotilla::sim
