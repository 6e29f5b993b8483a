#include "analysis/calibrate/bench_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "models/json_source.hpp"

namespace flotilla::analysis {
namespace {

using models::JsonSource;

constexpr models::JsonKind kResult{"a result of `vllm bench serve --save-result`", 500};  // --save-detailed is large
constexpr double kMost = 1e15;  // of a count: all whole numbers below it are exact

/// nullptr where the key is missing or null: vLLM writes null for an option that was not given.
const nlohmann::json* given(const JsonSource& source, const char* key) {
  const auto found = source.root().find(key);
  return found == source.root().end() || found->is_null() ? nullptr : &*found;
}

/// A value in an error: containers by their kind, for they may be long.
std::string shown(const nlohmann::json& value) {
  return value.is_structured() ? fmt::format("an {}", value.type_name()) : value.dump();
}

double positive(const JsonSource& source, const char* key, const std::string& hint) {
  const auto* const found = given(source, key);
  if (found == nullptr) source.fail(key, "missing", hint.empty() ? "results of `vllm bench serve` have it" : hint);
  if (!found->is_number() || !(found->get<double>() > 0))
    source.fail(key, fmt::format("{} is not a positive number", shown(*found)), hint);
  return found->get<double>();
}

double count(const JsonSource& source, const char* key) {
  const double value = positive(source, key, "");
  if (value != std::floor(value) || value > kMost)
    source.fail(key, fmt::format("{} is not a count", shown(*given(source, key))));
  return value;
}

double milliseconds(const JsonSource& source, const char* key, const char* metric) {
  const auto hint =
      fmt::format("vLLM measures it where answers are streamed and --percentile-metrics, if given, names {}", metric);
  return positive(source, key, hint) * 1e-3;
}

/// Requests that were measured. A data set may have fewer than were asked for; older releases do not say how many
/// failed, so that there all must have been completed.
std::int64_t requests_of(const JsonSource& source) {
  const double completed = count(source, "completed");
  const auto* const said = given(source, "failed");
  if (said != nullptr && !said->is_number()) source.fail("failed", fmt::format("{} is not a count", shown(*said)));
  const double failed = said != nullptr ? said->get<double>() : count(source, "num_prompts") - completed;
  if (failed > 0)
    source.fail(said != nullptr ? "failed" : "completed",
                fmt::format("{} of {} requests failed", failed, completed + failed),
                "a benchmark to calibrate on must complete");
  return static_cast<std::int64_t>(completed);
}

std::optional<double> rate_of(const JsonSource& source) {
  if (given(source, "ramp_up_strategy") != nullptr)
    source.fail("ramp_up_strategy", "the rate rose during the benchmark", "measure at one rate, or at one concurrency");
  const auto* const found = given(source, "request_rate");
  if (found == nullptr || (found->is_string() && found->get<std::string>() == "inf")) return std::nullopt;
  return positive(source, "request_rate", "a number of requests per second, or \"inf\"");
}

BenchResult result_of(const JsonSource& source) {
  BenchResult result;
  result.where.file = source.file();
  if (const auto* const model = given(source, "model_id"); model != nullptr && model->is_string())
    result.model = model->get<std::string>();
  result.requests = requests_of(source);
  if (given(source, "max_concurrency") != nullptr)
    result.max_concurrency = static_cast<std::int64_t>(count(source, "max_concurrency"));
  result.request_rate = rate_of(source);
  if (result.request_rate && given(source, "burstiness") != nullptr) {
    const double burstiness = positive(source, "burstiness", "1 is Poisson");
    if (burstiness != 1) result.burstiness = burstiness;
  }
  const auto requests = static_cast<double>(result.requests);
  result.input_tokens = count(source, "total_input_tokens") / requests;
  result.output_tokens = count(source, "total_output_tokens") / requests;
  if (result.output_tokens < 1.5) source.fail("total_output_tokens", "answers of a single token have no TPOT");
  result.mean_tpot = milliseconds(source, "mean_tpot_ms", "tpot");
  result.mean_ttft = milliseconds(source, "mean_ttft_ms", "ttft");
  return result;
}

/// Lines that begin with a brace, each with as many newlines before it as in the file, so that errors say where. A
/// single result may be spread over lines; only its first begins with a brace.
std::vector<std::pair<int, std::string>> results_in(const std::string& text) {
  std::vector<std::pair<int, std::string>> results;
  int line = 0;
  for (std::size_t start = 0; start < text.size(); ++line) {
    const auto end = std::min(text.find('\n', start), text.size());
    if (text[start] == '{')
      results.emplace_back(line + 1,
                           std::string(static_cast<std::size_t>(line), '\n') + text.substr(start, end - start));
    start = end + 1;
  }
  return results;
}

}  // namespace

std::vector<BenchResult> read_bench_results(const std::string& path) {
  auto text = models::read_json_text(path, kResult);
  const auto parts = results_in(text);
  if (parts.size() < 2) return {result_of(JsonSource(std::move(text), path, kResult))};
  std::vector<BenchResult> results;
  for (const auto& [line, part] : parts) {
    results.push_back(result_of(JsonSource(part, path, kResult)));
    results.back().where.line = line;
  }
  return results;
}

}  // namespace flotilla::analysis
