// The words of a table of measurements for models, GPUs, engines and number formats, and what the catalogue calls them.
#pragma once

#include <string>

#include "analysis/validate/points.hpp"

namespace flotilla::analysis {

/// Catalogue name of the table's model; "" where none is known.
std::string model_of(const std::string& label);
/// Is it a mixture of experts?
bool is_mixture(const std::string& label);
/// Catalogue name of the table's GPU; "" where none is known.
std::string gpu_of(const std::string& label);
/// Catalogue name of the engine, whatever stands around it ("TensorRT-LLM + Triton", "vLLM nightly"); "" if unknown.
std::string engine_of(const std::string& label);
/// Number format of the weights: "fp4" means NVFP4, but MXFP4 for gpt-oss; blank and fp16 mean BF16, "fp8? (not
/// stated)" FP8. "" if unknown.
std::string weights_of(const MeasuredPoint&);
/// The engine's release; where the table has none, the one current at its date. "" if that is unknown, too.
std::string release_of(const MeasuredPoint&);

}  // namespace flotilla::analysis
