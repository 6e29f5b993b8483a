// Measured serving points: what was run, and what came out.
#pragma once

#include <string>
#include <vector>

#include "analysis/calibrate/step_replay.hpp"
#include "analysis/validate/points.hpp"
#include "models/calibration.hpp"

namespace flotilla::analysis {

struct ServingPoint {
  std::string id;
  std::string model;  ///< as the table names it
  models::Deployment deployment;
  StepReplay replay;
  int concurrency = 0;        ///< 0 = all requests at once
  double tpot = 0, ttft = 0;  ///< seconds, means; 0 = not measured
  double throughput = 0;      ///< output tokens per second and GPU; 0 = not measured
};

/// The clean, aggregated points of one GPU and engine (catalogue names) whose steps do not depend on their lengths, as
/// `flotilla validate` repeats them. Left out are those of DeepSeek that may speculate, series of which a row implies
/// more arithmetic than the GPU can do, and what the simulator refuses.
std::vector<ServingPoint> serving_points(const std::vector<MeasuredPoint>&, const std::string& gpu,
                                         const std::string& engine);

/// Means over the point's steps. TTFT includes the frontend.
struct PredictedFigures {
  double tpot = 0, ttft = 0, throughput = 0;
};
PredictedFigures predict(models::StepCost&, const ServingPoint&);

}  // namespace flotilla::analysis
