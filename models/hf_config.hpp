// Reads a model's shape from the config.json that Hugging Face publishes with every checkpoint.
#pragma once

#include <string>
#include <vector>

#include "models/llm.hpp"

namespace flotilla::models {

/// Architectures whose costs are modelled: dense decoders of the Llama shape.
const std::vector<std::string>& known_architectures();

/// `path` is a config.json or a directory that holds one; hf_quant_config.json beside it is read as well. The model is
/// named after the directory (or the file, where it has another name). Understands text_config of multimodal models,
/// head_dim and num_key_value_heads left out, torch_dtype and dtype, and the quantisation methods fp8, mxfp4, modelopt,
/// compressed-tensors, awq and gptq. Throws InputError with line and column: malformed JSON, keys that are missing, of
/// a wrong type or out of range. Families without physics are read like any other: see `unmodelled`. An unknown
/// architecture is refused.
Llm read_hf_config(const std::string& path);
/// The same from text; `file` is for errors.
Llm parse_hf_config(const std::string& text, const std::string& file, const std::string& name);

}  // namespace flotilla::models
