#include <doctest/doctest.h>

#include "models/hf_config.hpp"

using namespace flotilla;
using namespace flotilla::models;

namespace {

/// Twelve layers with four KV heads, and `extra` keys of a family.
Llm read(const std::string& architecture, const std::string& extra) {
  return parse_hf_config("{\"architectures\": [\"" + architecture +
                             R"("], "hidden_size": 512, "intermediate_size": 1024,
    "num_attention_heads": 8, "num_key_value_heads": 4, "num_hidden_layers": 12, "vocab_size": 1000,
    "max_position_embeddings": 65536)" +
                             (extra.empty() ? "" : ", " + extra) + "}",
                         "config.json", "small");
}

std::string error_of(const std::string& architecture, const std::string& extra) {
  try {
    read(architecture, extra);
  } catch (const InputError& error) {
    return error.message();
  }
  return "accepted";
}

const std::string kExperts = R"("num_experts": 16, "num_experts_per_tok": 4, "moe_intermediate_size": 256)";

}  // namespace

TEST_CASE("experts are found under every spelling, in every layer if nothing else is said") {
  for (const std::string experts : {"num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts"}) {
    for (const std::string chosen : {"num_experts_per_tok", "experts_per_token", "moe_k"}) {
      CAPTURE(experts);
      const auto llm = read("MixtralForCausalLM", "\"" + experts + "\": 16, \"" + chosen + "\": 4");
      CHECK(llm.experts == 16);
      CHECK(llm.experts_per_token == 4);
      CHECK(llm.moe_intermediate == 1024);  // where no width of the experts is stated, intermediate_size is theirs
      CHECK(llm.moe_layers == 12);
      CHECK(llm.intermediate == 0);
    }
  }
  CHECK(error_of("MixtralForCausalLM", "\"num_local_experts\": 8") == "'num_experts_per_tok' is missing");
  CHECK(error_of("MixtralForCausalLM", "\"num_local_experts\": 8, \"num_experts_per_tok\": 9") ==
        "a token cannot visit 9 of 8 experts");
}

TEST_CASE("layers without experts are counted by each family's rule") {
  const auto sparse = [](const std::string& rule) { return read("DeepseekV3ForCausalLM", kExperts + rule).moe_layers; };
  CHECK(sparse(R"(, "first_k_dense_replace": 3)") == 9);
  CHECK(sparse(R"(, "first_k_dense_replace": 3, "moe_layer_freq": 2)") == 4);  // 4, 6, 8, 10
  CHECK(sparse(R"(, "moe_layer_freq": [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])") == 10);
  CHECK(sparse(R"(, "decoder_sparse_step": 2)") == 6);                                 // 1, 3, ..., 11
  CHECK(sparse(R"(, "decoder_sparse_step": 2, "mlp_only_layers": [1, 2, 11])") == 4);  // without 1 and 11
  CHECK(sparse(R"(, "interleave_moe_layer_step": 3)") == 4);                           // 2, 5, 8, 11
  CHECK(sparse(R"(, "moe_layers": [1, 5, 9])") == 3);
  CHECK(sparse(R"(, "moe_layer_start_index": 1, "moe_layer_end_index": 10, "moe_layer_interval": 1)") == 10);
  CHECK(sparse(R"(, "mlp_layer_types": ["dense", "sparse", "sparse", "sparse", "sparse", "sparse", "sparse", "sparse",
                    "sparse", "sparse", "sparse", "sparse"])") == 11);
  CHECK(read("DeepseekV3ForCausalLM", kExperts + R"(, "first_k_dense_replace": 3)").intermediate == 1024);
  CHECK(error_of("DeepseekV3ForCausalLM", kExperts + R"(, "moe_layer_freq": [0, 1])") == "2 entries for 12 layers");
}

TEST_CASE("shared experts are given as a number or as a width") {
  const auto shared = [](const std::string& key) {
    return read("DeepseekV3ForCausalLM", kExperts + key).shared_intermediate;
  };
  CHECK(shared("") == 0);
  CHECK(shared(R"(, "n_shared_experts": 2)") == 512);
  CHECK(shared(R"(, "shared_expert_intermediate_size": 768)") == 768);
  CHECK(shared(R"(, "shared_intermediate_size": 0)") == 0);
  CHECK(shared(R"(, "n_shared_experts": null)") == 0);
}

TEST_CASE("windows: all layers, those listed, or all but every so many-th") {
  const auto windows = [](const std::string& architecture, const std::string& keys) {
    const auto llm = read(architecture, keys);
    return std::pair{llm.window, llm.windowed_layers};
  };
  using P = std::pair<int, int>;
  const std::string w = "\"sliding_window\": 4096";
  CHECK(windows("MistralForCausalLM", w) == P{4096, 12});
  CHECK(windows("MistralForCausalLM", "\"sliding_window\": null") == P{0, 0});
  CHECK(windows("MistralForCausalLM", "\"sliding_window\": 65536") == P{0, 0});  // as long as the longest context
  CHECK(windows("Qwen2ForCausalLM", w) == P{0, 0});  // Qwen's counts only where it is asked for
  CHECK(windows("Qwen2ForCausalLM", w + R"(, "use_sliding_window": true, "max_window_layers": 9)") == P{4096, 3});
  CHECK(windows("Gemma2ForCausalLM", w) == P{4096, 6});
  CHECK(windows("Gemma3ForCausalLM", w) == P{4096, 10});
  CHECK(windows("Gemma3ForCausalLM", w + R"(, "sliding_window_pattern": 4)") == P{4096, 9});
  CHECK(windows("Exaone4ForCausalLM", w + R"(, "sliding_window_pattern": "LLLG")") == P{4096, 9});
  CHECK(
      windows("MistralForCausalLM", w + R"(, "layer_types": ["sliding_attention", "full_attention", "sliding_attention",
      "full_attention", "full_attention", "full_attention", "full_attention", "full_attention", "full_attention",
      "full_attention", "full_attention", "full_attention"])") == P{4096, 2});
  CHECK(error_of("MistralForCausalLM", w + R"(, "layer_types": ["full_attention"])") == "1 entries for 12 layers");
}

TEST_CASE("Llama 4: chunks in the layers with rotary positions, widths under other names, one shared expert") {
  const auto llama4 = [](const std::string& extra) {
    return parse_hf_config(
        R"({"architectures": ["Llama4ForConditionalGeneration"], "model_type": "llama4", "text_config": {
      "model_type": "llama4_text", "hidden_size": 512, "intermediate_size": 1024, "intermediate_size_mlp": 2048,
      "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 64, "num_hidden_layers": 12, "vocab_size": 1000,
      "interleave_moe_layer_step": 2, "num_local_experts": 16, "num_experts_per_tok": 1, "torch_dtype": "bfloat16")" +
            extra + "}}",
        "config.json", "small");
  };
  const auto llm = llama4("");
  CHECK(llm.moe_layers == 6);
  CHECK(llm.moe_intermediate == 1024);
  CHECK(llm.shared_intermediate == 1024);
  CHECK(llm.intermediate == 2048);
  CHECK(llm.window == 8192);  // Llama4TextConfig's default
  CHECK(llm.windowed_layers == 9);
  CHECK(llm.chunked_window);
  CHECK(llama4(R"(, "attention_chunk_size": 4096)").window == 4096);
  CHECK(llama4(R"(, "no_rope_layers": [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0])").windowed_layers == 10);
  CHECK(llm.checkpoint_weights == NumberFormat::kBf16);
}

TEST_CASE("latent attention is read with and without a query latent") {
  const std::string latent =
      R"("kv_lora_rank": 128, "qk_nope_head_dim": 32, "qk_rope_head_dim": 16, "v_head_dim": 32, "num_nextn_predict_layers": 1)";
  const auto llm = read("DeepseekV3ForCausalLM", kExperts + ", \"q_lora_rank\": 192, " + latent);
  CHECK(llm.latent_attention());
  CHECK(llm.q_lora_rank == 192);
  CHECK(llm.kv_heads == 8);
  CHECK(llm.head_dim == 48);
  CHECK(llm.nextn_predict_layers == 1);
  CHECK(read("DeepseekV2ForCausalLM", kExperts + ", \"q_lora_rank\": null, " + latent).q_lora_rank == 0);
  CHECK(error_of("DeepseekV2ForCausalLM", "\"kv_lora_rank\": 128") == "'qk_nope_head_dim' is missing");
  const auto sparse = read("DeepseekV32ForCausalLM", kExperts + ", \"index_topk\": 2048, " + latent);
  CHECK(sparse.caveat.find("sparse attention (2048 tokens") != std::string::npos);
  CHECK(unmodelled(sparse).empty());
  CHECK(llm.caveat.empty());
}

TEST_CASE("what a family leaves out is known") {
  CHECK(read("Qwen2ForCausalLM", "").attention_bias);
  CHECK(read("Qwen3MoeForCausalLM", kExperts).qk_norm);
  CHECK(read("GemmaForCausalLM", "").tied_embeddings);
  CHECK_FALSE(read("LlamaForCausalLM", "").tied_embeddings);
  CHECK(read("GptOssForCausalLM", kExperts).expert_bias);
  const auto gemma =
      parse_hf_config(R"({"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {"model_type":
    "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "sliding_window": 1024}})",
                      "config.json", "gemma");
  CHECK(gemma.heads == 8);  // Gemma3TextConfig's defaults
  CHECK(gemma.kv_heads == 4);
  CHECK(gemma.head_dim == 256);
  CHECK(gemma.vocab == 262208);
  CHECK(gemma.windowed_layers == 29);  // 34 - 34 / 6
}

TEST_CASE("what has no cost is named, with what could be read") {
  const auto reason = [](const std::string& architecture, const std::string& extra = "") {
    return unmodelled(read(architecture, extra));
  };
  CHECK(reason("Qwen3NextForCausalLM") == "linear attention (Qwen3NextForCausalLM)");
  CHECK(reason("LlamaForCausalLM", R"("layer_types": ["linear_attention", "full_attention", "linear_attention"])") ==
        "linear_attention in 2 of 3 layers");
  CHECK(reason("NemotronHForCausalLM") == "state-space layers (NemotronHForCausalLM)");
  CHECK(reason("FalconForCausalLM") == "MLPs without a gate (FalconForCausalLM)");
  CHECK(reason("FalconH1ForCausalLM") == "state-space layers (FalconH1ForCausalLM)");
  CHECK(reason("SomeForConditionalGeneration", "\"is_encoder_decoder\": true") == "an encoder beside its decoder");
  CHECK(reason("SomeForCausalLM", "\"full_attention_interval\": 4") == "linear attention");
  CHECK(reason("SomeForCausalLM", "\"hybrid_override_pattern\": \"M-M*\"") == "state-space layers");
  const auto gpt2 = parse_hf_config(
      R"({"architectures": ["GPT2LMHeadModel"], "n_layer": 12, "n_embd": 768, "n_head": 12})", "config.json", "gpt2");
  CHECK(unmodelled(gpt2) == "MLPs without a gate (GPT2LMHeadModel)");
  CHECK(gpt2.layers == 12);
  CHECK(gpt2.hidden == 768);
  CHECK(gpt2.heads == 12);
}
