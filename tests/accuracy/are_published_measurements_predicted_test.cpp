// Does the simulator, with queues and steps and all, give what was measured? Published closed-loop points are replayed
// as they were measured: a burst of as many requests as there are clients, ten requests a client, the drain at the end
// included.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "analysis/run.hpp"
#include "tests/models/published_points.hpp"

using namespace flotilla;
using flotilla::tests::kPublishedPoints;
using flotilla::tests::PublishedPoint;

namespace {

const char* system_of(const std::string& gpu) {
  if (gpu == "h100-sxm") return "hgx-h100";
  if (gpu == "h200-sxm") return "hgx-h200";
  return "hgx-b200";
}

analysis::Summary replay(const PublishedPoint& p) {
  const bool vllm = std::string(p.engine) == "vllm";
  const int tokens = vllm ? 8192 : p.isl + p.osl + (p.isl == 1024 && p.osl == 1024 ? 20 : 200);
  const int sequences = vllm && std::string(p.gpu) == "b200-hgx" ? 512 : p.concurrency;
  const std::string yaml = fmt::format(
      "name: point\n"
      "model: llama-3.3-70b\n"
      "fleet: {{pools: [{{name: bench, system: {}, gpus: {}}}]}}\n"
      "serving:\n"
      "  - {{pool: bench, engine: {}, weights: {}, kv_cache_dtype: {}, tensor_parallel_size: {}, "
      "gpu_memory_utilization: 0.9,\n"
      "     scheduler: {{max_num_batched_tokens: {}, max_num_seqs: {}}}}}\n"
      "workload:\n"
      "  {{request_rate: inf, max_concurrency: {}, num_prompts: {}, input_tokens: {{uniform: [{}, {}]}}, "
      "output_tokens: {{uniform: [{}, {}]}}}}\n",
      system_of(p.gpu), p.tp, p.engine, models::name_of(p.weights), models::name_of(p.kv_cache), p.tp, tokens,
      sequences, p.concurrency, 10 * p.concurrency, (p.isl * 8 + 9) / 10, p.isl, (p.osl * 8 + 9) / 10, p.osl);
  return analysis::run_in_child(analysis::load_scenario(reader::Document::from_text(yaml, p.id), {}));
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

TEST_CASE("TPOT of published points: the gate points within 12 %, the median of all within 5 %") {
  std::vector<double> tpot_errors;
  std::vector<double> vllm_ttft_errors;
  fmt::print("{:<64}{:>10}{:>10}{:>8}{:>10}{:>10}{:>8}\n", "point", "TPOT ms", "simulated", "%", "TTFT ms", "simulated",
             "%");
  int index = 0;
  for (const PublishedPoint& p : kPublishedPoints) {
    const analysis::Summary s = replay(p);
    const double tpot_error = s.tpot.mean / p.tpot_ms - 1;
    const double ttft_error = s.ttft.mean / p.ttft_ms - 1;
    fmt::print("{:<64}{:>10.2f}{:>10.2f}{:>+8.1f}{:>10.0f}{:>10.0f}{:>+8.1f}\n", p.id, p.tpot_ms, s.tpot.mean,
               100 * tpot_error, p.ttft_ms, s.ttft.mean, 100 * ttft_error);
    CAPTURE(p.id);
    CHECK(s.completed == 10 * p.concurrency);
    CHECK(s.conservation.unfinished == 0);
    if (index++ < tests::kGatePoints) CHECK(std::abs(tpot_error) < 0.12);
    tpot_errors.push_back(std::abs(tpot_error));
    if (std::string(p.engine) == "vllm") vllm_ttft_errors.push_back(std::abs(ttft_error));
  }
  fmt::print("median absolute error: TPOT {:.1f} %, TTFT of vLLM {:.1f} %\n", 100 * median(tpot_errors),
             100 * median(vllm_ttft_errors));
  CHECK(median(tpot_errors) < 0.05);
  CHECK(median(vllm_ttft_errors) < 0.20);
}
