// Published closed-loop measurements of mixtures of experts: InferenceX (SemiAnalysis) runs of 2026, as collected in
// NVIDIA AIConfigurator (github.com/ai-dynamo/aiconfigurator, 095f58a5, silicon_sample.csv, Apache-2.0); `id` is the
// run's name there. Of each model, GPU, engine and format: 1k/1k at 16 clients and 8k/1k at 64, one parallelism each,
// not chosen by how well they are met. Measured as tests/models/published_points.hpp says; launch flags are those of
// InferenceX's scripts, as analysis/validate/launch.cpp has them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "analysis/run.hpp"

using namespace flotilla;

namespace {

struct Point {
  const char *id, *model, *system, *engine, *release, *weights, *kv_cache;
  int tp, ep;
  double memory;
  int tokens, sequences;  // of a step
  int isl, clients;
  double ttft_ms, tpot_ms;
};

constexpr Point kPoints[] = {
    {"minimaxm2_5_b200_vllm_fp4_agg_1024x1024_c16_cfg702", "minimax-m2.5", "hgx-b200", "vllm", "0.19.0", "nvfp4", "fp8",
     4, 1, 0.9, 8192, 16, 1024, 16, 63.969, 7.2996},
    {"minimaxm2_5_b200_vllm_fp4_agg_8192x1024_c64_cfg702", "minimax-m2.5", "hgx-b200", "vllm", "0.19.0", "nvfp4", "fp8",
     4, 1, 0.9, 8192, 64, 8192, 64, 512.993, 17.7995},
    {"minimaxm2_5_b200_vllm_fp8_agg_1024x1024_c16_cfg634", "minimax-m2.5", "hgx-b200", "vllm", "0.19.0", "fp8", "fp8",
     4, 1, 0.95, 8192, 1024, 1024, 16, 82.0599, 9.99742},
    {"minimaxm2_5_b200_vllm_fp8_agg_8192x1024_c64_cfg634", "minimax-m2.5", "hgx-b200", "vllm", "0.19.0", "fp8", "fp8",
     4, 1, 0.95, 8192, 1024, 8192, 64, 564.663, 21.3218},
    {"2026_03_25_minimax_m2_5_h100_sxm_vllm_fp8_agg_1024x1024_c16_tp4_0_ep4_0_235", "minimax-m2.5", "hgx-h100", "vllm",
     "0.18.0", "fp8", "bf16", 4, 4, 0.9, 8192, 256, 1024, 16, 113.778, 15.5408},
    {"minimaxm2_5_h200_vllm_fp8_agg_1024x1024_c16_cfg606", "minimax-m2.5", "hgx-h200", "vllm", "0.16.0", "fp8", "bf16",
     4, 1, 0.95, 8192, 1024, 1024, 16, 116.072, 15.7362},
    {"minimaxm2_5_h200_vllm_fp8_agg_8192x1024_c64_cfg637", "minimax-m2.5", "hgx-h200", "vllm", "0.18.0", "fp8", "bf16",
     8, 1, 0.95, 8192, 1024, 8192, 64, 759.477, 25.8798},
    {"2026_04_06_gpt_oss_120b_b200_sxm_trtllm_fp4_agg_1024x1024_c16_tp4_ep1_348", "gpt-oss-120b", "hgx-b200",
     "tensorrt-llm", "1.2.0rc2", "mxfp4", "fp8", 4, 1, 0.85, 20000, 512, 1024, 16, 40.6871, 3.17569},
    {"2026_03_25_gpt_oss_120b_b200_sxm_trtllm_fp4_agg_8192x1024_c64_tp1_0_ep1_0_1011", "gpt-oss-120b", "hgx-b200",
     "tensorrt-llm", "1.2.0rc2.post2", "mxfp4", "fp8", 1, 1, 0.85, 20000, 512, 8192, 64, 374.951, 13.893},
    {"2026_04_06_gpt_oss_120b_b200_sxm_vllm_fp4_agg_1024x1024_c16_tp2_ep1_379", "gpt-oss-120b", "hgx-b200", "vllm",
     "0.15.1", "mxfp4", "fp8", 2, 1, 0.9, 8192, 512, 1024, 16, 45.6612, 5.34877},
    {"2026_03_25_gpt_oss_120b_b200_sxm_vllm_fp4_agg_8192x1024_c64_tp1_0_ep1_0_624", "gpt-oss-120b", "hgx-b200", "vllm",
     "0.15.1", "mxfp4", "fp8", 1, 1, 0.9, 8192, 512, 8192, 64, 380.785, 14.241},
    {"2026_03_25_gpt_oss_120b_h100_sxm_vllm_fp4_agg_1024x1024_c16_tp4_0_ep1_0_200", "gpt-oss-120b", "hgx-h100", "vllm",
     "0.18.0", "mxfp4", "bf16", 4, 1, 0.9, 8192, 16, 1024, 16, 62.2143, 5.82749},
    {"2026_03_25_gpt_oss_120b_h100_sxm_vllm_fp4_agg_8192x1024_c64_tp4_0_ep1_0_208", "gpt-oss-120b", "hgx-h100", "vllm",
     "0.18.0", "mxfp4", "bf16", 4, 1, 0.9, 8192, 64, 8192, 64, 652.669, 16.7391},
};

analysis::Summary replay(const Point& p) {
  constexpr int kOutput = 1024;
  const auto uniform = [](int nominal) {
    return fmt::format("{{uniform: [{}, {}]}}", (nominal * 8 + 9) / 10, nominal);
  };
  const auto yaml = fmt::format(
      "name: point\nmodel: {}\nfleet: {{pools: [{{name: bench, system: {}, gpus: {}}}]}}\nserving:\n"
      "  - {{pool: bench, engine: {}, engine_version: '{}', weights: {}, kv_cache_dtype: {}, tensor_parallel_size: "
      "{},\n"
      "     expert_parallel_size: {}, gpu_memory_utilization: {},\n"
      "     scheduler: {{max_num_batched_tokens: {}, max_num_seqs: {}}}}}\n"
      "workload: {{request_rate: inf, max_concurrency: {}, num_prompts: {}, input_tokens: {}, output_tokens: {}}}\n",
      p.model, p.system, p.tp, p.engine, p.release, p.weights, p.kv_cache, p.tp, p.ep, p.memory, p.tokens, p.sequences,
      p.clients, 10 * p.clients, uniform(p.isl), uniform(kOutput));
  return analysis::run_in_child(analysis::load_scenario(reader::Document::from_text(yaml, p.id), {}));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

TEST_CASE("TPOT of mixtures of experts: each within 25 %, the median within 8 %, and TTFT's median within 18 %") {
  std::vector<double> tpot_errors, ttft_errors;
  for (const auto& p : kPoints) {
    const auto s = replay(p);
    const double tpot_error = s.tpot.mean / p.tpot_ms - 1, ttft_error = s.ttft.mean / p.ttft_ms - 1;
    fmt::print(
        "{:<84} TPOT {:6.2f} ms, simulated {:6.2f} ({:+5.1f} %); TTFT {:6.0f} ms, simulated {:6.0f} ({:+5.1f} %)\n",
        p.id, p.tpot_ms, s.tpot.mean, 100 * tpot_error, p.ttft_ms, s.ttft.mean, 100 * ttft_error);
    CAPTURE(p.id);
    CHECK(s.completed == 10 * p.clients);
    CHECK(std::fabs(tpot_error) < 0.25);
    tpot_errors.push_back(std::fabs(tpot_error)), ttft_errors.push_back(std::fabs(ttft_error));
  }
  CHECK(median(tpot_errors) < 0.08);
  CHECK(median(ttft_errors) < 0.18);
}
