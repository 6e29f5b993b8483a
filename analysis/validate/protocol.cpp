#include "analysis/validate/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/validate/labels.hpp"
#include "analysis/validate/launch.hpp"
#include "models/catalog.hpp"
#include "topologies/spec.hpp"

namespace flotilla::analysis {
namespace {

using Result = std::variant<Protocol, Skipped>;

/// The catalogue's system that holds this GPU; "" if none does.
std::string system_of(const std::string& gpu) {
  static const std::map<std::string, std::string> kSystems = [] {
    std::map<std::string, std::string> systems;
    for (const auto& name : topologies::system_names()) systems.emplace(topologies::load_system(name).gpu, name);
    return systems;
  }();
  const auto found = kSystems.find(gpu);
  return found == kSystems.end() ? "" : found->second;
}

bool holds(const std::string& kind, const std::string& name) {
  return !name.empty() && !models::catalog_name(kind, name).empty();
}

/// The part that does not depend on the load; a reason where the deployment cannot be told.
std::optional<Skipped> deploy(const MeasuredPoint& p, Setup& s) {
  if (p.disaggregated) return Skipped{"prefill and decode on separate pools are not replayed"};
  if (p.load == LoadKind::kOther) return Skipped{fmt::format("'{}' is not a load that can be repeated", p.load_text)};
  s.name = p.id;
  s.model = model_of(p.model);
  if (!holds("llms", s.model)) return Skipped{fmt::format("the catalogue holds no model {}", p.model)};
  s.gpu = gpu_of(p.gpu);
  s.system = system_of(s.gpu);
  if (s.system.empty()) return Skipped{fmt::format("the catalogue holds no system with {} GPUs", p.gpu)};
  s.engine = engine_of(p.engine);
  if (s.engine.empty()) return Skipped{fmt::format("the catalogue holds no engine {}", p.engine)};
  s.weights = weights_of(p);
  if (s.weights.empty()) return Skipped{fmt::format("unknown precision of weights '{}'", p.weights)};
  if (!p.tp) return Skipped{"the tensor-parallel size is not stated"};
  s.engine_version = release_of(p);
  s.tp = *p.tp, s.pp = p.pp.value_or(1), s.ep = p.ep.value_or(1), s.dp = p.attention_dp.value_or(1);
  s.gpus = s.tp * s.pp * s.dp;
  return std::nullopt;
}

std::string fixed(double tokens) { return fmt::format("{}", std::llround(tokens)); }

std::string uniform(double nominal) {
  constexpr double kShortest = 0.8;
  return fmt::format("{{uniform: [{}, {}]}}", std::llround(std::ceil(kShortest * nominal)), std::llround(nominal));
}

void fix_lengths(Setup& s, double input, double output) {
  s.mean_input = input, s.mean_output = output;
  s.input_tokens = fixed(input), s.output_tokens = fixed(output);
}

/// The table's format of the KV cache, where it states one.
void use_stated_kv(Setup& s, const MeasuredPoint& p) {
  if (p.kv == "fp8" || p.kv == "bf16") s.kv_cache = p.kv;
}

Statistic statistic_of(const std::string& words) {
  const bool median = words.rfind("median", 0) == 0 || words.rfind("p50", 0) == 0;
  return median && words.find("runs") == std::string::npos ? Statistic::kMedian : Statistic::kMean;
}

/// A burst of as many requests as there are clients, ten requests a client, the drain at the end included.
Result closed_loop(const MeasuredPoint& p, Setup s) {
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
    protocol.notes.emplace_back(
        "launch flags and number of requests are not stated: the engine's defaults, ten a client");
  }
  use_stated_kv(s, p);
  protocol.ttft = statistic_of(p.ttft_statistic), protocol.tpot = statistic_of(p.tpot_statistic);
  protocol.derived_throughput = !p.throughput;
  protocol.setup = std::move(s);
  return protocol;
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

/// trtllm-bench throughput: everything is queued at once, lengths are fixed, prompts are chunked, 0.95 of the free
/// memory holds KV; batch and token limits are the tool's own choice.
Result offline(const MeasuredPoint& p, Setup s) {
  constexpr double kShare = 0.95;
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  use_stated_kv(s, p);
  fix_lengths(s, *p.input_tokens, *p.output_tokens);
  s.requests = queued_requests(s.mean_input, s.mean_output);
  if (s.engine == "tensorrt-llm") {
    s.memory_share = kShare;
    s.chunked_prefill = true;
    s.tuned_by_trtllm_bench = true;
  }
  protocol.setup = std::move(s);
  return protocol;
}

/// One batch: all its sequences start together and are prefilled in one step.
Result static_batch(const MeasuredPoint& p, Setup s) {
  if (!p.load_value) return Skipped{"the batch is not stated"};
  if (!p.input_tokens || !p.output_tokens) return Skipped{"the lengths are not stated"};
  Protocol protocol;
  use_default_flags(s, p);
  use_stated_kv(s, p);
  fix_lengths(s, *p.input_tokens, *p.output_tokens);
  s.requests = std::llround(*p.load_value);
  s.max_num_seqs = static_cast<int>(s.requests);
  s.max_num_batched_tokens = static_cast<int>(s.requests * std::llround(s.mean_input));
  protocol.setup = std::move(s);
  return protocol;
}

/// Requests at a rate: Poisson, or all at once where the rate is infinite.
Result rate(const MeasuredPoint& p, Setup s) {
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

}  // namespace

Result protocol_of(const MeasuredPoint& p) {
  Setup setup;
  if (auto skipped = deploy(p, setup)) return *skipped;
  switch (p.load) {
    case LoadKind::kClosedLoop:
      return closed_loop(p, std::move(setup));
    case LoadKind::kOffline:
      return offline(p, std::move(setup));
    case LoadKind::kStaticBatch:
      return static_batch(p, std::move(setup));
    case LoadKind::kRate:
      return rate(p, std::move(setup));
    case LoadKind::kMultiTurn:
    case LoadKind::kOther:
      break;
  }
  return Skipped{fmt::format("'{}' is not a load that can be repeated", p.load_text)};
}

BenchTuning trtllm_bench_tuning(double requests_that_fit, double input_tokens, double output_tokens) {
  constexpr double kMostRequests = 4096, kMostTokens = 32768;
  const auto up_to = [](double value, int unit) { return unit * static_cast<int>(std::ceil(value / unit)); };
  const double batch = std::min(requests_that_fit, kMostRequests);
  const double tokens = std::min(batch * (1 + input_tokens / output_tokens), kMostTokens);
  BenchTuning tuning;
  tuning.max_num_seqs = batch < 256 ? std::max(64, up_to(batch, 32)) : up_to(batch, batch < 1024 ? 128 : 256);
  tuning.max_num_batched_tokens =
      tokens < 4096 ? std::max(2048, up_to(tokens, 256)) : up_to(tokens, tokens < 8192 ? 512 : 1024);
  return tuning;
}

void settle(Setup& s, std::int64_t kv_tokens) {
  constexpr double kFillings = 4;  // so that filling and draining are a small part of an offline run
  constexpr double kFewest = 1000;
  const double fit = static_cast<double>(kv_tokens) / std::max(1.0, s.mean_input + s.mean_output);
  if (s.tuned_by_trtllm_bench) {
    const BenchTuning tuning = trtllm_bench_tuning(fit / s.dp, s.mean_input, s.mean_output);
    s.max_num_seqs = tuning.max_num_seqs;
    s.max_num_batched_tokens = std::max(tuning.max_num_batched_tokens, tuning.max_num_seqs);
  }
  if (s.requests == 0) s.requests = std::llround(std::max(kFewest, kFillings * fit));
}

}  // namespace flotilla::analysis
