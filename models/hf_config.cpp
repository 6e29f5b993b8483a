#include "models/hf_config.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "models/hf_families.hpp"
#include "models/hf_keys.hpp"
#include "models/hf_layers.hpp"
#include "models/hf_quantization.hpp"
#include "models/json_source.hpp"

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;
using Names = HfKeys::Names;

const Names kLayers{"num_hidden_layers", "n_layer", "num_layers", "n_layers"};
const Names kHidden{"hidden_size", "n_embd", "d_model", "dim"};
const Names kHeads{"num_attention_heads", "n_head", "n_heads"};
const Names kExperts{"n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts", "num_routed_experts"};
const Names kExpertsPerToken{"num_experts_per_tok", "experts_per_token", "num_experts_per_token", "moe_k", "moe_topk"};
const Names kExpertWidth{"moe_intermediate_size", "expert_intermediate_size", "moe_ffn_hidden_size"};
const Names kSharedWidth{"shared_expert_intermediate_size", "shared_intermediate_size",
                         "moe_shared_expert_intermediate_size"};
const Names kSharedExperts{"n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts"};
const Names kPredictors{"num_nextn_predict_layers", "num_mtp_modules", "mtp_num_hidden_layers"};

/// A figure that the family's class supplies where the file leaves it out.
int stated_or(const HfKeys& keys, const Names& names, int otherwise) {
  return otherwise > 0 ? keys.integer(names, 1).value_or(otherwise) : keys.required(names);
}

void read_latent_attention(const HfKeys& keys, Llm& llm) {
  llm.q_lora_rank = keys.optional({"q_lora_rank"});
  llm.qk_nope_head_dim = keys.required({"qk_nope_head_dim"});
  llm.qk_rope_head_dim = keys.required({"qk_rope_head_dim"});
  llm.v_head_dim = keys.required({"v_head_dim"});
  llm.kv_heads = llm.heads;
  llm.head_dim = llm.qk_nope_head_dim + llm.qk_rope_head_dim;
}

void read_grouped_attention(const HfKeys& keys, const HfFamily& family, Llm& llm) {
  const int kv_heads = family.kv_heads > 0 ? family.kv_heads : llm.heads;
  llm.kv_heads = keys.integer({"num_key_value_heads", "num_kv_heads", "multi_query_group_num"}, 1).value_or(kv_heads);
  if (llm.heads % llm.kv_heads != 0) {
    keys.fail({"num_key_value_heads"},
              fmt::format("{} query heads do not divide into {} KV heads", llm.heads, llm.kv_heads));
  }
  const auto head_dim = keys.integer({"head_dim", "attention_head_dim", "kv_channels"}, 1);
  llm.head_dim = head_dim.value_or(family.head_dim > 0 ? family.head_dim : llm.hidden / llm.heads);
  if (!head_dim && family.head_dim == 0 && llm.hidden % llm.heads != 0) {
    keys.fail({"hidden_size"},
              fmt::format("{} does not divide into {} heads, and no head_dim is given", llm.hidden, llm.heads));
  }
}

void read_attention(const HfKeys& keys, const HfFamily& family, Llm& llm) {
  llm.heads = stated_or(keys, kHeads, family.heads);
  llm.kv_lora_rank = keys.optional({"kv_lora_rank"});
  if (llm.latent_attention()) {
    read_latent_attention(keys, llm);
  } else {
    read_grouped_attention(keys, family, llm);
  }
  llm.attention_bias = keys.flag({"attention_bias", "qkv_bias", "use_qkv_bias"}, family.qkv_bias);
  llm.qk_norm = keys.flag({"use_qk_norm"}, family.qk_norm);
  if (const int kept = keys.optional({"index_topk"}); kept > 0) {
    llm.caveat = fmt::format(
        "its sparse attention ({} tokens chosen by an index) is costed as attention to all tokens: too slow beyond {} "
        "tokens of context; the index's own weights and cache are not counted",
        kept, kept);
  }
}

/// Widths of the MLPs of both kinds of layers. Families of which every layer has experts say their width under
/// `intermediate_size` (Mixtral, gpt-oss, MiniMax-M2); Llama 4 that of its dense layers under `intermediate_size_mlp`.
void read_mlps(const HfKeys& keys, const HfFamily& family, Llm& llm) {
  llm.experts = keys.optional(kExperts);
  if (llm.experts == 0) {
    llm.intermediate = keys.required({"intermediate_size", "ffn_hidden_size"});
    return;
  }
  llm.moe_layers = layers_with_experts(keys, llm.layers);
  llm.experts_per_token = keys.required(kExpertsPerToken);
  if (llm.experts_per_token > llm.experts)
    keys.fail(kExpertsPerToken,
              fmt::format("a token cannot visit {} of {} experts", llm.experts_per_token, llm.experts));
  const auto width = keys.integer(kExpertWidth, 1);
  llm.moe_intermediate = width ? *width : keys.required({"intermediate_size"});
  const int shared = family.shared_as_wide_as_routed ? 1 : keys.optional(kSharedExperts);
  llm.shared_intermediate = keys.optional(kSharedWidth, shared * llm.moe_intermediate);
  llm.expert_bias = family.expert_bias;
  if (llm.dense_layers() > 0)
    llm.intermediate = keys.required({"intermediate_size_mlp", "dense_intermediate_size", "intermediate_size"});
}

void apply(const HfQuantization& quantization, Llm& llm) {
  if (!quantization.weights) return;
  llm.checkpoint_weights = quantization.weights;
  llm.fp8_block_scales = quantization.block_scales;
  const bool excluded = quantization.experts_only && llm.experts > 0;
  if (excluded || excludes_attention(quantization.excluded, llm.layers)) llm.attention_weights = NumberFormat::kBf16;
}

void read_formats(const HfKeys& keys, Llm& llm) {
  const auto type = keys.text({"torch_dtype", "dtype"});
  if (type == "bfloat16" || type == "float16") llm.checkpoint_weights = NumberFormat::kBf16;
  const auto* quantization = keys.find({"quantization_config"});
  if (quantization == nullptr || !quantization->is_object()) return;
  llm.checkpoint_weights = std::nullopt;
  apply(quantization_of(*quantization), llm);
}

/// What a refusal can say: whatever has a name that others use, too.
void read_what_is_common(const HfKeys& keys, Llm& llm) {
  llm.architecture = keys.architecture();
  const auto number = [&](const Names& names) {
    const auto* value = keys.find(names);
    return value != nullptr && value->is_number_integer() ? keys.optional(names) : 0;
  };
  llm.layers = number(kLayers);
  llm.hidden = number(kHidden);
  llm.heads = number(kHeads);
  llm.experts = number(kExperts);
}

[[noreturn]] void refuse_unknown(const HfKeys& keys) {
  const auto architecture = keys.architecture();
  if (architecture.empty() && keys.model_type().empty())
    keys.fail({"architectures"}, "neither 'architectures' nor 'model_type' says which model this is");
  keys.fail({"architectures"},
            fmt::format("unknown architecture '{}'", architecture.empty() ? keys.model_type() : architecture),
            fmt::format("known: {}; a model of their shape can be described in a YAML file",
                        fmt::join(known_architectures(), ", ")));
}

Llm shape_of(const JsonSource& source, const std::string& name) {
  const HfKeys keys(source);
  Llm llm;
  llm.name = name;
  llm.source = source.file();
  llm.unknown_layers = without_physics(keys);
  if (!llm.unknown_layers.empty()) {
    read_what_is_common(keys, llm);
    return llm;
  }
  const auto* family = family_of(keys);
  if (family == nullptr) refuse_unknown(keys);
  llm.architecture = family->architecture;
  llm.layers = keys.required(kLayers);
  llm.hidden = keys.required(kHidden);
  llm.max_position_embeddings = keys.optional({"max_position_embeddings"});
  read_attention(keys, *family, llm);
  read_mlps(keys, *family, llm);
  read_windows(keys, *family, llm);
  llm.vocab = stated_or(keys, {"vocab_size"}, family->vocab);
  llm.tied_embeddings = keys.flag({"tie_word_embeddings"}, family->tied_embeddings);
  llm.nextn_predict_layers = keys.flag({"use_mtp"}, true) ? keys.optional(kPredictors) : 0;
  read_formats(keys, llm);
  return llm;
}

std::string name_from(const fs::path& file) {
  if (file.filename() != "config.json") return file.stem().string();
  const auto folder = fs::absolute(file).lexically_normal().parent_path().filename().string();
  return folder.empty() ? "config" : folder;
}

}  // namespace

Llm parse_hf_config(const std::string& text, const std::string& file, const std::string& name) {
  return shape_of(JsonSource(text, file), name);
}

Llm read_hf_config(const std::string& path) {
  const fs::path given(path);
  std::error_code ignored;
  const auto file = fs::is_directory(given, ignored) ? given / "config.json" : given;
  auto llm = shape_of(JsonSource::load(file.string()), name_from(file));
  const auto quantization = file.parent_path() / "hf_quant_config.json";
  if (fs::exists(quantization, ignored) && llm.unknown_layers.empty())
    apply(quantization_of_hf_quant_config(JsonSource::load(quantization.string()).root()), llm);
  return llm;
}

}  // namespace flotilla::models
