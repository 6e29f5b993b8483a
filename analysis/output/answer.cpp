#include "analysis/output/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

namespace flotilla::analysis {

namespace {

std::string in_capitals(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

/// A cause of waiting, and what to do about it.
struct Cause {
  double share;
  const char* name;
  const char* relief;
};

Cause largest(const std::vector<Cause>& causes) {
  return *std::max_element(causes.begin(), causes.end(),
                           [](const Cause& a, const Cause& b) { return a.share < b.share; });
}

std::string gpu_time(const Summary& s) {
  const auto& t = s.time_share;
  const Cause most = largest({{t.memory, "memory", "larger batches or narrower formats relieve it"},
                              {t.compute, "computing", "fewer prompt tokens or more GPUs relieve it"},
                              {t.communication, "communication", "smaller parallel groups relieve it"},
                              {t.host, "waiting for the engine's host side", "larger steps relieve it"},
                              {t.idle, "no work at all", "a smaller fleet might do"}});
  return fmt::format("Of GPU time, the largest share ({}) goes to {}: {}.", percent(most.share), most.name,
                     most.relief);
}

std::string first_tokens(const Summary& s) {
  const auto& t = s.ttft_share;
  const Cause most = largest({{t.queue, "waiting for a place in a step", ""},
                              {t.prefill, "computing the prompt", ""},
                              {t.transfer, "moving its KV", ""},
                              {t.other, "the frontend", ""}});
  return fmt::format(" Of the mean TTFT of {:.0f} ms, {} is {}.", s.ttft.mean, percent(most.share), most.name);
}

std::string from_paper_to_practice(const Summary& s) {
  const auto& step = s.decode_step;
  if (step.bound_ms <= 0 || s.tpot.mean <= 0) return "";
  return fmt::format(
      " A decode step of {:.3g} sequences takes {:.1f} ms at the datasheet's peaks and {:.1f} ms as calibrated; TPOT "
      "is "
      "{:.1f} ms in the mean, with prompts and queues in between.",
      step.sequences, step.bound_ms, step.calibrated_ms, s.tpot.mean);
}

/// Who looks at what: the promise that is broken worst or kept with the least to spare; without promises the whole
/// request.
struct Concern {
  std::string name;
  std::optional<double> ElasticitySummary::*figure;
};

Concern concern_of(const Summary& s) {
  const auto tightness = [](const PromiseSummary& p) { return p.found_ms / p.limit_ms; };
  std::vector<PromiseSummary> promises = s.slo;
  for (const TenantSummary& t : s.tenants) promises.insert(promises.end(), t.slo.begin(), t.slo.end());
  const auto tightest = std::max_element(promises.begin(), promises.end(),
                                         [&](const auto& a, const auto& b) { return tightness(a) < tightness(b); });
  if (s.verdict == Verdict::kSaturated) return {"output tok/s", &ElasticitySummary::output_throughput};
  if (tightest == promises.end()) return {"the mean E2EL", &ElasticitySummary::mean_e2el};
  if (tightest->metric == "ttft") return {"p99 TTFT", &ElasticitySummary::p99_ttft};
  if (tightest->metric == "tpot") return {"p99 TPOT", &ElasticitySummary::p99_tpot};
  return {"p99 E2EL", &ElasticitySummary::p99_e2el};
}

}  // namespace

std::string what_would_help(const Summary& s) {
  const Concern concern = concern_of(s);
  const double sign = s.verdict == Verdict::kSaturated ? 1 : -1;
  const ElasticitySummary* best = nullptr;
  double most = 0;
  for (const ElasticitySummary& e : s.elasticities) {
    const double gain = sign * (e.*concern.figure).value_or(0);
    if (gain > most) best = &e, most = gain;
  }
  if (s.elasticities.empty()) return "";
  constexpr double kWorthNaming = 0.002;
  if (best == nullptr || most < kWorthNaming)
    return fmt::format("Nothing here would help {}: no tenth of any resource changes it by 0.2 %.", concern.name);
  return fmt::format("What would help {} most: {} ({:+.1f} %).", concern.name, name_of_change(*best),
                     100 * sign * most);
}

std::string name_of_change(const ElasticitySummary& e) {
  const char* const name = e.change == "hbm_bandwidth" ? "HBM bandwidth"
                           : e.change == "host_time"   ? "host time"
                                                       : e.change.c_str();
  return fmt::format("{:+.0f} % {}", 100 * (e.factor - 1), name);
}

std::string answer(const Summary& s) {
  std::string broken;
  std::string kept;
  const auto tell = [&](const std::string& whose, const std::vector<PromiseSummary>& promises) {
    for (const PromiseSummary& p : promises) {
      std::string& list = p.kept ? kept : broken;
      list += fmt::format("{}{}p{:g} {} {:.1f} ms ({} {:g} ms)", list.empty() ? "" : ", ", whose, p.percentile,
                          in_capitals(p.metric), p.found_ms, p.kept ? "<=" : ">", p.limit_ms);
    }
  };
  tell("", s.slo);
  for (const TenantSummary& t : s.tenants) tell("for " + t.name + " ", t.slo);
  std::string text = fmt::format("{} on {} GPUs: ", s.label, s.gpus);
  if (s.interrupted) text += "stopped before its end; ";
  if (s.conservation.rejected > 0) {
    const auto sent = static_cast<double>(s.conservation.injected);
    text += fmt::format("refuses {} of the requests; ", percent(static_cast<double>(s.conservation.rejected) / sent));
  }
  if (s.completed == 0) {
    text += "no request was completed.";
  } else if (s.e2el.mean == 0) {
    text += "no request was measured after the warm-up.";
  } else if (s.verdict == Verdict::kSaturated) {
    text += fmt::format("SATURATED: the backlog grows by {:.2f} requests per second; latencies grow with it.",
                        s.backlog_growth_per_s);
  } else if (broken.empty() && kept.empty()) {
    text += fmt::format("{:.1f} output tok/s, {:.1f} per GPU.", s.output_throughput, s.output_throughput_per_gpu);
  } else if (broken.empty()) {
    text += "meets its promises: " + kept + ".";
  } else {
    text += "breaks its promises: " + broken + (kept.empty() ? "." : "; keeps " + kept + ".");
  }
  return text;
}

std::string what_binds(const Summary& s) {
  if (s.completed == 0) return "";
  std::string text = gpu_time(s);
  if (s.ttft.mean > 0) text += first_tokens(s);
  text += from_paper_to_practice(s);
  if (s.kv_transfers.count > 0) text += fmt::format(" KV transfers wait for: {}.", s.kv_transfers.bottleneck);
  if (!s.elasticities.empty()) text += " " + what_would_help(s);
  return text;
}

}  // namespace flotilla::analysis
