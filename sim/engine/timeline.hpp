// What happened when, pool by pool, in at most kMost equal intervals: they begin fine, and neighbours merge whenever
// the run outgrows them, so that memory is fixed and sums stay what they are. It only listens: a run is the same with
// and without it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/stretch.hpp"

namespace flotilla::sim {

/// Summed over an interval: counts, or the integral over time (in seconds) of what is named.
enum class Measure {
  kArrivals,
  kCompletions,
  kRunning,   ///< sequences in the batch of a replica that works
  kWaiting,   ///< requests in the engine's queue that no step has taken yet
  kKvBlocks,  ///< in use while replicas work, as in ReplicaBooks::kv_block_seconds
  kBusyGpus,  ///< GPUs in steps
  kOutputTokens,
  kPrefillTokens,
  kKvSent,       ///< bytes of KV that left the pool's GPUs
  kKvReceived,   ///< and that reached them
  kBusiestLink,  ///< use of the busiest link that flows from or to the pool moved on, 0..1, second by second
  kGpuWatts,     ///< what GPUs draw above idle
};
inline constexpr std::size_t kMeasures = 12;

class Timeline {
 public:
  static constexpr std::size_t kMost = 1024;

  /// `width` is that of the first intervals, in seconds.
  explicit Timeline(std::size_t pools, double width = 0.1) : pools_(pools), width_(width) {}

  /// `amount` at one instant.
  void count(std::size_t pool, Measure measure, double when, std::int64_t amount);
  /// A constant height from one date to another.
  void level(std::size_t pool, Measure measure, double from, double to, double height);
  /// A height that grows or falls evenly.
  void ramp(std::size_t pool, Measure measure, double from, double to, double first, double last);
  /// The output tokens of a finished stretch, each at its step's end.
  void tokens_of(std::size_t pool, const Stretch& stretch);

  [[nodiscard]] double begin() const { return origin_; }
  [[nodiscard]] double end() const { return end_; }
  [[nodiscard]] double width() const { return width_; }
  [[nodiscard]] std::size_t pools() const { return pools_.size(); }
  /// Intervals from begin() to end(); the last may reach beyond.
  [[nodiscard]] std::size_t intervals() const;
  /// What fell into each of them.
  [[nodiscard]] std::vector<double> sums(std::size_t pool, Measure measure) const;

 private:
  /// Amounts by interval, and heights that hold over whole intervals as differences from one to the next: a height
  /// over a thousand intervals costs what one over two does.
  struct Row {
    std::array<double, kMost> amounts{};
    std::array<double, kMost + 1> steps{};
  };
  using Pool = std::array<Row, kMeasures>;

  Row& row(std::size_t pool, Measure measure) { return pools_[pool][static_cast<std::size_t>(measure)]; }
  std::size_t interval_of(double when);
  [[nodiscard]] double edge(std::size_t interval) const { return origin_ + static_cast<double>(interval) * width_; }
  void merge();
  void spread(Row& row) const;

  std::vector<Pool> pools_;
  double width_;
  double origin_ = -1;
  double end_ = 0;
};

/// How a replica writes into the timeline of its pool; without one, nothing happens.
class TimelinePen {
 public:
  TimelinePen() = default;
  TimelinePen(Timeline* timeline, std::size_t pool, int gpus) : timeline_(timeline), pool_(pool), gpus_(gpus) {}

  void arrived(double when) { count(Measure::kArrivals, when, 1); }
  void ended(double when) { count(Measure::kCompletions, when, 1); }
  void made_tokens(double when, std::int64_t tokens) { count(Measure::kOutputTokens, when, tokens); }
  void prefilled(double when, std::int64_t tokens) { count(Measure::kPrefillTokens, when, tokens); }
  void waited(double from, double to) {
    if (timeline_ != nullptr) timeline_->level(pool_, Measure::kWaiting, from, to, 1);
  }
  /// A step of any kind but those of stretches, in which its GPUs draw so much above idle.
  void worked(double from, double to, std::int64_t running, std::int64_t blocks, double watts = 0);
  void stretched(const Stretch& stretch, double watts = 0);

 private:
  void count(Measure measure, double when, std::int64_t amount) {
    if (timeline_ != nullptr) timeline_->count(pool_, measure, when, amount);
  }

  Timeline* timeline_ = nullptr;
  std::size_t pool_ = 0;
  int gpus_ = 0;
};

}  // namespace flotilla::sim
