#include "models/hf_families.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace flotilla::models {
namespace {

using std::string_view;

// Source of the defaults: the configuration classes of Hugging Face transformers, src/transformers/models/*/
// configuration_*.py; of MiniMax-M2 and Kimi-K2, the configuration files beside their checkpoints.
const std::vector<HfFamily> kFamilies = {
    {.architecture = "LlamaForCausalLM", .model_types = {"llama"}},
    {.architecture = "MistralForCausalLM", .model_types = {"mistral"}},
    {.architecture = "Ministral3ForCausalLM", .model_types = {"ministral3"}},
    {.architecture = "Qwen2ForCausalLM",
     .model_types = {"qwen2", "qwen2_vl", "qwen2_5_vl", "qwen2_5_vl_text", "qwen2_vl_text"},
     .qkv_bias = true,
     .window_on_request = true},
    {.architecture = "Qwen3ForCausalLM",
     .model_types = {"qwen3", "qwen3_vl_text"},
     .qk_norm = true,
     .window_on_request = true},
    {.architecture = "Phi3ForCausalLM", .model_types = {"phi3"}},
    {.architecture = "GemmaForCausalLM", .model_types = {"gemma"}, .tied_embeddings = true},
    {.architecture = "Gemma2ForCausalLM",
     .model_types = {"gemma2"},
     .tied_embeddings = true,
     .full_attention_every = 2},
    {.architecture = "Gemma3ForCausalLM",
     .model_types = {"gemma3_text"},
     .qk_norm = true,
     .tied_embeddings = true,
     .full_attention_every = 6,
     .heads = 8,
     .kv_heads = 4,
     .head_dim = 256,
     .vocab = 262208},
    {.architecture = "GraniteForCausalLM", .model_types = {"granite"}},
    {.architecture = "SmolLM3ForCausalLM", .model_types = {"smollm3"}, .window_on_request = true},
    {.architecture = "SeedOssForCausalLM", .model_types = {"seed_oss"}, .qkv_bias = true},
    {.architecture = "Olmo2ForCausalLM", .model_types = {"olmo2"}, .qk_norm = true},
    {.architecture = "Exaone4ForCausalLM", .model_types = {"exaone4"}, .qk_norm = true},
    {.architecture = "Glm4ForCausalLM", .model_types = {"glm4"}},
    {.architecture = "CohereForCausalLM", .model_types = {"cohere"}, .tied_embeddings = true},
    {.architecture = "Cohere2ForCausalLM",
     .model_types = {"cohere2"},
     .tied_embeddings = true,
     .full_attention_every = 4},
    {.architecture = "Ernie4_5ForCausalLM", .model_types = {"ernie4_5"}, .tied_embeddings = true},
    {.architecture = "MixtralForCausalLM", .model_types = {"mixtral"}},
    {.architecture = "Qwen2MoeForCausalLM", .model_types = {"qwen2_moe"}, .qkv_bias = true, .window_on_request = true},
    {.architecture = "Qwen3MoeForCausalLM",
     .model_types = {"qwen3_moe", "qwen3_vl_moe_text", "qwen3_omni_moe_text"},
     .qk_norm = true,
     .window_on_request = true},
    {.architecture = "GptOssForCausalLM",
     .model_types = {"gpt_oss"},
     .qkv_bias = true,
     .expert_bias = true,
     .full_attention_every = 2},
    {.architecture = "DeepseekForCausalLM", .model_types = {"deepseek"}},
    {.architecture = "DeepseekV2ForCausalLM", .model_types = {"deepseek_v2"}},
    {.architecture = "DeepseekV3ForCausalLM", .model_types = {"deepseek_v3", "kimi_k2", "kimi_k25"}},
    {.architecture = "DeepseekV32ForCausalLM", .model_types = {"deepseek_v32"}},
    {.architecture = "Glm4MoeForCausalLM", .model_types = {"glm4_moe", "glm4v_moe_text"}},
    {.architecture = "Glm4MoeLiteForCausalLM", .model_types = {"glm4_moe_lite"}},
    {.architecture = "GlmMoeDsaForCausalLM", .model_types = {"glm_moe_dsa"}},
    {.architecture = "MiniMaxM2ForCausalLM", .model_types = {"minimax_m2"}, .qk_norm = true},
    {.architecture = "Llama4ForCausalLM",
     .model_types = {"llama4_text", "llama4"},
     .full_attention_every = 4,
     .chunk = 8192,
     .shared_as_wide_as_routed = true},
    {.architecture = "PhiMoEForCausalLM", .model_types = {"phimoe"}},
    {.architecture = "OlmoeForCausalLM", .model_types = {"olmoe"}, .qk_norm = true},
    {.architecture = "GraniteMoeForCausalLM", .model_types = {"granitemoe", "granitemoeshared"}},
    {.architecture = "Ernie4_5_MoeForCausalLM", .model_types = {"ernie4_5_moe"}},
    {.architecture = "Dots1ForCausalLM", .model_types = {"dots1"}, .qk_norm = true},
    {.architecture = "BailingMoeV2ForCausalLM", .model_types = {"bailing_moe_v2"}, .qk_norm = true},
};

/// How names of classes begin, and what their models need.
const std::vector<std::pair<string_view, string_view>>& classes_without_physics() {
  static constexpr string_view kLinear = "linear attention", kState = "state-space layers",
                               kUngated = "MLPs without a gate", kEncoder = "an encoder",
                               kUneven = "layers of different shapes";
  static const std::vector<std::pair<string_view, string_view>> kClasses{{"Qwen3Next", kLinear},
                                                                         {"Qwen3_5", kLinear},
                                                                         {"KimiLinear", kLinear},
                                                                         {"MiniMaxText01", kLinear},
                                                                         {"MiniMaxM1", kLinear},
                                                                         {"MiniMaxForCausal", kLinear},
                                                                         {"BailingMoeLinear", kLinear},
                                                                         {"BailingMoeV2_5", kLinear},
                                                                         {"Mamba", kState},
                                                                         {"FalconMamba", kState},
                                                                         {"FalconH1", kState},
                                                                         {"NemotronH", kState},
                                                                         {"Jamba", kState},
                                                                         {"Bamba", kState},
                                                                         {"Zamba", kState},
                                                                         {"GraniteMoeHybrid", kState},
                                                                         {"Plamo2", kState},
                                                                         {"Lfm2", "convolutions"},
                                                                         {"RWKV", "recurrent layers"},
                                                                         {"Rwkv", "recurrent layers"},
                                                                         {"RecurrentGemma", "recurrent layers"},
                                                                         {"Falcon", kUngated},
                                                                         {"RWForCausal", kUngated},
                                                                         {"Bloom", kUngated},
                                                                         {"GPT2", kUngated},
                                                                         {"GPTNeo", kUngated},
                                                                         {"GPTJ", kUngated},
                                                                         {"GPTBigCode", kUngated},
                                                                         {"OPT", kUngated},
                                                                         {"MPT", kUngated},
                                                                         {"Mpt", kUngated},
                                                                         {"Starcoder2", kUngated},
                                                                         {"PhiForCausalLM", kUngated},
                                                                         {"NemotronForCausalLM", kUngated},
                                                                         {"Arcee", kUngated},
                                                                         {"Apertus", kUngated},
                                                                         {"Bert", kEncoder},
                                                                         {"Roberta", kEncoder},
                                                                         {"XLMRoberta", kEncoder},
                                                                         {"T5", kEncoder},
                                                                         {"MT5", kEncoder},
                                                                         {"UMT5", kEncoder},
                                                                         {"Bart", kEncoder},
                                                                         {"Whisper", kEncoder},
                                                                         {"DeciLM", kUneven},
                                                                         {"NemotronNAS", kUneven},
                                                                         {"Gemma3n", kUneven},
                                                                         {"MiMoV2", kUneven},
                                                                         {"Longcat", "experts that do nothing"}};
  return kClasses;
}

/// Layers by the words of `layer_types`; full and windowed attention are costed.
std::string unknown_kinds(const HfKeys& keys) {
  static const std::vector<std::string> kKnown{"full_attention", "sliding_attention", "chunked_attention", "attention"};
  std::map<std::string, int> others;
  const auto kinds = keys.texts({"layer_types", "layers_block_type"});
  for (const auto& kind : kinds) {
    if (std::find(kKnown.begin(), kKnown.end(), kind) == kKnown.end()) ++others[kind];
  }
  std::vector<std::string> counts;
  for (const auto& [kind, count] : others)
    counts.push_back(fmt::format("{} in {} of {} layers", kind, count, kinds.size()));
  return fmt::format("{}", fmt::join(counts, ", "));
}

}  // namespace

const HfFamily* family_of(const HfKeys& keys) {
  const auto architecture = keys.architecture(), type = keys.model_type();
  for (const auto& family : kFamilies) {
    if (family.architecture == architecture) return &family;
  }
  for (const auto& family : kFamilies) {
    if (std::find(family.model_types.begin(), family.model_types.end(), type) != family.model_types.end())
      return &family;
  }
  return nullptr;
}

std::vector<std::string> known_architectures() {
  std::vector<std::string> names;
  for (const auto& family : kFamilies) names.emplace_back(family.architecture);
  return names;
}

std::string without_physics(const HfKeys& keys) {
  if (auto kinds = unknown_kinds(keys); !kinds.empty()) return kinds;
  const auto architecture = keys.architecture();
  for (const auto& [start, reason] : classes_without_physics()) {
    if (architecture.rfind(start, 0) == 0) return fmt::format("{} ({})", reason, architecture);
  }
  if (keys.flag({"is_encoder_decoder"}, false)) return "an encoder beside its decoder";
  if (keys.has("full_attention_interval") || keys.has("linear_num_value_heads")) return "linear attention";
  if (keys.has("hybrid_override_pattern") || keys.has("mamba_d_state") || keys.has("ssm_cfg"))
    return "state-space layers";
  const auto lightning = keys.integers({"attn_type_list"});
  if (std::count(lightning.begin(), lightning.end(), 0) > 0) return "linear attention";
  return "";
}

}  // namespace flotilla::models
