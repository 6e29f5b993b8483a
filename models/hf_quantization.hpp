// In which number format a checkpoint stores its weights, by the several ways in which Hugging Face files say it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "models/number_format.hpp"

namespace flotilla::models {

/// `quantization_config` of a config.json: methods fp8, mxfp4, modelopt, compressed-tensors, awq, gptq. Empty for
/// others.
std::optional<NumberFormat> format_of_quantization_config(const nlohmann::json&);
/// hf_quant_config.json as NVIDIA's Model Optimizer writes it: {"quantization": {"quant_algo": "NVFP4"}}.
std::optional<NumberFormat> format_of_hf_quant_config(const nlohmann::json&);

}  // namespace flotilla::models
