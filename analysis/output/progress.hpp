// Progress of a run on stderr, when it is a terminal: share done, simulated time, time left.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "sim/workload/spec.hpp"

namespace flotilla::analysis {

class Progress {
 public:
  /// `enabled` false shows nothing, ever.
  Progress(bool enabled, const sim::WorkloadSpec& workload);
  void show(double simulated_seconds, std::int64_t completed);
  /// Clears the line.
  void done();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  std::int64_t total_requests_ = 0;  ///< 0 = unknown
  double total_seconds_ = 0;         ///< 0 = unknown
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

/// The same for a list of things to do: share done and time left.
class Bar {
 public:
  Bar(bool enabled, std::string things) : enabled_(enabled), things_(std::move(things)) {}
  ~Bar() { done(); }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  void show(std::size_t finished, std::size_t total);
  /// Clears the line.
  void done();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool shown_ = false;
  std::string things_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace flotilla::analysis
