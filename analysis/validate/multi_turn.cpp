// Clients that replay conversations turn by turn, with the prefix cache on.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <utility>

#include "analysis/validate/launch.hpp"
#include "analysis/validate/loads.hpp"

namespace flotilla::analysis {
namespace {

/// The number that follows a word in the table's free text: "req/s 7.994; mean ttft 267.6".
std::optional<double> after(const std::string& text, const std::string& word) {
  const auto at = text.find(word);
  if (at == std::string::npos) return std::nullopt;
  const char* start = text.c_str() + at + word.size();
  char* end = nullptr;
  const double value = std::strtod(start, &end);
  return end == start ? std::nullopt : std::optional(value);
}

std::optional<double> either(const std::string& text, const std::string& word, const std::string& other) {
  const auto value = after(text, word);
  return value ? value : after(text, other);
}

/// Half to one and a half times the mean: lengths differ, or clients would stay in step with each other.
std::string spread(double mean) {
  return fmt::format("{{uniform: [{}, {}]}}", std::max(1LL, std::llround(kMultiTurnLengths.shortest * mean)),
                     std::llround(kMultiTurnLengths.longest * mean));
}

}  // namespace

ProtocolOrReason multi_turn(const MeasuredPoint& p, Setup s) {
  constexpr int kRequestsPerClient = 10;
  const auto rate = either(p.raw, "req/s ", "rps ");
  const auto hits = either(p.raw, "gpu prefix hit ", "gpu hit ");  // percent
  if (!p.load_value || !rate || *rate <= 0 || !hits || !p.throughput || !p.total_throughput || !p.gpus)
    return Skipped{"the row does not tell the lengths of its turns"};
  Protocol protocol;
  use_default_flags(s, p);
  // NVIDIA's FP4 checkpoints carry scales for an FP8 cache; the KV tokens that these runs logged say that it was used.
  if (s.weights == "nvfp4") s.kv_cache = "fp8";
  use_stated_kv(s, p);
  s.memory_share = 0.9;
  s.max_concurrency = static_cast<int>(std::lround(*p.load_value));
  s.requests = std::int64_t{kRequestsPerClient} * *s.max_concurrency;
  if (p.starts_with("kvpA-")) s.max_num_seqs = s.max_concurrency;  // as its launch commands say
  s.mean_output = *p.throughput * *p.gpus / *rate;
  s.mean_input = (*p.total_throughput - *p.throughput) * *p.gpus / *rate;
  s.input_tokens = spread(s.mean_input), s.output_tokens = spread(s.mean_output);
  // What the GPUs no longer hold may have been kept in host memory; of it, the way back is not modelled.
  const double on_gpus = *hits / 100, on_host = after(p.raw, "cpu hit ").value_or(0) / 100;
  s.cached_share = on_gpus + (1 - on_gpus) * on_host;
  protocol.notes.emplace_back(
      "lengths: uniform around the row's means; the cached part of each prompt by the row's hit rate, held per client; "
      "no think time");
  protocol.ttft = statistic_of(p.ttft_statistic), protocol.tpot = statistic_of(p.tpot_statistic);
  protocol.setup = std::move(s);
  return protocol;
}

}  // namespace flotilla::analysis
