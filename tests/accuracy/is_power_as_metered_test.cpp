// Power at the wall and joules per token of MLPerf runs that no coefficient was fitted to, and tokens per provisioned
// megawatt as published. One GPU stands for each of the server's eight: its rate, its part of the power.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>

#include "analysis/run.hpp"

using namespace flotilla;

namespace {

/// Llama 2 70B, whole server: MLPerf inference, mean power of the wall meter (spl.txt, 1 Hz, median) and tokens per
/// second of the result. Lengths as `flotilla validate` has them for MLPerf: OpenOrca's mean prompt of 222 tokens, 292
/// of answers.
struct Metered {
  const char* run;
  const char* system;
  const char* weights;
  const char* limits;  ///< of the pool
  const char* rate;    ///< of one GPU
  const char* batch;
  int requests;
  double watts, tokens_per_second;
};

// v4.1, NVIDIA, H200-SXM-141GBx8_TRT_MaxQ: its configuration has power_limit = 500 (closed/NVIDIA/configs/llama2-70b);
// the server run took 23,113 tok/s / 291.7 / 8 = 9.9 requests/s a GPU. v5.1, Lenovo, SR680a V3.
constexpr Metered kMetered[] = {
    {"H200 MaxQ offline", "hgx-h200", "fp8", ", power: {gpu_cap: 500W}", "inf", ", max_num_seqs: 806", 12288, 6160.9,
     25262.1},
    {"H200 MaxQ server", "hgx-h200", "fp8", ", power: {gpu_cap: 500W}", "9.9", ", max_num_seqs: 896", 6000, 6296.0,
     23113.14},
    {"B200 offline", "hgx-b200", "nvfp4", "", "inf", "", 24576, 10496.0, 102909.0},
    {"B200 server", "hgx-b200", "nvfp4", "", "42.5", "", 25000, 10451.0, 99203.92},
};

analysis::Summary run(const std::string& yaml) {
  return analysis::run_in_child(analysis::load_scenario(reader::Document::from_text(yaml, "point.yaml"), {}));
}

analysis::Summary replay(const Metered& m) {
  return run(fmt::format(
      "name: point\nmodel: llama-2-70b\n"
      "fleet: {{pools: [{{name: p, system: {}, gpus: 1{}}}]}}\n"
      "serving:\n"
      "  - {{pool: p, engine: tensorrt-llm, weights: {}, kv_cache_dtype: fp8, gpu_memory_utilization: 0.9,\n"
      "     scheduler: {{enable_chunked_prefill: true{}}}}}\n"
      "workload:\n"
      "  {{request_rate: {}, num_prompts: {}, input_tokens: {{lognormal: {{mean: 222.3, sigma: 0.377, max: 1024}}}}, "
      "output_tokens: {{lognormal: {{mean: 298.3, sigma: 0.717, max: 1024}}}}}}\n",
      m.system, m.limits, m.weights, m.batch, m.rate, m.requests));
}

/// InferenceMAX v1's sweep of 1k/1k ends at 64 clients, where throughput is best.
analysis::Summary gpt_oss(const char* system, const char* engine, const char* kv_cache, int tp) {
  return run(fmt::format(
      "name: point\nmodel: gpt-oss-120b\nfleet: {{pools: [{{name: p, system: {}, gpus: {}}}]}}\n"
      "serving:\n  - {{pool: p, engine: {}, weights: mxfp4, kv_cache_dtype: {}, tensor_parallel_size: {}}}\n"
      "workload: {{request_rate: inf, max_concurrency: 64, num_prompts: 640, input_tokens: {{uniform: [820, 1024]}}, "
      "output_tokens: {{uniform: [820, 1024]}}}}\n",
      system, tp, engine, kv_cache, tp));
}

}  // namespace

TEST_CASE("Llama 2 70B on 8 x H200 and 8 x B200: watts at the wall and joules per token within 15 %") {
  for (const Metered& m : kMetered) {
    CAPTURE(m.run);
    const analysis::Summary s = replay(m);
    const double watts = 8 * s.energy.server_watts;
    const double joules = s.energy.joules_per_output_token.value();
    const double measured = m.watts / m.tokens_per_second;
    fmt::print("{:<20}{:>8.0f} W, measured {:>6.0f} ({:+.1f} %){:>9.4f} J/token, measured {:.4f} ({:+.1f} %)\n", m.run,
               watts, m.watts, 100 * (watts / m.watts - 1), joules, measured, 100 * (joules / measured - 1));
    CHECK(std::abs(watts / m.watts - 1) < 0.15);
    CHECK(std::abs(joules / measured - 1) < 0.15);
  }
}

TEST_CASE("gpt-oss-120b makes 0.9 M tok/s per provisioned MW on HGX H100 and 2.8 M on HGX B200, within 25 %") {
  const auto per_megawatt = [](const analysis::Summary& s) {
    return s.energy.tokens_per_second_per_provisioned_megawatt.value() / 1e6;
  };
  const double h100 = per_megawatt(gpt_oss("hgx-h100", "vllm", "bf16", 2));
  const double b200 = per_megawatt(gpt_oss("hgx-b200", "tensorrt-llm", "fp8", 1));
  fmt::print("M tok/s per provisioned MW: H100 {:.2f} (published 0.9), B200 {:.2f} (published 2.8)\n", h100, b200);
  CHECK(std::abs(h100 / 0.9 - 1) < 0.25);
  CHECK(std::abs(b200 / 2.8 - 1) < 0.25);
}
