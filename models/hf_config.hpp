// Reads a model's shape from the config.json that Hugging Face publishes with every checkpoint.
#pragma once

#include <string>

#include "models/llm.hpp"

namespace flotilla::models {

/// `path` is a config.json or a directory that holds one; hf_quant_config.json beside it is read as well. The model is
/// named after the directory (or the file, where it has another name). Understands the language model inside a
/// multimodal one, keys left out or spelt otherwise, layers of several kinds (hf_layers.hpp) and quantisation
/// (hf_quantization.hpp). Throws InputError with line and column: malformed JSON, keys that are missing, of a wrong
/// type or out of range, an unknown architecture. A family known to have no physics here is read as far as its keys are
/// shared, with `unknown_layers` set: see `unmodelled`.
///
/// Sparse attention over a learned index (DeepSeek-V3.2, GLM-5: `index_topk`) is read as full attention, with a caveat:
/// up to index_topk tokens the two are the same, beyond that the attention of a step comes out too slow and never too
/// fast; a refusal would keep out models of which everything else is known.
Llm read_hf_config(const std::string& path);
/// The same from text; `file` is for errors.
Llm parse_hf_config(const std::string& text, const std::string& file, const std::string& name);

}  // namespace flotilla::models
