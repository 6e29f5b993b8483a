// Measured serving points: what was run, and what came out.
#pragma once

#include <string>
#include <vector>

#include "analysis/calibrate/closed_loop.hpp"
#include "analysis/table.hpp"
#include "models/step_cost.hpp"

namespace flotilla::analysis {

struct ServingPoint {
  std::string id;
  std::string model;  ///< as the table names it
  std::string setup;  ///< whose launch scripts: "InferenceX", "NVIDIA"
  models::Deployment deployment;
  ClosedLoop load;
  double tpot = 0, ttft = 0;  ///< seconds, means
  std::vector<WeightedBatch> batches;
};

/// Aggregated closed-loop points of dense models on one GPU model and engine (catalogue names), clean ones only. Left
/// out: points whose TTFT exceeds 5 s, which queue for KV memory and say more of admission than of steps.
std::vector<ServingPoint> serving_points(const Table&, const std::string& gpu, const std::string& engine);

/// How InferenceX launches Llama 3.3 70B, from its published scripts: vLLM with 8,192 batched tokens; TensorRT-LLM with
/// the maximum length, and for 1k/1k below TP 8 with batch waiting (0.9 of the tokens, 20 iterations); KV in FP8, but
/// on H100 with vLLM as in the checkpoint (BF16). Ten requests per client, lengths in 80-100 % of nominal. Expects the
/// point's model, GPU, engine, TP, concurrency and nominal lengths.
void use_inferencex_flags(ServingPoint&);

/// Means over the point's batches. TTFT is the engine's part: waiting for steps and prefilling, nothing of client and
/// frontend.
struct PredictedLatency {
  double tpot = 0, ttft = 0;
};
PredictedLatency predicted_latency(models::StepCost&, const ServingPoint&);

}  // namespace flotilla::analysis
