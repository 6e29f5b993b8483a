// Which families of decoders a config.json may describe, and which are known to need costs that there are none of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/hf_keys.hpp"

namespace flotilla::models {

/// What a family's code takes for granted, and its files therefore leave out.
struct HfFamily {
  std::string_view architecture;              ///< "Qwen3ForCausalLM"
  std::vector<std::string_view> model_types;  ///< of the model, and of the language model inside a multimodal one
  bool qkv_bias = false;                      ///< where `attention_bias` is not stated
  bool qk_norm = false;
  bool expert_bias = false;
  bool tied_embeddings = false;    ///< where `tie_word_embeddings` is not stated
  bool window_on_request = false;  ///< `sliding_window` counts only with `use_sliding_window: true`
  int full_attention_every = 0;    ///< where layers are not listed: every so many-th sees everything; 0 = none does
  int chunk = 0;                   ///< tokens: chunked attention where `attention_chunk_size` is not stated
  bool shared_as_wide_as_routed = false;  ///< each sparse layer has one shared expert of `intermediate_size`
  int heads = 0, kv_heads = 0, head_dim = 0, vocab = 0;  ///< defaults of the class; 0 = the file must say
};

/// The family of a file, by its class or else by its type; nullptr if it is none of those known.
const HfFamily* family_of(const HfKeys&);

/// The classes that are known, for messages.
std::vector<std::string> known_architectures();

/// What the model needs that has no cost ("state-space layers (Mamba)"), judged by its class and the kinds of its
/// layers; "" if nothing of that is seen.
std::string without_physics(const HfKeys&);

}  // namespace flotilla::models
