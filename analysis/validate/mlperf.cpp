// MLPerf inference v4.1, data centre, with NVIDIA's code and configurations
// (github.com/mlcommons/inference_results_v4.1, closed/NVIDIA/configs): TensorRT-LLM engines in FP8 with an FP8 KV
// cache in 0.90 of the free memory.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/validate/launch.hpp"
#include "analysis/validate/loads.hpp"

namespace flotilla::analysis {
namespace {

/// Lengths of prompts: mean, shape and longest.
struct Prompts {
  double mean, sigma;
  int most;
};

/// OpenOrca as Llama 2 tokenizes it: 24,576 prompts of 48 to 1,021 tokens, 5,463,976 in all
/// (github.com/FlashLab-MBZUAI/HBFSim, validation/calibration/h100-llama2-70b-calibration-protocol.json), that is 222.3
/// on average. A lognormal whose extremes among so many draws (4.06 standard deviations on either side) are those two
/// has sigma = ln(1021 / 48) / (2 * 4.06) = 0.377, and then its mean is 238: near enough to take it for the shape.
constexpr Prompts kOpenOrca = {222.3, 0.377, 1024};

/// Mixtral's mix: a third each of OpenOrca, GSM8K and MBXP (github.com/mlcommons/inference, language/mixtral-8x7b); no
/// mean is published. GSM8K's prompts begin with eight worked examples (Wei et al., Chain-of-Thought Prompting Elicits
/// Reasoning in Large Language Models, arXiv 2201.11903, table 20): the reference's evaluate-accuracy.py looks for "The
/// answer is" and cuts answers where the next "Q:" would begin. The examples and their preamble are 830 of Mixtral's
/// tokens, a question and the template some 65 more. MBXP's are taken to be as long as OpenOrca's. Of the three:
///   mean (2 * 222.3 + 895) / 3 = 446.5, and the variance within and between them gives a lognormal's sigma of 0.652.
constexpr Prompts kMixtralMix = {446.5, 0.652, 2048};

/// Lengths of answers: the mean is the row's; the same source gives 3 to 1,016 tokens for the reference answers, and so
/// sigma = ln(1016 / 3) / (2 * 4.06) = 0.717.
constexpr double kOutputSigma = 0.717;
constexpr int kMostOutput = 1024;
/// Prompts of the dataset; offline, each GPU gets as many, so that filling and draining are a small part.
constexpr std::int64_t kDataset = 24576;
constexpr double kServerSeconds = 600;  // the shortest valid run

struct Configuration {
  const char* model;
  const char* gpu;
  int tp, server_batch, offline_batch;
  const Prompts& prompts;
};

/// tensor_parallelism and gpu_batch_size of configs/llama2-70b/{Server,Offline}/__init__.py. Mixtral's batches and
/// B200's configuration are not published there: 0 = the engine's.
constexpr Configuration kConfigurations[] = {
    {"llama-2-70b", "h100-sxm", 2, 1024, 896, kOpenOrca}, {"llama-2-70b", "h200-sxm", 1, 896, 806, kOpenOrca},
    {"llama-2-70b", "b200-hgx", 1, 0, 0, kOpenOrca},      {"mixtral-8x7b", "h100-sxm", 1, 0, 0, kMixtralMix},
    {"mixtral-8x7b", "h200-sxm", 1, 0, 0, kMixtralMix},   {"mixtral-8x7b", "b200-hgx", 1, 0, 0, kMixtralMix},
};

const Configuration* configuration_of(const Setup& s) {
  for (const Configuration& c : kConfigurations) {
    if (s.model == c.model && s.gpu == c.gpu) return &c;
  }
  return nullptr;
}

}  // namespace

int mlperf_tensor_parallel_size(const Setup& s) {
  const Configuration* c = configuration_of(s);
  return c == nullptr ? 0 : c->tp;
}

ProtocolOrReason mlperf(const MeasuredPoint& p, Setup s, double input_scale) {
  constexpr double kMemoryShare = 0.9;   // kvcache_free_gpu_mem_frac
  constexpr int kMixtralTokens = 16384;  // configs/mixtral-8x7b/__init__.py: max_num_tokens
  const Configuration* c = configuration_of(s);
  if (s.engine != "tensorrt-llm" || c == nullptr) return Skipped{"this submitter's configuration is not known"};
  if (!p.output_tokens || !p.gpus) return Skipped{"the answers' mean length or the number of GPUs is not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  s.gpus = *p.gpus;
  s.memory_share = kMemoryShare;
  s.chunked_prefill = true;
  if (s.model == "mixtral-8x7b") s.max_num_batched_tokens = kMixtralTokens;
  const int batch = p.load == LoadKind::kRate ? c->server_batch : c->offline_batch;
  if (batch > 0) s.max_num_seqs = batch;
  s.mean_input = c->prompts.mean * input_scale, s.mean_output = *p.output_tokens;
  s.input_tokens = lognormal(s.mean_input, c->prompts.sigma, c->prompts.most);
  s.output_tokens = lognormal(s.mean_output, kOutputSigma, kMostOutput);
  s.requests = kDataset * s.gpus;
  if (p.load == LoadKind::kRate) {
    s.request_rate = fmt::format("{}", *p.load_value);
    s.requests = std::llround(kServerSeconds * *p.load_value);
  }
  protocol.notes.emplace_back(
      s.model == "mixtral-8x7b"
          ? "mean input reckoned from what the dataset is made of (447 tokens); shape to match"
          : "mean input of OpenOrca as published (222 tokens); shapes of lengths from their extremes");
  protocol.ttft = statistic_of(p.ttft_statistic), protocol.tpot = statistic_of(p.tpot_statistic);
  protocol.setup = std::move(s);
  return protocol;
}

std::string lognormal(double mean, double sigma, int most) {
  const auto normal = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  // E[min(X, m)] = M Phi(d - sigma) + m (1 - Phi(d)), with M the mean before cutting, d = (ln m - mu) / sigma.
  const auto cut_mean = [&](double whole) {
    const double d = (std::log(most) - (std::log(whole) - sigma * sigma / 2)) / sigma;
    return whole * normal(d - sigma) + most * (1 - normal(d));
  };
  double low = mean, high = most;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (cut_mean(middle) < mean ? low : high) = middle;
  }
  return fmt::format("{{lognormal: {{mean: {:.4g}, sigma: {}, max: {}}}}}", low, sigma, most);
}

}  // namespace flotilla::analysis
