// How many layers of a model are of which kind, by the several ways in which a config.json says so.
#pragma once

#include "models/hf_families.hpp"
#include "models/hf_keys.hpp"
#include "models/llm.hpp"

namespace flotilla::models {

/// Layers with experts, of `layers`: first_k_dense_replace, moe_layer_freq (a number or a list), decoder_sparse_step
/// with mlp_only_layers, interleave_moe_layer_step, moe_layers, mlp_layer_types, and Ernie's moe_layer_start_index,
/// moe_layer_end_index and moe_layer_interval. All layers where none of these is stated.
int layers_with_experts(const HfKeys&, int layers);

/// Sets window, windowed_layers and chunked_window: layer_types, sliding_window with use_sliding_window and
/// max_window_layers, sliding_window_pattern (a number, or letters as in "LLLG"), attention_chunk_size with
/// no_rope_layers or no_rope_layer_interval; or as the family has it. A window as long as the longest context is none.
void read_windows(const HfKeys&, const HfFamily&, Llm&);

}  // namespace flotilla::models
