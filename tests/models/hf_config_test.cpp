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

TEST_CASE("the checkpoint's number format is found however it is written") {
  const auto format = [](const std::string& quantization) {
    return parse_hf_config(small_model("\"quantization_config\": " + quantization + ",\n"), "f", "m")
        .checkpoint_weights;
  };
  CHECK(format(R"({"quant_method": "fp8"})") == NumberFormat::kFp8);
  CHECK(format(R"({"quant_method": "mxfp4"})") == NumberFormat::kMxfp4);
  CHECK(format(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})") == NumberFormat::kNvfp4);
  CHECK(format(R"({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"})") == NumberFormat::kNvfp4);
  CHECK(
      format(
          R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}})") ==
      NumberFormat::kFp8);
  CHECK(format(R"({"quant_method": "awq", "bits": 4})") == NumberFormat::kInt4);
  CHECK(format(R"({"quant_method": "unheard-of"})") == std::nullopt);
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

  CHECK(error_of("{}").message() == "'num_hidden_layers' is missing");
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
  const auto error = error_of(small_model("", "MambaForCausalLM"));
  CHECK(error.message() == "unknown architecture 'MambaForCausalLM'");
  CHECK(error.hint().find("LlamaForCausalLM") != std::string::npos);
}

TEST_CASE("families whose costs are not modelled are refused with the reason when used") {
  const Folder folder("small-moe");
  folder.write("config.json",
               small_model("\"num_local_experts\": 8,\n\"num_experts_per_tok\": 2,\n", "MixtralForCausalLM"));
  CHECK_THROWS_WITH_AS(load_llm(folder.path.string()),
                       doctest::Contains("a mixture of experts (8 experts, 2 per token)"), InputError);
  folder.write("config.json", small_model("\"kv_lora_rank\": 512,\n", "DeepseekV3ForCausalLM"));
  CHECK_THROWS_WITH_AS(load_llm(folder.path.string()), doctest::Contains("multi-head latent attention"), InputError);
  folder.write("config.json", small_model("\"sliding_window\": 4096,\n", "MistralForCausalLM"));
  CHECK_THROWS_WITH_AS(load_llm(folder.path.string()), doctest::Contains("sliding-window attention"), InputError);
  folder.write("config.json",
               small_model("\"sliding_window\": 4096,\n\"use_sliding_window\": false,\n", "Qwen2ForCausalLM"));
  CHECK(load_llm(folder.path.string()).attention_bias);  // Qwen2 always has biases
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

TEST_CASE("published configurations are read, or refused for what they are") {
  const auto folder = tests::reference_file("hf_configs");
  if (!folder) return;
  int dense = 0, refused = 0;
  for (const auto& entry : fs::directory_iterator(*folder)) {
    CAPTURE(entry.path().string());
    const auto llm = read_hf_config(entry.path().string());
    CHECK(llm.layers > 0);
    (unmodelled(llm).empty() ? dense : refused) += 1;
  }
  CHECK(dense == 5);  // Llama 3.1 8B, 70B and 405B, Qwen3 8B and 32B
  CHECK(dense + refused == 16);
  const auto qwen = read_hf_config((*folder / "Qwen--Qwen3-32B.json").string());
  CHECK(qwen.head_dim == 128);  // not 5120 / 64
  CHECK(parameters(qwen).total() / 1e9 == doctest::Approx(32.76).epsilon(0.001));
}
