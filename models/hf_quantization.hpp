// In which number format a checkpoint stores its weights, by the several ways in which Hugging Face files say it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/number_format.hpp"

namespace flotilla::models {

struct HfQuantization {
  std::optional<NumberFormat> weights;  ///< of the matrices that are quantised; empty for methods that are not known
  bool block_scales = false;            ///< FP8 with a scale per block of a matrix
  bool experts_only = false;            ///< the method covers the experts alone: transformers' mxfp4
  std::vector<std::string> excluded;    ///< modules that stay as they were, as the file names them
};

/// `quantization_config` of a config.json: methods fp8, fbgemm_fp8, mxfp4, modelopt (also modelopt_fp4),
/// compressed-tensors, quark, awq and gptq; exclusions under modules_to_not_convert, ignore, ignored_layers,
/// exclude_modules and exclude.
HfQuantization quantization_of(const nlohmann::json& quantization_config);

/// hf_quant_config.json as NVIDIA's Model Optimizer writes it: {"quantization": {"quant_algo": "NVFP4",
/// "exclude_modules": ["lm_head"]}}.
HfQuantization quantization_of_hf_quant_config(const nlohmann::json& file);

/// Do the exclusions cover the attention's projections in most of the layers? Names are matched as the tools do:
/// "re:" and a regular expression, shell patterns with *, or a run of whole parts of the dotted name ("self_attn").
bool excludes_attention(const std::vector<std::string>& excluded, int layers);

}  // namespace flotilla::models
