#include "analysis/validate/loads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/validate/labels.hpp"
#include "analysis/validate/launch.hpp"
#include "models/release.hpp"

namespace flotilla::analysis {
namespace {

std::string fixed(double tokens) { return fmt::format("{}", std::llround(tokens)); }

std::string uniform(double nominal) {
  return fmt::format("{{uniform: [{}, {}]}}", std::llround(std::ceil(kInferencexLengths.shortest * nominal)),
                     std::llround(nominal));
}

/// Requests that NVIDIA queued for each pair of lengths (TensorRT-LLM docs/source/performance/perf-overview.md).
std::int64_t queued_requests(double input, double output) {
  static const std::map<std::pair<int, int>, std::int64_t> kQueued{
      {{128, 128}, 30000},  {{128, 2048}, 3000},  {{128, 4096}, 1500},  {{500, 2000}, 3000},
      {{1000, 1000}, 3000}, {{1000, 2000}, 1500}, {{1024, 2048}, 1500}, {{2048, 128}, 3000},
      {{2048, 2048}, 1500}, {{5000, 500}, 1500},  {{20000, 2000}, 1000}};
  const auto found = kQueued.find({static_cast<int>(input), static_cast<int>(output)});
  return found == kQueued.end() ? 0 : found->second;
}

}  // namespace

void fix_lengths(Setup& s, double input, double output) {
  s.mean_input = input, s.mean_output = output;
  s.input_tokens = fixed(input), s.output_tokens = fixed(output);
}

void use_stated_kv(Setup& s, const MeasuredPoint& p) {
  if (p.kv == "fp8" || p.kv == "bf16") s.kv_cache = p.kv;
}

Statistic statistic_of(const std::string& words) {
  const bool median = words.rfind("median", 0) == 0 || words.rfind("p50", 0) == 0;
  return median && words.find("runs") == std::string::npos ? Statistic::kMedian : Statistic::kMean;
}

/// A burst of as many requests as there are clients, ten requests a client, the drain at the end included.
ProtocolOrReason closed_loop(const MeasuredPoint& p, Setup s) {
  constexpr int kRequestsPerClient = 10;
  if (!p.load_value) return Skipped{"the concurrency is not stated"};
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  s.max_concurrency = static_cast<int>(std::lround(*p.load_value));
  s.requests = std::int64_t{kRequestsPerClient} * *s.max_concurrency;
  if (p.uniform_lengths()) {
    use_inferencex_flags(s, p);
    s.input_tokens = uniform(*p.input_tokens), s.output_tokens = uniform(*p.output_tokens);
  } else {
    use_default_flags(s, p);
    fix_lengths(s, *p.input_tokens, *p.output_tokens);
    // SGLang's rows look as if all clients had started together: their TTFT is that of whole waves of prompts.
    s.spread = *s.max_concurrency > 1 && s.engine != "sglang";
    protocol.notes.emplace_back(
        "launch flags, number of requests and their start are not stated: the engine's defaults, ten a client, clients "
        "that start one after the other");
  }
  use_stated_kv(s, p);
  protocol.ttft = statistic_of(p.ttft_statistic), protocol.tpot = statistic_of(p.tpot_statistic);
  protocol.derived_throughput = !p.throughput;
  protocol.setup = std::move(s);
  return protocol;
}

ProtocolOrReason disaggregated(MeasuredPoint p, Setup s) {
  const bool stated = p.load_value.has_value();
  if (!stated) p.load_value = s.workers->decode_slots();
  auto found = closed_loop(p, std::move(s));
  auto* protocol = std::get_if<Protocol>(&found);
  if (protocol == nullptr) return found;
  if (!stated) protocol->notes.emplace_back("the concurrency is not stated: as many as the decode workers hold");
  return found;
}

/// trtllm-bench throughput: everything is queued at once, lengths are fixed, 0.95 of the free memory holds KV; batch
/// and token limits are the tool's own choice. Until 0.17 (engines built beforehand) prompts are chunked by default,
/// from 0.20 on (PyTorch) not, and mixtures of experts run with attention data parallelism, whole experts on each GPU.
ProtocolOrReason offline(const MeasuredPoint& p, Setup s) {
  constexpr double kShare = 0.95;
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  use_stated_kv(s, p);
  fix_lengths(s, *p.input_tokens, *p.output_tokens);
  s.requests = queued_requests(s.mean_input, s.mean_output);
  if (s.engine == "tensorrt-llm") {
    const bool on_pytorch = models::compare_releases(s.engine_version, "0.18") >= 0;
    s.memory_share = kShare;
    s.chunked_prefill = !on_pytorch;
    s.tuned_by_trtllm_bench = true;
    if (on_pytorch && is_mixture(p.model) && s.tp > 1) {
      s.dp = std::exchange(s.tp, 1);
      s.ep = s.dp;
    }
  }
  protocol.setup = std::move(s);
  return protocol;
}

/// One batch: all its sequences start together and are prefilled in one step.
ProtocolOrReason static_batch(const MeasuredPoint& p, Setup s) {
  if (!p.load_value) return Skipped{"the batch is not stated"};
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  use_stated_kv(s, p);
  fix_lengths(s, *p.input_tokens, *p.output_tokens);
  s.requests = std::llround(*p.load_value);
  s.max_num_seqs = static_cast<int>(s.requests);
  s.max_num_batched_tokens = static_cast<int>(s.requests * std::llround(s.mean_input));
  s.policy = "static_batch";
  protocol.setup = std::move(s);
  return protocol;
}

/// Requests at a rate: Poisson, or all at once where the rate is infinite.
ProtocolOrReason rate(const MeasuredPoint& p, Setup s) {
  constexpr std::int64_t kRequests = 500;  // perf-overview.md, "Online Serving Measurements"
  if (!p.load_value) return Skipped{"the rate is not stated"};
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  use_stated_kv(s, p);
  fix_lengths(s, *p.input_tokens, *p.output_tokens);
  s.requests = kRequests;
  if (std::isfinite(*p.load_value)) s.request_rate = fmt::format("{}", *p.load_value);
  protocol.notes.emplace_back("mean lengths are given, their distribution is not: every request has the mean");
  protocol.ttft = statistic_of(p.ttft_statistic), protocol.tpot = statistic_of(p.tpot_statistic);
  protocol.setup = std::move(s);
  return protocol;
}

}  // namespace flotilla::analysis
