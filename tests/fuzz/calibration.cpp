// Coefficients of a user's own: read, and used for a step.
#include "models/calibration.hpp"

#include "models/step_cost.hpp"
#include "tests/fuzz/target.hpp"

void flotilla::fuzz::read(std::string text) {
  const auto calibration = models::read_calibration(reader::Document::from_text(std::move(text), "calibration.yaml"));
  static const auto deployment = models::default_deployment(models::load_llm("llama-3.1-8b"),
                                                            models::load_gpu("h100-sxm"), models::load_engine("vllm"));
  models::StepCost cost(deployment, calibration);
  models::MixedBatch batch;
  batch.decode_seqs = 4;
  batch.decode_kv_tokens = 4000;
  (void)cost.mixed(batch);
}
