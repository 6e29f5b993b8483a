#include "models/hf_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "models/hf_quantization.hpp"
#include "models/json_source.hpp"

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kLargest = 1'000'000'000;  // no figure of a model's shape comes near

/// The keys of one JSON object, for multimodal models its text_config, with the types and ranges that are expected.
class Keys {
 public:
  explicit Keys(const JsonSource& source) : source_(source), outer_(source.root()) {
    const auto nested = outer_.find("text_config");
    inner_ = nested != outer_.end() && nested->is_object() ? &*nested : &outer_;
  }

  /// The value of the first of `names` that is present and not null; text_config first, then the top.
  [[nodiscard]] const json* find(const std::vector<std::string>& names) const {
    for (const json* object : {inner_, &outer_}) {
      for (const auto& name : names) {
        const auto found = object->find(name);
        if (found != object->end() && !found->is_null()) return &*found;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::optional<int> integer(const std::vector<std::string>& names, int least) const {
    const json* value = find(names);
    if (value == nullptr) return std::nullopt;
    const bool whole = value->is_number_integer();
    if (!whole || *value < least || *value > kLargest) {
      fail(names, fmt::format("{} is not a whole number from {} to {}", value->dump(), least, kLargest));
    }
    return value->get<int>();
  }

  [[nodiscard]] int required(const std::string& name) const {
    const auto value = integer({name}, 1);
    if (!value) source_.fail(name, fmt::format("'{}' is missing", name), "needed to know the model's shape");
    return *value;
  }

  [[nodiscard]] int optional(const std::vector<std::string>& names, int otherwise = 0) const {
    return integer(names, 0).value_or(otherwise);
  }

  [[nodiscard]] bool flag(const std::string& name, bool otherwise) const {
    const json* value = find({name});
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) fail({name}, fmt::format("{} is not true or false", value->dump()));
    return value->get<bool>();
  }

  [[nodiscard]] std::string text(const std::vector<std::string>& names) const {
    const json* value = find(names);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
  }

  [[nodiscard]] const json& outer() const { return outer_; }
  [[nodiscard]] bool nested() const { return inner_ != &outer_; }

  [[noreturn]] void fail(const std::vector<std::string>& names, const std::string& message,
                         const std::string& hint = {}) const {
    for (const auto& name : names) {
      if (inner_->contains(name) || outer_.contains(name)) source_.fail(name, message, hint);
    }
    source_.fail(names.front(), message, hint);
  }

 private:
  const JsonSource& source_;
  const json& outer_;
  const json* inner_;
};

std::string architecture_of(const Keys& keys) {
  const json* list = keys.find({"architectures"});
  if (list != nullptr && list->is_array() && !list->empty() && list->front().is_string())
    return list->front().get<std::string>();
  return "";
}

/// A multimodal wrapper's language model goes by its text_config's model_type.
std::string language_architecture(const Keys& keys) {
  static const std::vector<std::pair<std::string, std::string>> kByModelType{{"llama", "LlamaForCausalLM"},
                                                                             {"mistral", "MistralForCausalLM"},
                                                                             {"qwen2", "Qwen2ForCausalLM"},
                                                                             {"qwen3", "Qwen3ForCausalLM"}};
  const auto stated = architecture_of(keys);
  if (!stated.empty() && !keys.nested()) return stated;
  for (const auto& [type, architecture] : kByModelType) {
    if (keys.text({"model_type"}) == type) return architecture;
  }
  return stated;
}

void read_attention(const Keys& keys, Llm& llm) {
  llm.heads = keys.required("num_attention_heads");
  llm.kv_heads = keys.integer({"num_key_value_heads"}, 1).value_or(llm.heads);
  if (llm.heads % llm.kv_heads != 0) {
    keys.fail({"num_key_value_heads"},
              fmt::format("{} query heads do not divide into {} KV heads", llm.heads, llm.kv_heads));
  }
  const auto head_dim = keys.integer({"head_dim"}, 1);
  if (!head_dim && llm.hidden % llm.heads != 0) {
    keys.fail({"hidden_size"},
              fmt::format("{} does not divide into {} heads, and no head_dim is given", llm.hidden, llm.heads));
  }
  llm.head_dim = head_dim.value_or(llm.hidden / llm.heads);
  llm.attention_bias = keys.flag("attention_bias", llm.architecture == "Qwen2ForCausalLM");  // Qwen2 always has biases
  llm.qk_norm = llm.architecture == "Qwen3ForCausalLM";
  if (keys.flag("use_sliding_window", true)) llm.window = keys.optional({"sliding_window"});
  if (llm.window > 0) llm.windowed_layers = llm.layers;
}

/// Keys of the families whose costs are not modelled yet, so that a refusal can say what it saw.
void read_other_families(const Keys& keys, Llm& llm) {
  llm.experts = keys.optional({"num_experts", "n_routed_experts", "num_local_experts"});
  llm.experts_per_token = keys.optional({"num_experts_per_tok", "experts_per_token"});
  llm.moe_intermediate = keys.optional({"moe_intermediate_size"});
  if (llm.experts > 0) llm.moe_layers = llm.layers - keys.optional({"first_k_dense_replace"});
  llm.kv_lora_rank = keys.optional({"kv_lora_rank"});
  llm.q_lora_rank = keys.optional({"q_lora_rank"});
  llm.qk_nope_head_dim = keys.optional({"qk_nope_head_dim"});
  llm.qk_rope_head_dim = keys.optional({"qk_rope_head_dim"});
  llm.v_head_dim = keys.optional({"v_head_dim"});
  llm.nextn_predict_layers = keys.optional({"num_nextn_predict_layers"});
}

std::optional<NumberFormat> checkpoint_format(const Keys& keys) {
  const json* quantization = keys.find({"quantization_config"});
  if (quantization != nullptr && quantization->is_object()) return format_of_quantization_config(*quantization);
  const auto type = keys.text({"torch_dtype", "dtype"});
  if (type == "bfloat16" || type == "float16") return NumberFormat::kBf16;
  return std::nullopt;
}

std::string name_from(const fs::path& file) {
  if (file.filename() != "config.json") return file.stem().string();
  const auto folder = fs::absolute(file).lexically_normal().parent_path().filename().string();
  return folder.empty() ? "config" : folder;
}

Llm shape_of(const JsonSource& source, const std::string& name) {
  const Keys keys(source);
  Llm llm;
  llm.name = name;
  llm.source = source.file();
  llm.architecture = language_architecture(keys);
  llm.layers = keys.required("num_hidden_layers");
  llm.hidden = keys.required("hidden_size");
  read_attention(keys, llm);
  read_other_families(keys, llm);
  llm.intermediate = llm.experts > 0 ? keys.optional({"intermediate_size"}) : keys.required("intermediate_size");
  llm.vocab = keys.required("vocab_size");
  llm.tied_embeddings = keys.flag("tie_word_embeddings", false);
  llm.max_position_embeddings = keys.optional({"max_position_embeddings"});
  llm.checkpoint_weights = checkpoint_format(keys);
  const auto& known = known_architectures();
  if (unmodelled(llm).empty() && std::find(known.begin(), known.end(), llm.architecture) == known.end()) {
    source.fail("architectures", fmt::format("unknown architecture '{}'", llm.architecture),
                fmt::format("known: {}; a dense model of the same shape can be described in a YAML file",
                            fmt::join(known, ", ")));
  }
  return llm;
}

}  // namespace

const std::vector<std::string>& known_architectures() {
  static const std::vector<std::string> kKnown{"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM",
                                               "Qwen3ForCausalLM"};
  return kKnown;
}

Llm parse_hf_config(const std::string& text, const std::string& file, const std::string& name) {
  return shape_of(JsonSource(text, file), name);
}

Llm read_hf_config(const std::string& path) {
  const fs::path given(path);
  std::error_code ignored;
  const auto file = fs::is_directory(given, ignored) ? given / "config.json" : given;
  auto llm = shape_of(JsonSource::load(file.string()), name_from(file));
  const auto quantization = file.parent_path() / "hf_quant_config.json";
  if (fs::exists(quantization, ignored)) {
    if (const auto format = format_of_hf_quant_config(JsonSource::load(quantization.string()).root()))
      llm.checkpoint_weights = format;
  }
  return llm;
}

}  // namespace flotilla::models
