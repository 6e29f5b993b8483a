#include "models/hf_quantization.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <regex>

namespace flotilla::models {
namespace {

using nlohmann::json;

bool starts_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

const json& member(const json& object, const char* key) {
  static const json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : ""; }

int number_of(const json& value) { return value.is_number_integer() ? value.get<int>() : 0; }

std::vector<std::string> texts_of(const json& values) {
  std::vector<std::string> texts;
  if (!values.is_array()) return texts;
  for (const auto& value : values) {
    if (value.is_string()) texts.push_back(value.get<std::string>());
  }
  return texts;
}

/// "NVFP4_AWQ" is NVFP4, "W4A16_AWQ" is INT4; "FP8_PB_WO" is FP8 with a scale per block.
HfQuantization of_algorithm(const std::string& word) {
  const auto algorithm = upper(word);
  HfQuantization q;
  if (algorithm.find("NVFP4") != std::string::npos) {
    q.weights = NumberFormat::kNvfp4;
  } else if (starts_with(algorithm, "MXFP4") || algorithm.find("_MXFP4") != std::string::npos) {
    q.weights = NumberFormat::kMxfp4;
  } else if (starts_with(algorithm, "FP8") || algorithm.find("_FP8") != std::string::npos) {
    q.weights = NumberFormat::kFp8;
    q.block_scales = starts_with(algorithm, "FP8_PB") || starts_with(algorithm, "FP8_BLOCK");
  } else if (algorithm.find("AWQ") != std::string::npos || starts_with(algorithm, "GPTQ") ||
             starts_with(algorithm, "INT4")) {
    q.weights = NumberFormat::kInt4;
  }
  return q;
}

/// The `weights` of a group, as compressed-tensors and newer files of the Model Optimizer describe them.
HfQuantization of_group(const json& weights) {
  HfQuantization q;
  const auto type = text_of(member(weights, "type"));
  const int bits = number_of(member(weights, "num_bits")), group = number_of(member(weights, "group_size"));
  if (type == "float" && bits == 8) q.weights = NumberFormat::kFp8;
  if (type == "float" && bits == 4) q.weights = group == 32 ? NumberFormat::kMxfp4 : NumberFormat::kNvfp4;
  if (type == "int" && bits == 4) q.weights = NumberFormat::kInt4;
  q.block_scales = q.weights == NumberFormat::kFp8 && text_of(member(weights, "strategy")) == "block";
  return q;
}

HfQuantization of_groups(const json& quantization) {
  const auto format = text_of(member(quantization, "format"));
  if (format == "nvfp4-pack-quantized") return of_algorithm("NVFP4");
  if (format == "mxfp4-pack-quantized") return of_algorithm("MXFP4");
  const auto& groups = member(quantization, "config_groups");
  return groups.is_object() && !groups.empty() ? of_group(member(groups.front(), "weights")) : HfQuantization{};
}

/// AMD's Quark.
HfQuantization of_quark(const json& quantization) {
  const auto& weight = member(member(quantization, "global_quant_config"), "weight");
  const auto type = text_of(member(weight.is_array() && !weight.empty() ? weight.front() : weight, "dtype"));
  if (starts_with(type, "fp4")) return of_algorithm("MXFP4");
  if (starts_with(type, "fp8")) return of_algorithm("FP8");
  if (starts_with(type, "int4") || starts_with(type, "uint4")) return of_algorithm("INT4");
  return {};
}

HfQuantization of_method(const json& quantization) {
  const auto method = text_of(member(quantization, "quant_method"));
  if (method == "quark") return of_quark(quantization);
  if (method == "compressed-tensors") return of_groups(quantization);
  if (starts_with(method, "modelopt")) {
    const auto algorithm = text_of(member(quantization, "quant_algo"));
    if (!algorithm.empty()) return of_algorithm(algorithm);
    return method == "modelopt_fp4" ? of_algorithm("NVFP4") : of_groups(quantization);
  }
  auto q = of_algorithm(method);
  if (q.weights == NumberFormat::kInt4 && member(quantization, "bits").is_number_integer() &&
      number_of(member(quantization, "bits")) != 4)
    q.weights = std::nullopt;
  q.block_scales = q.weights == NumberFormat::kFp8 && member(quantization, "weight_block_size").is_array();
  q.experts_only = q.weights == NumberFormat::kMxfp4;
  return q;
}

bool matches_glob(const std::string& pattern, std::size_t p, const std::string& text, std::size_t t) {
  for (; p < pattern.size(); ++p, ++t) {
    if (pattern[p] == '*') {
      for (auto rest = t; rest <= text.size(); ++rest) {
        if (matches_glob(pattern, p + 1, text, rest)) return true;
      }
      return false;
    }
    if (t == text.size() || (pattern[p] != '?' && pattern[p] != text[t])) return false;
  }
  return t == text.size();
}

bool matches_regex(const std::string& pattern, const std::string& name) {
  try {
    return std::regex_search(name, std::regex(pattern), std::regex_constants::match_continuous);
  } catch (const std::regex_error&) {
    return false;  // of a dialect that the standard library does not read: no evidence of an exclusion
  }
}

/// A pattern may name the module or one that holds it.
bool matches(const std::string& pattern, const std::string& name) {
  if (starts_with(pattern, "re:")) return matches_regex(pattern.substr(3), name);
  if (starts_with(pattern, ".*")) return matches_regex(pattern, name);
  if (pattern.find('*') == std::string::npos)
    return fmt::format(".{}.", name).find(fmt::format(".{}.", pattern)) != std::string::npos;
  for (auto end = name.size(); end != std::string::npos && end > 0; end = name.rfind('.', end - 1)) {
    if (matches_glob(pattern, 0, name.substr(0, end), 0)) return true;
  }
  return false;
}

bool excludes(const std::vector<std::string>& excluded, int layer, const std::string& projection) {
  for (const char* prefix :
       {"model.layers.", "language_model.model.layers.", "model.language_model.layers.", "layers."}) {
    const auto name = fmt::format("{}{}.self_attn.{}", prefix, layer, projection);
    const auto hits = [&](const std::string& pattern) { return matches(pattern, name); };
    if (std::any_of(excluded.begin(), excluded.end(), hits)) return true;
  }
  return false;
}

}  // namespace

HfQuantization quantization_of(const json& quantization_config) {
  auto q = of_method(quantization_config);
  for (const char* key : {"modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules", "exclude"}) {
    const auto names = texts_of(member(quantization_config, key));
    q.excluded.insert(q.excluded.end(), names.begin(), names.end());
  }
  return q;
}

HfQuantization quantization_of_hf_quant_config(const json& file) {
  const auto& quantization = member(file, "quantization");
  auto q = of_algorithm(text_of(member(quantization, "quant_algo")));
  q.excluded = texts_of(member(quantization, "exclude_modules"));
  return q;
}

bool excludes_attention(const std::vector<std::string>& excluded, int layers) {
  if (excluded.empty()) return false;
  int count = 0;
  for (int layer = 0; layer < layers; ++layer) {
    const auto has = [&](const char* projection) { return excludes(excluded, layer, projection); };
    const bool queries = has("q_proj") || has("qkv_proj") || has("q_b_proj");
    count += queries && has("o_proj") ? 1 : 0;
  }
  return 2 * count > layers;
}

}  // namespace flotilla::models
