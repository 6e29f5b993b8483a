#include "analysis/validate/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/validate/labels.hpp"
#include "analysis/validate/loads.hpp"
#include "models/catalog.hpp"
#include "topologies/spec.hpp"

namespace flotilla::analysis {
namespace {

bool holds(const std::string& kind, const std::string& name) {
  return !name.empty() && !models::catalog_name(kind, name).empty();
}

/// The part that does not depend on the load; a reason where the deployment cannot be told.
std::optional<Skipped> deploy(const MeasuredPoint& p, Setup& s) {
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
  s.engine_version = release_of(p);
  if (p.disaggregated) {
    s.workers = worker_layout(p.notes);
    if (!s.workers) return Skipped{"the workers of prefill and decode are not stated"};
    const Workers& d = s.workers->decode;
    s.tp = d.tp, s.pp = d.pp, s.ep = d.ep, s.dp = d.dp;
    s.gpus = s.workers->gpus();
    return std::nullopt;
  }
  const int tp = p.tp.value_or(p.starts_with("mlperf-") ? mlperf_tensor_parallel_size(s) : 0);
  if (tp == 0) return Skipped{"the tensor-parallel size is not stated"};
  s.tp = tp, s.pp = p.pp.value_or(1), s.ep = p.ep.value_or(1), s.dp = p.attention_dp.value_or(1);
  s.gpus = s.tp * s.pp * s.dp;
  return std::nullopt;
}

}  // namespace

std::string system_of(const std::string& gpu) {
  static const std::map<std::string, std::string> kSystems = [] {
    std::map<std::string, std::string> systems;
    for (const auto& name : topologies::system_names()) systems.emplace(topologies::load_system(name).gpu, name);
    return systems;
  }();
  const auto found = kSystems.find(gpu);
  return found == kSystems.end() ? "" : found->second;
}

std::variant<Protocol, Skipped> protocol_of(const MeasuredPoint& p, const Assumption& assumption) {
  Setup setup;
  if (auto skipped = deploy(p, setup)) return *skipped;
  setup.draft_tokens = assumption.draft_tokens, setup.acceptance = assumption.acceptance;
  if (p.starts_with("mlperf-")) return mlperf(p, std::move(setup), assumption.input_scale);
  switch (p.load) {
    case LoadKind::kClosedLoop:
      return setup.workers ? disaggregated(p, std::move(setup)) : closed_loop(p, std::move(setup));
    case LoadKind::kMultiTurn:
      return multi_turn(p, std::move(setup));
    case LoadKind::kOffline:
      return offline(p, std::move(setup));
    case LoadKind::kStaticBatch:
      return static_batch(p, std::move(setup));
    case LoadKind::kRate:
      return rate(p, std::move(setup));
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
    // Without chunking, the tool makes room for a whole prompt beside a full batch (bench/benchmark/utils/general.py).
    if (!s.chunked_prefill.value_or(true))
      s.max_num_batched_tokens =
          std::max(*s.max_num_batched_tokens, static_cast<int>(s.mean_input) + tuning.max_num_seqs);
  }
  if (s.requests == 0) s.requests = std::llround(std::max(kFewest, kFillings * fit));
}

}  // namespace flotilla::analysis
