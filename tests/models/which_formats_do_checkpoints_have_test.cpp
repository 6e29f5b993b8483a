#include <doctest/doctest.h>

#include "models/hf_config.hpp"
#include "models/hf_quantization.hpp"

using namespace flotilla;
using namespace flotilla::models;

namespace {

Llm with_quantization(const std::string& quantization) {
  return parse_hf_config(R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 512, "intermediate_size": 1536,
    "num_attention_heads": 8, "num_hidden_layers": 4, "vocab_size": 1000, "torch_dtype": "bfloat16",
    "quantization_config": )" +
                             quantization + "}",
                         "config.json", "small");
}

std::optional<NumberFormat> format(const std::string& quantization) {
  return with_quantization(quantization).checkpoint_weights;
}

}  // namespace

TEST_CASE("the checkpoint's number format is found however it is written") {
  CHECK(format(R"({"quant_method": "fp8"})") == NumberFormat::kFp8);
  CHECK(format(R"({"quant_method": "fbgemm_fp8"})") == NumberFormat::kFp8);
  CHECK(format(R"({"quant_method": "mxfp4"})") == NumberFormat::kMxfp4);
  CHECK(format(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})") == NumberFormat::kNvfp4);
  CHECK(format(R"({"quant_method": "modelopt", "quant_algo": "NVFP4_AWQ"})") == NumberFormat::kNvfp4);
  CHECK(format(R"({"quant_method": "modelopt", "quant_algo": "W4A16_AWQ"})") == NumberFormat::kInt4);
  CHECK(format(R"({"quant_method": "modelopt_fp4"})") == NumberFormat::kNvfp4);
  CHECK(format(R"({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"})") == NumberFormat::kNvfp4);
  const auto group = [](const std::string& weights) {
    return format(R"({"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": )" + weights +
                  "}}}");
  };
  CHECK(group(R"({"num_bits": 8, "type": "float"})") == NumberFormat::kFp8);
  CHECK(group(R"({"num_bits": 4, "type": "float", "group_size": 16})") == NumberFormat::kNvfp4);
  CHECK(group(R"({"num_bits": 4, "type": "float", "group_size": 32})") == NumberFormat::kMxfp4);
  CHECK(group(R"({"num_bits": 4, "type": "int", "group_size": 128})") == NumberFormat::kInt4);
  CHECK(group(R"({"num_bits": 8, "type": "int"})") == std::nullopt);
  CHECK(format(R"({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4", "group_size": 32}}})") ==
        NumberFormat::kMxfp4);
  CHECK(format(R"({"quant_method": "awq", "bits": 4})") == NumberFormat::kInt4);
  CHECK(format(R"({"quant_method": "gptq", "bits": 4})") == NumberFormat::kInt4);
  CHECK(format(R"({"quant_method": "gptq", "bits": 8})") == std::nullopt);
  CHECK(format(R"({"quant_method": "unheard-of"})") == std::nullopt);
}

TEST_CASE("FP8 scales may stand per block") {
  CHECK(with_quantization(R"({"quant_method": "fp8", "weight_block_size": [128, 128]})").fp8_block_scales);
  CHECK_FALSE(with_quantization(R"({"quant_method": "fp8", "weight_block_size": null})").fp8_block_scales);
  CHECK(with_quantization(R"({"quant_method": "compressed-tensors", "config_groups": {"g": {"weights":
      {"num_bits": 8, "type": "float", "strategy": "block"}}}})")
            .fp8_block_scales);
  CHECK(quantization_of_hf_quant_config(nlohmann::json::parse(R"({"quantization": {"quant_algo": "FP8_PB_WO"}})"))
            .block_scales);
}

TEST_CASE("attention that a checkpoint leaves unquantised is found in its exclusions") {
  const auto attention = [](const std::string& key, const std::string& names) {
    return with_quantization("{\"quant_method\": \"fp8\", \"" + key + "\": [" + names + "]}").attention_weights;
  };
  const auto kBf16 = NumberFormat::kBf16;
  CHECK(attention("modules_to_not_convert", R"("model.layers.*.self_attn", "lm_head")") == kBf16);
  CHECK(attention("ignore", R"("re:.*self_attn.*", "lm_head")") == kBf16);
  CHECK(attention("exclude_modules", R"("*self_attn*")") == kBf16);
  CHECK(attention("modules_to_not_convert", R"("self_attn")") == kBf16);
  CHECK(attention(
            "ignored_layers",
            R"("model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.o_proj", "model.layers.1.self_attn.q_proj",
                     "model.layers.1.self_attn.o_proj", "model.layers.2.self_attn.q_proj", "model.layers.2.self_attn.o_proj")") ==
        kBf16);
  // One layer of four; one projection; other modules: the attention is quantised.
  CHECK(attention("ignore", R"("model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.o_proj")") == std::nullopt);
  CHECK(attention("ignore", R"("re:.*o_proj")") == std::nullopt);
  CHECK(attention("modules_to_not_convert", R"("gate", "lm_head", "attn")") == std::nullopt);
  CHECK(attention("ignore", R"("re:(unclosed")") == std::nullopt);
}

TEST_CASE("hf_quant_config.json excludes modules, too") {
  const auto q = quantization_of_hf_quant_config(nlohmann::json::parse(
      R"({"quantization": {"quant_algo": "NVFP4", "exclude_modules": ["lm_head", "model.layers.0.self_attn*", "model.layers.1.self_attn*"]}})"));
  CHECK(q.weights == NumberFormat::kNvfp4);
  CHECK(excludes_attention(q.excluded, 3));        // two of three layers
  CHECK_FALSE(excludes_attention(q.excluded, 4));  // no more than half
}

TEST_CASE("mxfp4 is a format of experts") {
  const auto llm =
      parse_hf_config(R"({"architectures": ["GptOssForCausalLM"], "hidden_size": 512, "intermediate_size": 512,
    "num_attention_heads": 8, "num_hidden_layers": 4, "vocab_size": 1000, "num_local_experts": 8, "experts_per_token": 2,
    "sliding_window": 128, "quantization_config": {"quant_method": "mxfp4"}})",
                      "config.json", "small");
  CHECK(llm.checkpoint_weights == NumberFormat::kMxfp4);
  CHECK(llm.attention_weights == NumberFormat::kBf16);
}
