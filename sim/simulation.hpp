// Runs a built fleet under a workload, once, on SimGrid's clock, and returns what happened as plain data.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/build.hpp"
#include "sim/engine/gateway.hpp"
#include "sim/engine/hand_off.hpp"
#include "sim/engine/link_meter.hpp"
#include "sim/engine/recorder.hpp"
#include "sim/engine/replica.hpp"
#include "sim/engine/step_listener.hpp"
#include "sim/engine/timeline.hpp"
#include "sim/life/facts.hpp"

namespace flotilla::sim {

struct RunOptions {
  bool step_by_step = false;  ///< walk through every decode step; same results, for tests and debugging
  /// Called once, when everything stands and the first event is about to come.
  std::function<void()> on_start;
  /// Called with each request that leaves, in the order of leaving.
  std::function<void(const Request&, RequestStatus)> on_request;
  /// Called now and then with simulated seconds and the requests finished so far.
  std::function<void(double now, std::int64_t completed)> on_progress;
  /// Takes what happens when, by pool of the scenario; nullptr: nobody asks.
  Timeline* timeline = nullptr;
  /// Watches every replica; nullptr: nobody does.
  StepListener* listener = nullptr;
  /// Of one request; nullptr: nobody asks.
  Story* story = nullptr;
  /// Set from outside (Ctrl-C) to end the run with what is finished so far.
  const std::atomic<bool>* interrupt = nullptr;
};

/// Books of one serving group, summed over its replicas.
struct GroupFacts {
  ReplicaBooks books;
  std::int64_t kv_blocks = 0;  ///< of all replicas
  double peak_kv_usage = 0;    ///< of the fullest replica, 0..1
  int replicas = 0;
  int gpus = 0;
};

/// Everything a run found out. Times in seconds.
struct RunFacts {
  RequestSamples samples;
  QuantileSketch itl;
  BacklogSamples backlog;
  std::int64_t injected = 0;
  std::int64_t completed = 0;
  std::int64_t rejected = 0;
  std::int64_t failed = 0;  ///< lost with their replica
  std::int64_t unfinished = 0;
  std::int64_t timed_out = 0;  ///< given up by their clients
  std::int64_t cancelled = 0;  ///< called off by their clients
  std::int64_t retries = 0;    ///< further attempts of clients
  std::int64_t total_input_tokens = 0;
  std::int64_t total_cached_tokens = 0;
  std::int64_t total_output_tokens = 0;
  std::int64_t peak_in_flight = 0;
  std::int64_t peak_tokens_per_second = 0;
  double duration = 0;        ///< first arrival to last finish
  double arrival_window = 0;  ///< first arrival to last arrival
  std::uint64_t events = 0;
  bool interrupted = false;
  Refusals refusals;
  LifeFacts life;                    ///< nothing where the fleet stays as it is
  HandOffFacts hand_off;             ///< nothing where no pool decodes apart
  std::vector<LinkFacts> links;      ///< that carried flows
  std::vector<TenantBooks> tenants;  ///< in the order of the workload's tenants
  std::vector<GroupFacts> groups;    ///< in the order of the scenario's serving groups
};

/// Throws InvariantError if the books do not close. One run per process (see run_in_child in analysis/run.hpp).
RunFacts simulate(const Scenario& scenario, const Build& build, RequestSource& source, const RunOptions& options);

}  // namespace flotilla::sim
