#include "models/hf_config.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "reference_data.hpp"

using namespace flotilla;
using namespace flotilla::models;

namespace {

namespace fs = std::filesystem;

/// A small dense model, with `extra` keys in front of the others.
std::string small_model(const std::string& extra = "", const std::string& architecture = "LlamaForCausalLM") {
  return "{\n" + extra + "  \"architectures\": [\"" + architecture + "\"],\n" + R"(  "hidden_size": 512,
  "intermediate_size": 1536,
  "num_attention_heads": 8,
  "num_hidden_layers": 4,
  "num_key_value_heads": 2,
  "vocab_size": 1000,
  "tie_word_embeddings": true,
  "max_position_embeddings": 4096,
  "torch_dtype": "bfloat16"
})";
}

InputError error_of(const std::string& text) {
  try {
    parse_hf_config(text, "config.json", "small");
  } catch (const InputError& error) {
    return error;
  }
  FAIL("accepted: " << text);
  return {{}, "", ""};
}

/// A folder that goes when the test ends.
struct Folder {
  fs::path path;
  explicit Folder(const std::string& name)
      : path(fs::temp_directory_path() / ("flotilla-" + std::to_string(::getpid())) / name) {
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path.parent_path()); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
};

}  // namespace

TEST_CASE("a config.json gives the model's shape") {
  const auto llm = parse_hf_config(small_model(), "config.json", "small");
  CHECK(llm.name == "small");
  CHECK(llm.layers == 4);
  CHECK(llm.kv_heads == 2);
  CHECK(llm.head_dim == 64);  // 512 / 8
  CHECK(llm.tied_embeddings);
  CHECK(llm.checkpoint_weights == NumberFormat::kBf16);
  CHECK(unmodelled(llm).empty());
}

TEST_CASE("head_dim is taken from the file where it is stated, KV heads default to query heads") {
  CHECK(parse_hf_config(small_model("\"head_dim\": 128,\n"), "f", "m").head_dim == 128);
  auto text = small_model();
  text.erase(text.find("  \"num_key_value_heads\""), std::string("  \"num_key_value_heads\": 2,\n").size());
  CHECK(parse_hf_config(text, "f", "m").kv_heads == 8);
}

TEST_CASE("the language model of a multimodal one stands under text_config") {
  const auto text =
      R"({"architectures": ["Mistral3ForConditionalGeneration"], "torch_dtype": "bfloat16", "text_config": {
    "model_type": "mistral", "hidden_size": 512, "intermediate_size": 1536, "num_attention_heads": 8, "num_hidden_layers": 4,
    "num_key_value_heads": 2, "head_dim": 32, "vocab_size": 1000}, "vision_config": {"hidden_size": 7}})";
  const auto llm = parse_hf_config(text, "f", "m");
  CHECK(llm.hidden == 512);
  CHECK(llm.head_dim == 32);
  CHECK(llm.checkpoint_weights == NumberFormat::kBf16);
}

TEST_CASE("a folder is read with its hf_quant_config.json, and names the model") {
  const Folder folder("Some-Model-NVFP4");
  folder.write("config.json", small_model());
  folder.write("hf_quant_config.json", R"({"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}})");
  const auto llm = load_llm(folder.path.string());
  CHECK(llm.name == "Some-Model-NVFP4");
  CHECK(llm.checkpoint_weights == NumberFormat::kNvfp4);
  CHECK(load_llm((folder.path / "config.json").string()).name == "Some-Model-NVFP4");
}

TEST_CASE("malformed JSON is answered with its place") {
  const auto error = error_of("{\n  \"hidden_size\": 512,\n  \"layers\" 4\n}");
  CHECK(error.where().line == 3);
  CHECK(error.where().column == 12);
  CHECK(error.where().source_line == "  \"layers\" 4");
  CHECK(error.message().find("malformed JSON") == 0);
  CHECK(error_of("").where().line == 1);
  CHECK(error_of("[1, 2]").message() == "a JSON object is expected");
  CHECK(error_of("{\"a\": \"\xff\xfe\"}").message().find("malformed JSON") == 0);
}

TEST_CASE("missing, ill-typed and impossible figures are refused at their key") {
  auto text = small_model();
  text.replace(text.find("\"num_hidden_layers\": 4"), 22, "\"num_hidden_layers\": \"80\"");
  auto error = error_of(text);
  CHECK(error.path() == "num_hidden_layers");
  CHECK(error.where().line == 6);
  CHECK(error.message().find("\"80\"") == 0);

  CHECK(error_of("{}").message() == "neither 'architectures' nor 'model_type' says which model this is");
  CHECK(error_of(R"({"model_type": "llama"})").message() == "'num_hidden_layers' is missing");
  for (const std::string bad : {"0", "-4", "4.5", "1e30", "[4]", "true"}) {
    CAPTURE(bad);
    text = small_model();
    text.replace(text.find("\"num_hidden_layers\": 4"), 22, "\"num_hidden_layers\": " + bad);
    CHECK(error_of(text).path() == "num_hidden_layers");
  }
  text = small_model();
  text.replace(text.find("\"num_key_value_heads\": 2"), 24, "\"num_key_value_heads\": 3");
  CHECK(error_of(text).path() == "num_key_value_heads");
  text = small_model();
  text.replace(text.find("\"num_attention_heads\": 8"), 24, "\"num_attention_heads\": 6");
  CHECK(error_of(text).message().find("512 does not divide into 6 heads") == 0);
}

TEST_CASE("an unknown architecture is refused with the list of known ones") {
  const auto error = error_of(small_model("", "SomethingNewForCausalLM"));
  CHECK(error.message() == "unknown architecture 'SomethingNewForCausalLM'");
  CHECK(error.hint().find("LlamaForCausalLM") != std::string::npos);
}

TEST_CASE("a user's YAML may spell keys as Hugging Face does") {
  const Folder folder("own");
  folder.write("tiny.yaml",
               "name: tiny\nnum_hidden_layers: 2\nhidden_size: 256\nnum_attention_heads: 4\nintermediate_size: "
               "512\nvocab: 100\n");
  const auto llm = load_llm((folder.path / "tiny.yaml").string());
  CHECK(llm.layers == 2);
  CHECK(llm.kv_heads == 4);
  CHECK(llm.head_dim == 64);
  folder.write("uneven.yaml",
               "name: uneven\nlayers: 2\nhidden: 256\nheads: 4\nkv_heads: 3\nintermediate: 512\nvocab: 100\n");
  CHECK_THROWS_AS(load_llm((folder.path / "uneven.yaml").string()), InputError);
  folder.write("odd.yaml", "name: odd\nlayers: 2\nhidden: 10\nheads: 4\nintermediate: 512\nvocab: 100\n");
  CHECK_THROWS_WITH_AS(load_llm((folder.path / "odd.yaml").string()),
                       doctest::Contains("10 does not divide into 4 heads"), InputError);
  CHECK_THROWS_WITH_AS(load_llm(""), doctest::Contains("unknown model ''"), InputError);
  CHECK_THROWS_WITH_AS(load_llm((folder.path / "none.json").string()), doctest::Contains("no such file"), InputError);
  CHECK_THROWS_AS(load_llm(folder.path.string()), InputError);  // a folder without a config.json
}

TEST_CASE("published configurations are read with the parameters that their makers state") {
  const auto folder = tests::reference_file("hf_configs");
  if (!folder) return;
  int read = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    CAPTURE(entry.path().string());
    const auto llm = load_llm(entry.path().string());
    CHECK(parameters(llm).total() > 1e9);
    ++read;
  }
  CHECK(read == 16);
  const auto of = [&](const std::string& name) { return load_llm((*folder / (name + ".json")).string()); };
  CHECK(of("Qwen--Qwen3-32B").head_dim == 128);  // not 5120 / 64
  // Billions of parameters. gpt-oss: model card, table 1 (116.83 and 20.91, with biases); the others: their names or
  // papers.
  const auto billions = [&](const std::string& name) { return parameters(of(name)).total() / 1e9; };
  CHECK(billions("openai--gpt-oss-120b") == doctest::Approx(116.83).epsilon(1e-4));
  CHECK(billions("openai--gpt-oss-20b") == doctest::Approx(20.91).epsilon(3e-4));
  CHECK(billions("deepseek-ai--DeepSeek-V3") == doctest::Approx(671).epsilon(1e-3));
  CHECK(billions("Qwen--Qwen3-235B-A22B") == doctest::Approx(235).epsilon(1e-3));
  CHECK(billions("meta-llama--Llama-4-Maverick-17B-128E-Instruct") == doctest::Approx(400).epsilon(5e-3));
}

TEST_CASE("a published file and the catalogue describe the same shape") {
  const auto folder = tests::reference_file("hf_configs");
  if (!folder) return;
  for (const auto& row : std::vector<std::pair<std::string, std::string>>{
           {"MiniMaxAI--MiniMax-M2.5", "minimax-m2.5"},
           {"Qwen--Qwen3-235B-A22B", "qwen3-235b-a22b"},
           {"Qwen--Qwen3-30B-A3B", "qwen3-30b-a3b"},
           {"Qwen--Qwen3-32B", "qwen3-32b"},
           {"Qwen--Qwen3-8B", "qwen3-8b"},
           {"deepseek-ai--DeepSeek-R1", "deepseek-r1"},
           {"deepseek-ai--DeepSeek-V3", "deepseek-v3"},
           {"meta-llama--Llama-4-Maverick-17B-128E-Instruct", "llama-4-maverick"},
           {"meta-llama--Llama-4-Scout-17B-16E-Instruct", "llama-4-scout"},
           {"meta-llama--Meta-Llama-3.1-405B", "llama-3.1-405b"},
           {"meta-llama--Meta-Llama-3.1-70B", "llama-3.1-70b"},
           {"meta-llama--Meta-Llama-3.1-8B", "llama-3.1-8b"},
           {"mistralai--Mixtral-8x22B-v0.1", "mixtral-8x22b"},
           {"mistralai--Mixtral-8x7B-v0.1", "mixtral-8x7b"},
           {"openai--gpt-oss-120b", "gpt-oss-120b"},
           {"openai--gpt-oss-20b", "gpt-oss-20b"}}) {
    const std::string &file = row.first, &name = row.second;
    CAPTURE(name);
    const auto read = load_llm((*folder / (file + ".json")).string()), ours = load_llm(name);
    const auto shape = [](const Llm& m) {
      return std::vector<int>{m.layers,
                              m.hidden,
                              m.heads,
                              m.kv_heads,
                              m.head_dim,
                              m.intermediate,
                              m.vocab,
                              m.tied_embeddings,
                              m.attention_bias,
                              m.expert_bias,
                              m.max_position_embeddings,
                              m.experts,
                              m.experts_per_token,
                              m.moe_intermediate,
                              m.shared_intermediate,
                              m.moe_layers,
                              m.window,
                              m.windowed_layers,
                              m.chunked_window,
                              m.kv_lora_rank,
                              m.q_lora_rank,
                              m.qk_nope_head_dim,
                              m.qk_rope_head_dim,
                              m.v_head_dim,
                              m.nextn_predict_layers};
    };
    CHECK(shape(read) == shape(ours));
    CHECK(read.checkpoint_weights == ours.checkpoint_weights);
    CHECK(read.attention_weights == ours.attention_weights);
    // Qwen's catalogue entries know the scales of its FP8 checkpoints, whose files are others.
    if (ours.checkpoint_weights == NumberFormat::kFp8) CHECK(read.fp8_block_scales == ours.fp8_block_scales);
    CHECK(read.qk_norm == ours.qk_norm);
  }
}
