#include "models/hf_quantization.hpp"

#include <cctype>
#include <string>

namespace flotilla::models {
namespace {

using nlohmann::json;

std::optional<NumberFormat> format_of_algorithm(std::string algorithm) {
  for (char& c : algorithm) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (algorithm.rfind("FP8", 0) == 0) return NumberFormat::kFp8;
  if (algorithm == "NVFP4") return NumberFormat::kNvfp4;
  if (algorithm.rfind("MXFP4", 0) == 0) return NumberFormat::kMxfp4;
  if (algorithm.find("AWQ") != std::string::npos || algorithm == "GPTQ") return NumberFormat::kInt4;
  return std::nullopt;
}

std::string string_at(const json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<NumberFormat> format_of_compressed_tensors(const json& quantization) {
  if (string_at(quantization, "format") == "nvfp4-pack-quantized") return NumberFormat::kNvfp4;
  const auto groups = quantization.find("config_groups");
  if (groups == quantization.end() || !groups->is_object() || groups->empty()) return std::nullopt;
  const auto& group = groups->front();
  if (!group.is_object() || !group.contains("weights") || !group["weights"].is_object()) return std::nullopt;
  const auto& weights = group["weights"];
  const int bits =
      weights.contains("num_bits") && weights["num_bits"].is_number_integer() ? weights["num_bits"].get<int>() : 0;
  if (string_at(weights, "type") == "float" && bits == 8) return NumberFormat::kFp8;
  if (string_at(weights, "type") == "int" && bits == 4) return NumberFormat::kInt4;
  return std::nullopt;
}

}  // namespace

std::optional<NumberFormat> format_of_quantization_config(const json& quantization) {
  const auto method = string_at(quantization, "quant_method");
  if (method == "compressed-tensors") return format_of_compressed_tensors(quantization);
  if (method == "modelopt") return format_of_algorithm(string_at(quantization, "quant_algo"));
  return format_of_algorithm(method);
}

std::optional<NumberFormat> format_of_hf_quant_config(const json& file) {
  const auto quantization = file.find("quantization");
  return quantization == file.end() ? std::nullopt : format_of_algorithm(string_at(*quantization, "quant_algo"));
}

}  // namespace flotilla::models
