// The flags with which published benchmarks launched their engines, from their launch scripts.
#pragma once

#include "analysis/validate/protocol.hpp"

namespace flotilla::analysis {

/// InferenceX (github.com/SemiAnalysisAI/InferenceX, benchmarks/*.sh): by model, GPU and engine.
void use_inferencex_flags(Setup&, const MeasuredPoint&);

/// The engine's defaults. The KV format follows the checkpoint: with FP8 or FP4 weights TensorRT-LLM's carry FP8 scales
/// for the cache; vLLM's and SGLang's "auto" is BF16.
void use_default_flags(Setup&, const MeasuredPoint&);

}  // namespace flotilla::analysis
