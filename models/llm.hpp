// A language model's shape, as its Hugging Face config.json states it, and the sizes that follow from the shape.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/number_format.hpp"
#include "models/sourced.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// A decoder with a gated MLP or a mixture of gated experts in each layer, and grouped-query or multi-head latent
/// attention, full or windowed. Layers are counted by kind, not listed: which of them are dense, sparse, full or
/// windowed changes no cost. Other families are read and named, so that they can be refused with a reason: see
/// `unmodelled`.
struct Llm {
  std::string name;          ///< "llama-3.3-70b"
  std::string architecture;  ///< as Hugging Face names it: "LlamaForCausalLM"
  int layers = 0;
  int hidden = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int intermediate = 0;  ///< width of the MLP in layers without experts; 0 if every layer has experts
  int vocab = 0;
  bool tied_embeddings = false;  ///< lm_head shares the embedding table
  bool attention_bias = false;   ///< q, k, v carry biases (negligible bytes; counted)
  bool expert_bias = false;      ///< the matrices of experts and routers carry biases (gpt-oss; counted)
  bool qk_norm = false;          ///< RMS norms over each head of q and k (Qwen3)
  int max_position_embeddings = 0;
  std::optional<NumberFormat> checkpoint_weights;  ///< the format in which the checkpoint is stored, where stated

  /// The format of the attention projections, where the checkpoint does not quantise them with the rest: BF16 in
  /// gpt-oss (MXFP4 experts only). Unset: as `weights`.
  std::optional<NumberFormat> attention_weights;
  /// The same in FP4 checkpoints alone: BF16 in NVIDIA's of DeepSeek-R1, whose FP8 original has FP8 attention.
  std::optional<NumberFormat> fp4_attention_weights;
  bool fp8_block_scales = false;  ///< FP8 weights carry a scale per 128 x 128 block (DeepSeek, Qwen3, MiniMax)

  // Mixture of experts.
  int experts = 0;              ///< routed experts of a sparse layer; 0 = dense model
  int experts_per_token = 0;    ///< of which each token visits so many
  int moe_intermediate = 0;     ///< width of one routed expert
  int shared_intermediate = 0;  ///< width of the expert that every token visits, all shared experts together; 0 = none
  int moe_layers = 0;           ///< layers with experts; the other layers - moe_layers are dense

  // Windowed attention.
  int window = 0;               ///< tokens; 0 = no layer has one
  int windowed_layers = 0;      ///< layers that see no farther than the window; the others see everything
  bool chunked_window = false;  ///< the window does not slide: a token sees its own chunk of `window` tokens (Llama 4)

  // Multi-head latent attention (DeepSeek); head_dim and kv_heads mean nothing then.
  int kv_lora_rank = 0;  ///< > 0: latent attention; the cache holds kv_lora_rank + qk_rope_head_dim values per token
  int q_lora_rank = 0;   ///< 0: queries are projected directly
  int qk_nope_head_dim = 0;
  int qk_rope_head_dim = 0;
  int v_head_dim = 0;

  int nextn_predict_layers = 0;  ///< multi-token prediction modules of the checkpoint; used if speculation is asked for
  std::string unknown_layers;  ///< layers of a kind without physics ("linear attention"), from config.json; "" if none
  std::string caveat;          ///< what the costs leave out of this model, in a sentence for users; "" as a rule

  std::string source;  ///< where these figures were read

  [[nodiscard]] bool latent_attention() const { return kv_lora_rank > 0; }
  [[nodiscard]] int dense_layers() const { return layers - moe_layers; }
  [[nodiscard]] int full_layers() const { return layers - windowed_layers; }

  static const reader::Schema<Llm>& schema();
};

/// Numbers of parameters. Quantisation covers the matrices inside the layers but the router; embedding and lm_head stay
/// BF16 in the quantised checkpoints in use (NVIDIA's and Red Hat's FP8 and NVFP4 checkpoints list lm_head as not
/// quantised), and so does the attention where the model says so (`attention_weights`).
struct Parameters {
  double attention =
      0;  ///< projections: layers * (hidden*(heads + 2*kv_heads)*head_dim + heads*head_dim*hidden), or the latents'
  double mlp = 0;        ///< of dense layers: 3*hidden*intermediate each
  double experts = 0;    ///< routed: moe_layers * experts * 3*hidden*moe_intermediate
  double shared = 0;     ///< shared experts: moe_layers * 3*hidden*shared_intermediate
  double router = 0;     ///< moe_layers * hidden * experts
  double linear = 0;     ///< attention + mlp + experts + shared
  double embedding = 0;  ///< vocab * hidden
  double lm_head = 0;    ///< vocab * hidden; 0 where tied
  double norms = 0;      ///< (2*layers + 1) * hidden, and biases and q/k norms where there are any
  [[nodiscard]] double total() const { return linear + router + embedding + lm_head + norms; }
};

Parameters parameters(const Llm&);
/// The format of the attention's projections in a model whose other matrices are in `weights`.
NumberFormat attention_format(const Llm&, NumberFormat weights);
/// Those that a token meets: of the routed experts only its own.
double active_parameters(const Llm&);

/// How a replica divides a model: see Deployment.
struct Sharding {
  int tensor_parallel = 1;
  int expert_ranks = 1;  ///< tp * dp: GPUs among which the experts of a layer are divided
  int stages = 1;        ///< pipeline
};

/// All weights resident on the GPUs together, once: the layers in `weights`, the rest BF16.
Bytes weight_bytes(const Llm&, NumberFormat weights);
/// Weights on one GPU of the largest pipeline stage: k and v projections replicate beyond the number of KV heads,
/// latent down-projections, routers and norms are on each; first and last stage alike hold the vocabulary.
Bytes weight_bytes_per_gpu(const Llm&, NumberFormat weights, const Sharding&);
Bytes weight_bytes_per_gpu(const Llm&, NumberFormat weights, int tensor_parallel_size);

/// Weights read by one decode step of one sequence, all GPUs together: all but the embedding table, of which only a row
/// per token is read, and the experts that the token does not visit.
Bytes streamed_bytes(const Llm&, NumberFormat weights);

/// KV heads that each of `tensor_parallel_size` GPUs holds: at least one, so heads replicate beyond their number.
int kv_heads_per_gpu(const Llm&, int tensor_parallel_size);
/// 2 (k and v) * layers * kv_heads * head_dim * bytes: 327,680 for Llama 3.3 70B in BF16.
Bytes kv_bytes_per_token(const Llm&, NumberFormat kv_cache);
Bytes kv_bytes_per_token_per_gpu(const Llm&, NumberFormat kv_cache, int tensor_parallel_size);

/// Why this version cannot cost the model ("linear attention in 36 of 48 layers"); "" if it can.
std::string unmodelled(const Llm&);

/// A catalogue name, a path to a config.json or to a directory that holds one (with hf_quant_config.json where
/// quantised), or a user's YAML. Throws InputError: unknown name (did you mean), malformed JSON (line and column),
/// missing or impossible figures, an unknown architecture, or a family that `unmodelled` names.
Llm load_llm(const std::string& name_or_path);
/// The same for a value in a scenario: errors point at it; relative paths are relative to its file.
Llm load_llm(const reader::Node&);

}  // namespace flotilla::models
