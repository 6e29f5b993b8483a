// What happened to a fleet that changed while it served.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flotilla::sim {

struct LifeEvent {
  double time = 0;            ///< s
  std::string what;           ///< "failed", "repaired", "lost", "up", ...
  std::string subject;        ///< a part of the fleet, or a replica: "serving[0]/replica3"
  std::int64_t gpus = 0;      ///< that it concerns
  std::int64_t requests = 0;  ///< that lost their replica
};

struct LifeFacts {
  bool changes = false;           ///< the fleet may change at all
  std::vector<LifeEvent> events;  ///< the first kMostEvents of them, in order
  static constexpr std::size_t kMostEvents = 100000;
  std::int64_t failures = 0, repairs = 0, replicas_lost = 0;
  std::int64_t rerouted = 0;           ///< requests that lost their replica and were sent again, each time
  std::int64_t lost_tokens = 0;        ///< of prompts and answers, to be computed anew
  std::int64_t largest_loss_gpus = 0;  ///< GPUs of all replicas that one failure took
  std::int64_t recoveries = 0;
  double recovery_sum = 0, recovery_longest = 0;  ///< s until no more requests were in flight than before, in the mean
  bool recovering = false;                        ///< at the end of the run still not
  std::int64_t starts = 0, warm_starts = 0, drained = 0;
  double start_sum = 0, start_longest = 0;  ///< s from the order until requests are taken
  double start_bytes = 0;                   ///< of images and weights over links
  std::vector<double> paid_gpu_seconds;     ///< by serving group
  std::vector<double> open_gpu_seconds;     ///< of those, while replicas took requests
};

}  // namespace flotilla::sim
