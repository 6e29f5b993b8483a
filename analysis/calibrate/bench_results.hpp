// Files of `vllm bench serve --save-result`: a user's own measurements of one deployment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {

/// One measurement. Times in seconds; lengths are means in tokens.
struct BenchResult {
  SourceLocation where;  ///< its file, and its line where a file has several
  std::string model;     ///< "" where the file does not say
  std::int64_t requests = 0;
  std::optional<std::int64_t> max_concurrency;
  std::optional<double> request_rate;  ///< absent: infinite
  std::optional<double> burstiness;    ///< of a finite rate, where it is not Poisson's
  double input_tokens = 0;
  double output_tokens = 0;
  double mean_tpot = 0;
  double mean_ttft = 0;
};

/// Keys as vLLM writes them (vllm/benchmarks/serve.py): completed, failed (newer releases), num_prompts,
/// max_concurrency (a number or null), request_rate (a number or "inf"), burstiness, total_input_tokens,
/// total_output_tokens, mean_tpot_ms, mean_ttft_ms, model_id; all others are passed over. Several results where
/// --append-result wrote them, one per line. Throws InputError: no JSON, a key missing or impossible, failed requests,
/// a ramp of rates, answers of a single token (no TPOT).
std::vector<BenchResult> read_bench_results(const std::string& path);

}  // namespace flotilla::analysis
