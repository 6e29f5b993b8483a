// The steps that a benchmark makes an engine run, found without knowing how long any of them takes.
//
// Where the load does not watch the clock (a fixed number of clients who each send the next request when the last one
// ends, or all requests at once), which sequences share a step depends on lengths, memory and scheduler alone. (A
// client's next request reaches the engine after the next step has been put together, and waits it out, and with async
// scheduling one more: their length is part of its TTFT.) So mean TPOT, mean TTFT and the duration are weighted sums
// over steps: sum of weight * step time. That makes a fit on serving points linear in the time of each step. The scheduler and the books are the
// simulator's own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/step_cost.hpp"
#include "sim/scheduler/scheduler.hpp"

namespace flotilla::analysis {

struct ReplayEngine {
  std::string scheduler = "vllm_v1";
  sim::SchedulerLimits limits;
  std::int64_t kv_blocks = 1 << 30;
  int block_size = 16;
  models::AttentionWindow window;
  models::KvLayout layout;
};

struct ReplayLoad {
  int concurrency = 1;  ///< clients; 0 = all requests at once
  int requests = 10;
  double input_tokens = 1024;  ///< nominal; lengths are uniform in [shortest * nominal, longest * nominal]
  double output_tokens = 1024;
  double shortest = 0.8, longest = 1;
  double cached_share = 0;  ///< of each prompt, found in the prefix cache
  /// Starts amid as many unmeasured requests, each somewhere in its answer; else with a burst of new ones. Requests of
  /// one length that start in a burst would end in a burst, again and again.
  bool staggered = false;
  std::uint64_t seed = 1;
};

/// Steps of one shape in common: pure decode steps of like numbers of sequences are merged, and mixed steps of like
/// size, with weighted means of their KV tokens and chunks.
struct WeightedBatch {
  models::MixedBatch batch;
  double tpot_weight = 0;  ///< mean TPOT = sum of tpot_weight * step time
  double ttft_weight = 0;
  double steps = 0;  ///< duration = sum of steps * step time
};

struct StepReplay {
  std::vector<WeightedBatch> batches;
  double output_tokens = 0;
  double mean_input_tokens = 0;
  double mean_output_tokens = 0;
  double sent_at_start = 0;  ///< share of the requests; the others are sent when one ends
};

/// Throws InvariantError where the engine could never serve such a request (no memory for one).
StepReplay replay_steps(const ReplayEngine&, const ReplayLoad&);

}  // namespace flotilla::analysis
