#include "analysis/calibrate/serving_points.hpp"

#include <map>
#include <optional>

#include "models/memory.hpp"

namespace flotilla::analysis {
namespace {

using models::NumberFormat;

std::optional<models::Llm> model_of(const std::string& name) {
  static const std::map<std::string, std::string> kNames{
      {"Llama 3.3 70B", "llama-3.3-70b"}, {"Llama 3.1 70B", "llama-3.1-70b"},
      {"Llama 3.1 8B", "llama-3.1-8b"},   {"Llama 3.1 405B", "llama-3.1-405b"},
      {"Llama 2 70B", "llama-2-70b"},     {"Mistral 7B", "mistral-7b"},
      {"Mixtral 8x7B", "mixtral-8x7b"},   {"Mixtral 8x22B", "mixtral-8x22b"},
      {"Qwen3-32B", "qwen3-32b"},         {"Qwen3-235B-A22B", "qwen3-235b-a22b"},
      {"Qwen3-30B-A3B", "qwen3-30b-a3b"}, {"MiniMax-M2.5", "minimax-m2.5"},
      {"gpt-oss-120b", "gpt-oss-120b"},   {"Llama 4 Maverick", "llama-4-maverick"},
      {"Llama 4 Scout", "llama-4-scout"}};
  static std::map<std::string, std::optional<models::Llm>> loaded;
  const auto found = kNames.find(name);
  if (found == kNames.end()) return std::nullopt;
  auto& llm = loaded[name];
  if (!llm) {
    try {
      llm = models::load_llm(found->second);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }
  return llm;
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

NumberFormat weights_of(const std::string& precision, const std::string& model) {
  if (precision == "fp4") return model == "gpt-oss-120b" ? NumberFormat::kMxfp4 : NumberFormat::kNvfp4;
  return precision == "fp8" ? NumberFormat::kFp8 : NumberFormat::kBf16;
}

std::string release_of(const Table& t, std::size_t row) {
  const auto& version = t.text(row, "engine_version");
  if (!version.empty() && version.rfind("workflow", 0) != 0) return version;
  const bool late = t.text(row, "date") >= "2026";
  const auto& engine = t.text(row, "engine");
  if (engine == "vLLM") return late ? "0.15" : "0.11";
  if (engine == "TensorRT-LLM") return late ? "1.2" : "1.1";
  return late ? "0.5.9" : "0.5.5";
}

}  // namespace

PredictedFigures predict(models::StepCost& cost, const ServingPoint& point) {
  PredictedFigures figures;
  double duration = 0;
  for (const auto& b : point.replay.batches) {
    const double step = cost.mixed(b.batch).total();
    figures.tpot += b.tpot_weight * step;
    figures.ttft += b.ttft_weight * step;
    duration += b.steps * step;
  }
  figures.ttft += cost.frontend().seconds(point.replay.mean_input_tokens);
  figures.throughput = point.replay.output_tokens / duration / point.deployment.gpus();
  return figures;
}

std::vector<ServingPoint> serving_points(const Table& t, const std::string& gpu, const std::string& engine) {
  std::vector<ServingPoint> points;
  for (std::size_t row = 0; row < t.size(); ++row) {
    const auto id = t.text(row, "id");
    if (t.number(row, "clean") != 1 || t.text(row, "disaggregated") == "yes" || gpu_name(t.text(row, "gpu")) != gpu ||
        engine_name(t.text(row, "engine")) != engine || !(t.number(row, "tp") >= 1))
      continue;
    const bool aic = id.rfind("aic-", 0) == 0;
    const bool offline = id.rfind("trtllm-", 0) == 0 && t.text(row, "load_kind") == "offline";
    if (!aic && !offline) continue;
    const auto llm = model_of(t.text(row, "model"));
    if (!llm) continue;
    const bool trtllm = engine == "tensorrt-llm";
    ServingPoint p;
    p.id = id, p.model = t.text(row, "model");
    auto& d = p.deployment;
    d.llm = *llm, d.gpu = models::load_gpu(gpu), d.engine = models::load_engine(engine);
    d.engine_version = release_of(t, row);
    d.weights = weights_of(t.text(row, "weight_precision"), p.model);
    d.tensor_parallel_size = static_cast<int>(t.number(row, "tp"));
    d.expert_parallel_size = t.number(row, "ep") > 1 ? static_cast<int>(t.number(row, "ep")) : 1;
    d.data_parallel_size = t.number(row, "attn_dp") > 1 ? static_cast<int>(t.number(row, "attn_dp")) : 1;
    if (llm->experts == 0) d.expert_parallel_size = 1;
    const double input = t.number(row, "input_tokens"), output = t.number(row, "output_tokens");
    const bool inferencex = t.text(row, "length_distribution").find("uniform") != std::string::npos;
    ReplayLoad load;
    load.input_tokens = input, load.output_tokens = output, load.shortest = inferencex ? 0.8 : 1;
    ReplayEngine run;
    run.scheduler = d.engine.scheduler;
    const int dp = d.data_parallel_size;
    d.max_num_batched_tokens = default_max_num_batched_tokens(d.engine, d.gpu);
    d.max_num_seqs = default_max_num_seqs(d.engine, d.gpu);
    d.gpu_memory_utilization = default_gpu_memory_utilization(d.engine, d.gpu);
    d.block_size = d.engine.block_size;
    run.limits.enable_chunked_prefill = d.engine.chunked_prefill.get();
    if (inferencex) {
      d.kv_cache = !trtllm && gpu == "h100-sxm" ? NumberFormat::kBf16 : NumberFormat::kFp8;
      if (trtllm) d.max_num_batched_tokens = static_cast<int>(input + output) + (input == output ? 20 : 200);
      if (trtllm && input == output && d.tensor_parallel_size < 8 && p.model == "Llama 3.3 70B") {
        // WAIT
      }
      d.max_num_seqs = 512;
    } else {
      d.kv_cache = trtllm && d.weights != NumberFormat::kBf16 ? NumberFormat::kFp8 : NumberFormat::kBf16;
      load.staggered = aic;
      d.max_num_seqs = trtllm ? 2048 : d.max_num_seqs;
    }
    load.concurrency = aic ? static_cast<int>(t.number(row, "load_value")) : 0;
    p.concurrency = load.concurrency;
    run.block_size = d.block_size;
    run.window = window_of(d.llm);
    const auto memory = models::memory_ledger(d);
    if (!memory.fits()) continue;
    run.kv_blocks = memory.kv_blocks * dp;
    run.limits.max_num_batched_tokens = d.max_num_batched_tokens * dp;
    run.limits.max_num_seqs = d.max_num_seqs * dp;
    if (aic) {
      load.requests = 10 * load.concurrency;
      p.tpot = t.number(row, "tpot_or_itl_ms") * 1e-3, p.ttft = t.number(row, "ttft_ms") * 1e-3;
    } else {
      const double fit = static_cast<double>(memory.kv_tokens) * dp / (input + output);
      load.requests = static_cast<int>(std::min(std::max(4 * std::min(fit, d.max_num_seqs * 1.0), 1000.0), 12000.0));
      p.throughput = t.number(row, "throughput_output_tok_s_per_gpu");
    }
    try {
      p.replay = replay_steps(run, load);
    } catch (const std::exception&) {
      continue;
    }
    points.push_back(std::move(p));
  }
  return points;
}

}  // namespace flotilla::analysis
