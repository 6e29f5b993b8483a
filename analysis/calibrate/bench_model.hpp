// Whether measurements are of the model that a scenario names.
#pragma once

#include <string>
#include <vector>

#include "analysis/calibrate/bench_results.hpp"
#include "models/llm.hpp"

namespace flotilla::analysis {

/// Throws InputError at the first result whose model is not that of the first, or which names a model of the catalogue
/// of another shape than `llm`. Checkpoints have many names, so one that names no model of the catalogue is believed.
void refuse_other_models(const models::Llm& llm, const std::vector<BenchResult>&);

/// The catalogue's model in the name of a checkpoint: "llama-3.3-70b" in "nvidia/Llama-3.3-70B-Instruct-FP8"; "" if
/// there is none, or if it is one distilled from it.
std::string catalogue_model_in(const std::string& checkpoint);

}  // namespace flotilla::analysis
