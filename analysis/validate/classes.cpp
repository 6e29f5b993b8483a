#include "analysis/validate/classes.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "analysis/validate/labels.hpp"

namespace flotilla::analysis {
namespace {

using P = MeasuredPoint;

bool one_of(const std::string& word, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_deepseek(const P& p) { return p.model.rfind("DeepSeek", 0) == 0; }

/// Has a table of measured GEMMs behind it.
bool has_kernels(const P& p) { return one_of(p.gpu, {"H100", "H200", "B200", "GB200"}); }

/// In one of the judged classes at all: neither doubted by the table nor on separate pools.
bool judged(const P& p) { return p.clean && !p.disaggregated; }

bool closed_loop(const P& p) {
  return judged(p) && p.starts_with("aic-") && p.load == LoadKind::kClosedLoop && !one_of(p.gpu, {"B300", "GB300"});
}

bool trtllm_offline(const P& p) {
  return judged(p) && p.starts_with("trtllm-") && p.load == LoadKind::kOffline && has_kernels(p);
}

bool mlperf(const P& p, LoadKind load) {
  return judged(p) && p.starts_with("mlperf-") && p.load == load && one_of(p.gpu, {"H100", "H200", "B200"});
}

constexpr auto kNoBound = std::nullopt;
const std::vector<Metric> kAll{Metric::kTpot, Metric::kTtft, Metric::kThroughput};

std::vector<Target> targets(double tpot, std::optional<double> tpot_p90, std::optional<double> ttft,
                            std::optional<double> throughput) {
  std::vector<Target> list{{Metric::kTpot, tpot, tpot_p90}};
  if (ttft) list.push_back({Metric::kTtft, *ttft, kNoBound});
  if (throughput) list.push_back({Metric::kThroughput, *throughput, kNoBound});
  return list;
}

/// Those with targets, and DeepSeek's closed loops, whose rows cannot be judged for want of a word on speculation.
std::vector<PointClass> judged_classes() {
  return {
      {"llama-70b", "Llama 3.3/3.1 70B, closed loop", kAll, targets(0.05, 0.15, 0.12, 0.06),
       [](const P& p) {
         return closed_loop(p) && one_of(p.model, {"Llama 3.3 70B", "Llama 3.1 70B"});
       }},
      {"small-dense", "Llama 3.1 8B and Qwen3-32B, closed loop (protocol unstated)", kAll,
       targets(0.08, kNoBound, kNoBound, 0.08),
       [](const P& p) {
         return closed_loop(p) && one_of(p.model, {"Llama 3.1 8B", "Qwen3-32B"});
       }},
      {"gpt-oss-120b", "gpt-oss-120b, closed loop, aggregated", kAll, targets(0.08, kNoBound, 0.18, 0.10),
       [](const P& p) { return closed_loop(p) && p.model == "gpt-oss-120b"; }},
      {"qwen3-235b", "Qwen3-235B-A22B, closed loop, aggregated", kAll, targets(0.10, kNoBound, 0.25, 0.12),
       [](const P& p) { return closed_loop(p) && p.model == "Qwen3-235B-A22B"; }},
      {"minimax-m2.5", "MiniMax-M2.5, closed loop, aggregated", kAll, targets(0.15, kNoBound, 0.25, 0.15),
       [](const P& p) { return closed_loop(p) && p.model == "MiniMax-M2.5"; }},
      {"deepseek",
       "DeepSeek-R1/V3, closed loop, aggregated; some rows speculate, none says so",
       kAll,
       {},
       [](const P& p) { return closed_loop(p) && is_deepseek(p); }},
      {"deepseek-agentic",
       "DeepSeek-R1, agentic runs on B200, no speculation",
       {Metric::kTpot, Metric::kTtft},
       targets(0.15, kNoBound, kNoBound, kNoBound),
       [](const P& p) { return judged(p) && p.starts_with("kvpB-"); }},
      {"trtllm-offline-dense",
       "TensorRT-LLM offline tables, dense models",
       {Metric::kThroughput},
       {{Metric::kThroughput, 0.08, kNoBound}},
       [](const P& p) { return trtllm_offline(p) && !is_mixture(p.model); }},
      {"trtllm-offline-moe",
       "TensorRT-LLM offline tables, mixtures of experts",
       {Metric::kThroughput},
       {{Metric::kThroughput, 0.12, kNoBound}},
       [](const P& p) { return trtllm_offline(p) && is_mixture(p.model); }},
      {"mlperf-server",
       "MLPerf v4.1 server, Llama 2 70B and Mixtral 8x7B",
       {Metric::kTpot, Metric::kTtft},
       targets(0.15, kNoBound, kNoBound, kNoBound),
       [](const P& p) { return mlperf(p, LoadKind::kRate); }},
      {"mlperf-offline",
       "MLPerf v4.1 offline, Llama 2 70B and Mixtral 8x7B",
       {Metric::kThroughput},
       {{Metric::kThroughput, 0.15, kNoBound}},
       [](const P& p) { return mlperf(p, LoadKind::kOffline); }},
  };
}

std::vector<PointClass> reported_classes() {
  return {
      {"multi-turn-corrupt",
       "Llama 3.3 70B, multi-turn, corrupt runs: logs show more running requests than clients",
       kAll,
       {},
       [](const P& p) {
         const auto starts = [&](const char* prefix) { return p.starts_with(prefix); };
         return judged(p) && (starts("kvpA-tp4_bs32_") || starts("kvpA-tp4_bs64_") || starts("kvpA-tp4_bs128_") ||
                              starts("kvpA-tp4_bs256_"));
       }},
      {"multi-turn",
       "Llama 3.3 70B, multi-turn clients on B200",
       kAll,
       {},
       [](const P& p) { return judged(p) && p.starts_with("kvpA-"); }},
      {"trtllm-rate",
       "TensorRT-LLM 0.14 online, 500 requests at a rate",
       kAll,
       {},
       [](const P& p) { return judged(p) && p.starts_with("trtllm-") && p.load == LoadKind::kRate; }},
      {"static-batch",
       "TensorRT-LLM 0.9, static batches",
       kAll,
       {},
       [](const P& p) { return judged(p) && p.starts_with("trtllm-") && p.load == LoadKind::kStaticBatch; }},
      {"splitwise",
       "vLLM of 2023, static batches (Splitwise)",
       kAll,
       {},
       [](const P& p) { return judged(p) && p.starts_with("splitwise-"); }},
      {"b300",
       "B300 and GB300, closed loop (no table of measured GEMMs)",
       kAll,
       {},
       [](const P& p) {
         return judged(p) && p.starts_with("aic-") && one_of(p.gpu, {"B300", "GB300"});
       }},
      {"disaggregated-qwen3", "Qwen3 on H100, prefill and decode on separate pools (concurrency not stated)", kAll,
       targets(0.20, kNoBound, kNoBound, kNoBound),
       [](const P& p) {
         return p.clean && p.disaggregated && one_of(p.model, {"Qwen3-32B", "Qwen3-235B-A22B"});
       }},
      {"disaggregated",
       "Prefill and decode on separate pools",
       kAll,
       {},
       [](const P& p) { return p.clean && p.disaggregated; }},
      {"other", "Everything else", kAll, {}, [](const P& p) { return p.clean; }},
      {"not-clean", "Rows that the table marks as not clean", kAll, {}, [](const P&) { return true; }},
  };
}
}  // namespace

const Target* PointClass::target(Metric metric) const {
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const Target& t) { return t.metric == metric; });
  return found == targets.end() ? nullptr : &*found;
}

const std::vector<PointClass>& point_classes() {
  static const std::vector<PointClass> kClasses = [] {
    auto classes = judged_classes();
    for (auto& c : reported_classes()) classes.push_back(std::move(c));
    return classes;
  }();
  return kClasses;
}

const PointClass& class_of(const MeasuredPoint& point) {
  const auto& classes = point_classes();
  return *std::find_if(classes.begin(), classes.end(), [&](const PointClass& c) { return c.holds(point); });
}

Judgement judge(const PointClass& c, Metric metric, const ErrorStatistics& s) {
  const Target* target = c.target(metric);
  if (target == nullptr) return Judgement::kReported;
  if (s.n == 0) return Judgement::kNothingToJudge;
  const bool met = s.median <= target->median && (!target->p90 || s.p90 <= *target->p90);
  return met ? Judgement::kMet : Judgement::kMissed;
}

const char* name_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::kMet:
      return "met";
    case Judgement::kMissed:
      return "missed";
    case Judgement::kReported:
      return "reported";
    case Judgement::kNothingToJudge:
      break;
  }
  return "nothing predicted";
}

}  // namespace flotilla::analysis
