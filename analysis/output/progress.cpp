#include "analysis/output/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace flotilla::analysis {

namespace {
constexpr auto kInterval = std::chrono::milliseconds(200);
constexpr std::size_t kBarWidth = 30;

/// "[####      ]  40 %  WHAT  12 s left"
std::string bar(double share, const std::string& what, double elapsed_seconds) {
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  return fmt::format("[{:<{}}] {:3.0f} %  {}  {:.0f} s left", std::string(filled, '#'), kBarWidth, 100 * share, what,
                     elapsed_seconds * (1 - share) / share);
}
}  // namespace

Progress::Progress(bool enabled, const sim::WorkloadSpec& workload) : enabled_(enabled) {
  for (const sim::LoadSpec* load : workload.loads()) {
    total_requests_ += load->num_prompts.value_or(0);
    if (load->duration) total_seconds_ = std::max(total_seconds_, load->duration->value());
  }
  // What counts requests says nothing of what counts seconds, or of a trace.
  for (const sim::LoadSpec* load : workload.loads())
    if (!load->num_prompts) total_requests_ = 0;
}

void Progress::show(double simulated_seconds, std::int64_t completed) {
  const auto now = Clock::now();
  if (!enabled_ || now - last_ < kInterval) return;
  last_ = now;
  double share = 0;
  if (total_requests_ > 0) {
    share = static_cast<double>(completed) / static_cast<double>(total_requests_);
  } else if (total_seconds_ > 0) {
    share = simulated_seconds / total_seconds_;
  }
  share = std::min(share, 1.0);
  std::string line = fmt::format("{} requests, {:.1f} s simulated", completed, simulated_seconds);
  if (share > 0) line = bar(share, line, std::chrono::duration<double>(now - start_).count());
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
}

void Progress::done() {
  if (enabled_ && last_ != start_) fmt::print(stderr, "\r\033[K");
}

void Bar::show(std::size_t finished, std::size_t total) {
  const auto now = Clock::now();
  if (!enabled_ || finished == 0 || now - last_ < kInterval) return;
  last_ = now;
  shown_ = true;
  const double share = static_cast<double>(finished) / static_cast<double>(total);
  fmt::print(stderr, "\r\033[K{}",
             bar(share, fmt::format("{} of {} {}", finished, total, things_),
                 std::chrono::duration<double>(now - start_).count()));
  std::fflush(stderr);
}

void Bar::done() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\033[K");
}

}  // namespace flotilla::analysis
