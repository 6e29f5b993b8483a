#include "analysis/validate/labels.hpp"

#include <map>
#include <set>

namespace flotilla::analysis {
namespace {

using Names = std::map<std::string, std::string>;

const Names kModels{
    {"BLOOM 176B", "bloom-176b"},
    {"DeepSeek-R1", "deepseek-r1"},
    {"DeepSeek-R1-0528", "deepseek-r1"},
    {"DeepSeek-V3", "deepseek-v3"},
    {"DeepSeek-V3.1", "deepseek-v3"},
    {"DeepSeek-V3/R1", "deepseek-r1"},
    {"Falcon 180B", "falcon-180b"},
    {"Llama 2 13B", "llama-2-13b"},
    {"Llama 2 70B", "llama-2-70b"},
    {"Llama 2 7B", "llama-2-7b"},
    {"Llama 3.1 405B", "llama-3.1-405b"},
    {"Llama 3.1 70B", "llama-3.1-70b"},
    {"Llama 3.1 8B", "llama-3.1-8b"},
    {"Llama 3.3 70B", "llama-3.3-70b"},
    {"Llama 4 Maverick", "llama-4-maverick"},
    {"Llama 4 Scout", "llama-4-scout"},
    {"MiniMax-M2.5", "minimax-m2.5"},
    {"Mistral 7B", "mistral-7b"},
    {"Mixtral 8x22B", "mixtral-8x22b"},
    {"Mixtral 8x7B", "mixtral-8x7b"},
    {"Nemotron Nano 30B", "nemotron-nano-30b"},
    {"Qwen3-235B-A22B", "qwen3-235b-a22b"},
    {"Qwen3-30B-A3B", "qwen3-30b-a3b"},
    {"Qwen3-32B", "qwen3-32b"},
    {"Qwen3.5-397B-A17B", "qwen3.5-397b-a17b"},
    {"gpt-oss-120b", "gpt-oss-120b"},
    {"gpt-oss-20b", "gpt-oss-20b"},
};

// Not here, and so left out with that reason: variants with other memory or power (H100-NVL, GH200, H800,
// power-capped).
const Names kGpus{
    {"A100-SXM", "a100-sxm"}, {"B200", "b200-hgx"}, {"B300", "b300-hgx"}, {"GB200", "gb200"},   {"GB300", "gb300"},
    {"H100", "h100-sxm"},     {"H200", "h200-sxm"}, {"MI300X", "mi300x"}, {"MI355X", "mi355x"}, {"L40S", "l40s"},
};

std::string found(const Names& names, const std::string& label) {
  const auto at = names.find(label);
  return at == names.end() ? "" : at->second;
}

bool has(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

}  // namespace

std::string model_of(const std::string& label) { return found(kModels, label); }

bool is_mixture(const std::string& label) {
  static const std::set<std::string> kMixtures{
      "DeepSeek-R1",   "DeepSeek-R1-0528",  "DeepSeek-V3",   "DeepSeek-V3.1", "DeepSeek-V3/R1",    "Llama 4 Maverick",
      "Llama 4 Scout", "MiniMax-M2.5",      "Mixtral 8x22B", "Mixtral 8x7B",  "Nemotron Nano 30B", "Qwen3-235B-A22B",
      "Qwen3-30B-A3B", "Qwen3.5-397B-A17B", "gpt-oss-120b",  "gpt-oss-20b"};
  return kMixtures.count(label) > 0;
}

std::string gpu_of(const std::string& label) { return found(kGpus, label); }

std::string engine_of(const std::string& label) {
  if (has(label, "vLLM")) return "vllm";
  if (has(label, "SGLang")) return "sglang";
  return has(label, "TensorRT") ? "tensorrt-llm" : "";  // MLPerf's "TensorRT 10.2.0" runs TensorRT-LLM engines
}

std::string weights_of(const MeasuredPoint& p) {
  const auto starts = [&](const char* word) { return p.weights.rfind(word, 0) == 0; };
  if (starts("nvfp4")) return "nvfp4";
  if (starts("mxfp4")) return "mxfp4";
  if (starts("fp4")) return p.model.rfind("gpt-oss", 0) == 0 ? "mxfp4" : "nvfp4";
  if (starts("fp8")) return "fp8";
  if (starts("int4")) return "int4";
  return p.weights.empty() || starts("bf16") || starts("fp16") ? "bf16" : "";
}

std::string release_of(const MeasuredPoint& p) {
  const auto& stated = p.engine_version;
  const bool a_release = !stated.empty() && stated.rfind("workflow", 0) != 0 && stated.rfind("commit", 0) != 0;
  if (a_release) return stated;
  if (has(p.engine, "(2023)")) return "0.2";
  if (has(p.engine, "MLPerf v4.1")) return has(p.engine, "vLLM") ? "0.4.3" : "0.11";
  if (p.date.empty()) return "";
  // Releases current then: InferenceX dates its runs but names no release before December 2025.
  const std::string engine = engine_of(p.engine);
  const bool in_2026 = p.date >= "2026";
  if (engine == "vllm") return in_2026 ? "0.15" : "0.11";
  if (engine == "tensorrt-llm") return in_2026 ? "1.2" : "1.1";
  return in_2026 ? "0.5.9" : "0.5.5";
}

}  // namespace flotilla::analysis
