// The batches that a closed-loop benchmark makes an engine run, found without knowing how long any of them takes.
//
// With a fixed number of clients who each send the next request when the last one ends, which sequences share a step
// depends on lengths and scheduler alone. (A client's next request reaches the engine after the next step has been put
// together, and waits it out: that step's length is part of its TTFT.) So mean TPOT and TTFT are weighted sums over
// steps: sum of weight * step time. That makes a fit on serving points linear in the time of each step.
#pragma once

#include <cstdint>
#include <vector>

#include "models/step_cost.hpp"

namespace flotilla::analysis {

struct ClosedLoop {
  int concurrency = 1;
  int requests = 10;
  double input_tokens = 1024;  ///< nominal; lengths are uniform in [shortest * nominal, nominal]
  double output_tokens = 1024;
  double shortest = 0.8;
  int max_num_batched_tokens = 8192;
  bool chunked_prefill = true;  ///< else a prompt enters a step whole or not at all
  /// TensorRT-LLM's batch waiting: prompts wait until they fill this share of max_num_batched_tokens, at most so many
  /// steps.
  double wait_ratio = 0;
  int wait_steps = 0;
  /// Starts amid as many unmeasured requests, each somewhere in its answer; else with a burst of new ones. Requests of
  /// one length that start in a burst would end in a burst, again and again.
  bool staggered = false;
  std::uint64_t seed = 1;
};

/// Steps of one shape in common: pure decode steps of n sequences are merged, and mixed steps of like size, with
/// weighted means of their KV tokens and chunks.
struct WeightedBatch {
  models::MixedBatch batch;
  double tpot_weight = 0;  ///< mean TPOT = sum of tpot_weight * step time
  double ttft_weight = 0;
};

std::vector<WeightedBatch> closed_loop_batches(const ClosedLoop&);

}  // namespace flotilla::analysis
