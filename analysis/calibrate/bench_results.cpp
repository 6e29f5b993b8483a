#include "analysis/calibrate/bench_results.hpp"

#include <fmt/format.h>

#include "models/json_source.hpp"

namespace flotilla::analysis {
namespace {

using models::JsonSource;

double positive(const JsonSource& source, const char* key) {
  const auto found = source.root().find(key);
  if (found == source.root().end())
    source.fail(key, fmt::format("'{}' is missing", key), "a file of `vllm bench serve --save-result` has it");
  if (!found->is_number() || !(found->get<double>() > 0))
    source.fail(key, fmt::format("{} is not a positive number", found->dump()));
  return found->get<double>();
}

std::optional<double> rate_of(const JsonSource& source) {
  const auto found = source.root().find("request_rate");
  if (found == source.root().end() || found->is_null() || (found->is_string() && found->get<std::string>() == "inf"))
    return std::nullopt;
  return positive(source, "request_rate");
}

}  // namespace

BenchResult read_bench_result(const std::string& path) {
  const auto source = JsonSource::load(path);
  BenchResult result;
  result.file = path;
  const double completed = positive(source, "completed");
  result.num_prompts = static_cast<int>(positive(source, "num_prompts"));
  if (completed < result.num_prompts)
    source.fail("completed",
                fmt::format("{} of {} requests failed", result.num_prompts - completed, result.num_prompts),
                "a benchmark to calibrate on must complete");
  const auto concurrency = source.root().find("max_concurrency");
  if (concurrency != source.root().end() && !concurrency->is_null())
    result.max_concurrency = static_cast<int>(positive(source, "max_concurrency"));
  result.request_rate = rate_of(source);
  result.input_tokens = positive(source, "total_input_tokens") / completed;
  result.output_tokens = positive(source, "total_output_tokens") / completed;
  if (result.output_tokens < 2) source.fail("total_output_tokens", "answers of a single token have no TPOT");
  result.mean_tpot = positive(source, "mean_tpot_ms") * 1e-3;
  result.mean_ttft = positive(source, "mean_ttft_ms") * 1e-3;
  return result;
}

}  // namespace flotilla::analysis
