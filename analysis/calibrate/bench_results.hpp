// Files of `vllm bench serve --save-result`: a user's own measurements of one deployment.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace flotilla::analysis {

/// One file. Times in seconds; lengths are means in tokens.
struct BenchResult {
  std::string file;
  int num_prompts = 0;
  std::optional<int> max_concurrency;
  std::optional<double> request_rate;  ///< absent: infinite
  double input_tokens = 0;
  double output_tokens = 0;
  double mean_tpot = 0;
  double mean_ttft = 0;
};

/// Keys as vLLM writes them (vllm/benchmarks/serve.py): num_prompts, completed, max_concurrency, request_rate ("inf" or
/// a number), total_input_tokens, total_output_tokens, mean_tpot_ms, mean_ttft_ms. Throws InputError: no JSON, a key
/// missing or impossible, failed requests, answers of a single token (no TPOT).
BenchResult read_bench_result(const std::string& path);

}  // namespace flotilla::analysis
