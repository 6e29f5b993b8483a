#include "analysis/calibrate/serving_points.hpp"

#include <map>
#include <optional>

#include "models/number_format.hpp"

namespace flotilla::analysis {
namespace {

using models::NumberFormat;

/// Qwen/Qwen3-32B, config.json on Hugging Face: not in the catalogue, but its points are many.
models::Llm qwen3_32b() {
  models::Llm llm;
  llm.name = "qwen3-32b";
  llm.layers = 64;
  llm.hidden = 5120;
  llm.heads = 64;
  llm.kv_heads = 8;
  llm.head_dim = 128;
  llm.intermediate = 25600;
  llm.vocab = 151936;
  llm.qk_norm = true;
  return llm;
}

std::optional<models::Llm> dense_model(const std::string& name) {
  static const std::map<std::string, models::Llm> kModels{{"Llama 3.3 70B", models::load_llm("llama-3.3-70b")},
                                                          {"Llama 3.1 8B", models::load_llm("llama-3.1-8b")},
                                                          {"Qwen3-32B", qwen3_32b()}};
  const auto found = kModels.find(name);
  return found == kModels.end() ? std::nullopt : std::optional(found->second);
}

std::string gpu_name(const std::string& label) {
  static const std::map<std::string, std::string> kNames{
      {"H100", "h100-sxm"}, {"H200", "h200-sxm"}, {"B200", "b200-hgx"}, {"GB200", "gb200"}};
  const auto found = kNames.find(label);
  return found == kNames.end() ? "" : found->second;
}

std::string engine_name(const std::string& label) {
  return label == "vLLM" ? "vllm" : label == "TensorRT-LLM" ? "tensorrt-llm" : label == "SGLang" ? "sglang" : "";
}

NumberFormat weights_of(const std::string& precision) {
  return precision == "fp4" ? NumberFormat::kNvfp4 : precision == "fp8" ? NumberFormat::kFp8 : NumberFormat::kBf16;
}

/// vLLM's 17 points of Llama 3.1 8B on H200 are left out whole: five imply 69-94 % of the FP8 peak, as if prompts were
/// reused (a guess: the prefix cache is on by default), and which of the others share the cause is not told.
bool may_reuse_prompts(const std::string& model, const std::string& engine) {
  return model == "Llama 3.1 8B" && engine == "vllm";
}

bool usable(const Table& t, std::size_t row, const std::string& gpu, const std::string& engine) {
  constexpr double kQueuesForMemory = 5000;  // ms of TTFT
  return t.text(row, "id").rfind("aic-", 0) == 0 && t.number(row, "clean") == 1 &&
         t.text(row, "disaggregated") == "no" && gpu_name(t.text(row, "gpu")) == gpu &&
         engine_name(t.text(row, "engine")) == engine && t.number(row, "tp") >= 1 &&
         !may_reuse_prompts(t.text(row, "model"), engine) && t.number(row, "tpot_or_itl_ms") > 0 &&
         t.number(row, "ttft_ms") < kQueuesForMemory;
}

/// NVIDIA's internal runs: the engine's defaults, fixed lengths, arrivals spread (assumed). The KV format is not
/// stated; with FP8 weights TensorRT-LLM's checkpoints carry FP8 scales for the cache, and only so do their points
/// agree with kernels.
void use_default_flags(ServingPoint& point) {
  auto& d = point.deployment;
  const bool trtllm = d.engine.name == "tensorrt-llm";
  point.setup = "NVIDIA";
  point.load.requests = 10 * point.load.concurrency;
  point.load.shortest = 1;
  point.load.staggered = true;
  point.load.chunked_prefill = !trtllm;
  d.kv_cache = trtllm && d.weights == NumberFormat::kFp8 ? NumberFormat::kFp8 : NumberFormat::kBf16;
}

}  // namespace

std::vector<ServingPoint> serving_points(const Table& t, const std::string& gpu, const std::string& engine) {
  std::vector<ServingPoint> points;
  for (std::size_t row = 0; row < t.size(); ++row) {
    if (!usable(t, row, gpu, engine)) continue;
    const auto llm = dense_model(t.text(row, "model"));
    if (!llm) continue;
    ServingPoint point;
    point.id = t.text(row, "id");
    point.model = t.text(row, "model");
    point.deployment.llm = *llm;
    point.deployment.gpu = models::load_gpu(gpu);
    point.deployment.engine = models::load_engine(engine);
    point.deployment.weights = weights_of(t.text(row, "weight_precision"));
    point.deployment.tensor_parallel_size = static_cast<int>(t.number(row, "tp"));
    point.tpot = t.number(row, "tpot_or_itl_ms") * 1e-3;
    point.ttft = t.number(row, "ttft_ms") * 1e-3;
    point.load.concurrency = static_cast<int>(t.number(row, "load_value"));
    point.load.input_tokens = t.number(row, "input_tokens");
    point.load.output_tokens = t.number(row, "output_tokens");
    const bool inferencex = t.text(row, "length_distribution").find("uniform") != std::string::npos;
    inferencex ? use_inferencex_flags(point) : use_default_flags(point);
    point.batches = closed_loop_batches(point.load);
    points.push_back(std::move(point));
  }
  return points;
}

void use_inferencex_flags(ServingPoint& point) {
  auto& load = point.load;
  auto& d = point.deployment;
  const bool trtllm = d.engine.name == "tensorrt-llm";
  point.setup = "InferenceX";
  load.requests = 10 * load.concurrency;
  load.shortest = 0.8;
  load.chunked_prefill = !trtllm;
  d.kv_cache = !trtllm && d.gpu.name == "h100-sxm" ? NumberFormat::kBf16 : NumberFormat::kFp8;
  if (!trtllm) return;
  const bool equal_mix = load.input_tokens == load.output_tokens;
  load.max_num_batched_tokens = static_cast<int>(load.input_tokens + load.output_tokens) + (equal_mix ? 20 : 200);
  if (equal_mix && d.tensor_parallel_size < 8) {
    load.wait_ratio = 0.9;
    load.wait_steps = 20;
  }
}

PredictedLatency predicted_latency(models::StepCost& cost, const ServingPoint& point) {
  PredictedLatency latency;
  for (const auto& [batch, tpot_weight, ttft_weight] : point.batches) {
    const double step = cost.mixed(batch).total();
    latency.tpot += tpot_weight * step;
    latency.ttft += ttft_weight * step;
  }
  return latency;
}

}  // namespace flotilla::analysis
