// Replays measured points through the simulator, several at once, each in a process of its own.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "analysis/run.hpp"
#include "analysis/validate/points.hpp"
#include "analysis/validate/protocol.hpp"

namespace flotilla::analysis {

/// What became of one point.
struct Outcome {
  std::string skipped;  ///< why there is no prediction; "" where there is one
  std::optional<double> ttft_ms, tpot_ms;
  std::optional<double> throughput;                                       ///< output tok/s per GPU
  bool inside = false;                                                    ///< of the envelope of the calibration
  double expected_error = 0;                                              ///< of TPOT, as the envelope knows it
  double memory = 0, compute = 0, communication = 0, host = 0, idle = 0;  ///< shares of GPU time
  std::int64_t kv_tokens = 0, preemptions = 0;
  std::vector<std::string> notes;

  [[nodiscard]] bool predicted() const { return skipped.empty(); }
};

/// The scenario of a setup; what depends on the memory there is, is filled in from a first reading.
LoadedScenario load_settled(Setup&);

struct ReplayPlan {
  int jobs = 1;                                  ///< processes at once
  bool show_progress = false;                    ///< a bar with the time left, on stderr
  const std::atomic<bool>* interrupt = nullptr;  ///< set from outside (Ctrl-C)
};

/// Thrown where the user ended the replay.
struct Interrupted {};

/// One replay: a point under an assumption.
struct Job {
  const MeasuredPoint* point = nullptr;
  Assumption assumption;
};

/// One outcome per job, in their order, whatever the number of processes. What the simulator refuses is skipped with
/// the reason. Throws Interrupted; InvariantError and std::runtime_error as the simulation does.
std::vector<Outcome> replay(const std::vector<Job>&, const ReplayPlan&);

/// The same for one protocol, in this process (once per process).
Outcome replay_here(const MeasuredPoint&, Protocol);

}  // namespace flotilla::analysis
