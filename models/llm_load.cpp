#include <fmt/format.h>

#include <filesystem>

#include "models/catalog.hpp"
#include "models/hf_config.hpp"
#include "models/llm.hpp"

namespace flotilla::models {
namespace {

namespace fs = std::filesystem;

bool is_json_or_folder(const std::string& path) {
  if (path.empty()) return false;
  std::error_code ignored;
  return fs::is_directory(path, ignored) || fs::path(path).extension() == ".json";
}

std::string what_is_known(const Llm& llm) {
  return fmt::format(
      "read from it: {} layers, hidden size {}, {} heads; models that work: {}, or a config.json of their families",
      llm.layers, llm.hidden, llm.heads, fmt::join(catalog_names("llms"), ", "));
}

/// Checks that hold whatever the file's form.
void check(const Llm& llm, const Reference& reference) {
  const auto fail = [&](const std::string& message) { reference.fail(fmt::format("{}: {}", llm.name, message)); };
  if (const auto reason = unmodelled(llm); !reason.empty()) {
    reference.fail(fmt::format("{} has {}, which this version does not model", llm.name, reason), what_is_known(llm));
  }
  if (llm.heads % llm.kv_heads != 0)
    fail(fmt::format("{} query heads do not divide into {} KV heads", llm.heads, llm.kv_heads));
  if (llm.experts_per_token > llm.experts)
    fail(fmt::format("a token cannot visit {} of {} experts", llm.experts_per_token, llm.experts));
  if (llm.experts > 0 && (llm.experts_per_token == 0 || llm.moe_intermediate == 0))
    fail("experts need experts_per_token and moe_intermediate");
  if (llm.moe_layers > llm.layers || llm.windowed_layers > llm.layers)
    fail(fmt::format("more layers of one kind than its {} layers", llm.layers));
  if (llm.dense_layers() > 0 && llm.intermediate == 0) fail("layers without experts need intermediate");
  if (llm.windowed_layers > 0 && llm.window == 0) fail("windowed layers need a window");
  if (llm.latent_attention() && (llm.qk_nope_head_dim == 0 || llm.qk_rope_head_dim == 0 || llm.v_head_dim == 0))
    fail("latent attention needs qk_nope_head_dim, qk_rope_head_dim and v_head_dim");
}

Llm read_yaml(const reader::Document& document) {
  auto llm = reader::read<Llm>(document.root());
  if (llm.latent_attention()) {
    llm.head_dim = llm.qk_nope_head_dim + llm.qk_rope_head_dim;
    llm.kv_heads = llm.heads;
  }
  if (llm.head_dim == 0) {
    if (llm.hidden % llm.heads != 0) {
      document.fail("hidden",
                    fmt::format("{} does not divide into {} heads, and no head_dim is given", llm.hidden, llm.heads));
    }
    llm.head_dim = llm.hidden / llm.heads;
  }
  if (llm.kv_heads == 0) llm.kv_heads = llm.heads;
  if (llm.experts > 0 && llm.moe_layers == 0) llm.moe_layers = llm.layers;
  if (llm.window > 0 && llm.windowed_layers == 0) llm.windowed_layers = llm.layers;
  return llm;
}

Llm load(const Reference& reference) {
  const auto path = reference.text.empty() ? std::string() : resolved_path(reference);
  const bool is_file = catalog_name("llms", reference.text).empty() && is_json_or_folder(path);
  std::error_code ignored;
  if (is_file && !fs::exists(path, ignored)) reference.fail(fmt::format("no such file: {}", path));
  auto llm = is_file ? read_hf_config(path) : read_yaml(find_document("llms", reference));
  check(llm, reference);
  return llm;
}

}  // namespace

// The Hugging Face spellings are accepted in a user's YAML, too.
const reader::Schema<Llm>& Llm::schema() {
  static const auto s =
      reader::Schema<Llm>("model", "A language model's shape")
          .key("name", &Llm::name, "name in scenarios", {.required = true})
          .key("source", &Llm::source, "where the figures were read")
          .key("architecture", &Llm::architecture, "class name on Hugging Face")
          .key("layers", &Llm::layers, "transformer layers",
               {.min = 1, .required = true, .aliases = {"num_hidden_layers"}})
          .key("hidden", &Llm::hidden, "width of the residual stream",
               {.min = 1, .required = true, .aliases = {"hidden_size"}})
          .key("heads", &Llm::heads, "query heads", {.min = 1, .required = true, .aliases = {"num_attention_heads"}})
          .key("kv_heads", &Llm::kv_heads, "KV heads; 0 = as many as query heads",
               {.min = 0, .aliases = {"num_key_value_heads"}})
          .key("head_dim", &Llm::head_dim, "width of a head; 0 = hidden / heads", {.min = 0})
          .key("intermediate", &Llm::intermediate, "width of the MLP in layers without experts",
               {.min = 0, .aliases = {"intermediate_size"}})
          .key("vocab", &Llm::vocab, "vocabulary", {.min = 1, .required = true, .aliases = {"vocab_size"}})
          .key("tied_embeddings", &Llm::tied_embeddings, "lm_head shares the embedding table",
               {.aliases = {"tie_word_embeddings"}})
          .key("attention_bias", &Llm::attention_bias, "q, k and v have biases")
          .key("expert_bias", &Llm::expert_bias, "experts and routers have biases")
          .key("qk_norm", &Llm::qk_norm, "q and k are normalised per head")
          .key("checkpoint_weights", &Llm::checkpoint_weights, "format in which the checkpoint stores its matrices")
          .key("attention_weights", &Llm::attention_weights,
               "format of the attention projections where not quantised with the rest")
          .key("fp4_attention_weights", &Llm::fp4_attention_weights, "the same in FP4 checkpoints alone")
          .key("fp8_block_scales", &Llm::fp8_block_scales, "FP8 weights have a scale per block of 128 x 128")
          .key("experts", &Llm::experts, "routed experts of a sparse layer; 0 = dense",
               {.min = 0, .aliases = {"num_experts", "n_routed_experts", "num_local_experts"}})
          .key("experts_per_token", &Llm::experts_per_token, "experts that a token visits",
               {.min = 0, .aliases = {"num_experts_per_tok"}})
          .key("moe_intermediate", &Llm::moe_intermediate, "width of a routed expert",
               {.min = 0, .aliases = {"moe_intermediate_size"}})
          .key("shared_intermediate", &Llm::shared_intermediate, "width of the shared experts together",
               {.min = 0, .aliases = {"shared_expert_intermediate_size"}})
          .key("moe_layers", &Llm::moe_layers, "layers with experts; 0 = all, where there are experts", {.min = 0})
          .key("window", &Llm::window, "how far windowed layers see",
               {.min = 0, .unit = "tokens", .aliases = {"sliding_window"}})
          .key("windowed_layers", &Llm::windowed_layers, "layers with a window; 0 = all, where there is one",
               {.min = 0})
          .key("chunked_window", &Llm::chunked_window, "the window is the token's own chunk, and does not slide")
          .key("kv_lora_rank", &Llm::kv_lora_rank, "width of the latent that the cache holds; 0 = no latent attention",
               {.min = 0})
          .key("q_lora_rank", &Llm::q_lora_rank, "width of the queries' latent; 0 = none", {.min = 0})
          .key("qk_nope_head_dim", &Llm::qk_nope_head_dim, "width of a head without position", {.min = 0})
          .key("qk_rope_head_dim", &Llm::qk_rope_head_dim, "width of a head's rotary part", {.min = 0})
          .key("v_head_dim", &Llm::v_head_dim, "width of a head's value", {.min = 0})
          .key("nextn_predict_layers", &Llm::nextn_predict_layers, "modules for multi-token prediction",
               {.min = 0, .aliases = {"num_nextn_predict_layers"}})
          .key("caveat", &Llm::caveat, "what the costs leave out of this model")
          .key("max_position_embeddings", &Llm::max_position_embeddings, "longest context",
               {.min = 0, .unit = "tokens"});
  return s;
}

Llm load_llm(const std::string& name_or_path) { return load(Reference(name_or_path)); }

Llm load_llm(const reader::Node& node) { return load(Reference(node)); }

}  // namespace flotilla::models
