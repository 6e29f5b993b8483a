// Clients that replay conversations on Llama 3.3 70B in NVFP4 on B200s, under vLLM 0.15 with its prefix cache, from far
// below what memory holds to far above: InferenceX's experimental multi-turn runs (repository history @2582608b), whose
// servers logged KV use, running and waiting requests and preemptions every few seconds. Each request is sent when
// another ends, in the order in which they were sent then; a prompt is all that was said in its conversation before.
// The servers' logs end when the last request was sent, so the simulated means do.
//
// The coefficients are those of 0.15.1, the nearest release fitted; these servers were launched with
// --attention-config.use_trtllm_attention=0, which slows their steps beyond 32 clients.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analysis/child.hpp"
#include "analysis/run.hpp"
#include "analysis/table.hpp"
#include "tests/validate/temporary_file.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

const std::string kFolder = std::string(FLOTILLA_SOURCE_DIR) + "/../shared/reference/kv_pressure/";

// The client counted the tokens of messages, the server those of prompts. Llama's chat template adds 5 to each message:
// <|start_header_id|>, its role, <|end_header_id|>, \n\n, <|eot_id|>. What the servers' prompt_tokens_total says beyond
// that is 29 a prompt: a system message that gives the date, and the header of the answer.
constexpr double kTemplate = 29;
constexpr double kTemplatePerMessage = 5;

struct Averages {
  double running = 0, waiting = 0, kv_percent = 0, preemptions = 0, hit_rate = 0, ttft_p50_ms = 0, tpot_p50_ms = 0;
};

/// Over time, by trapezoids between the server's samples.
std::map<std::string, Averages> measured_averages() {
  const Table samples = Table::load(kFolder + "A_llama33_70b_fp4_b200_server_timeseries.csv.gz");
  std::map<std::string, Averages> all;
  std::map<std::string, double> span;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::string& run = samples.text(i, "exp");
    Averages& a = all[run];
    a.preemptions = samples.number(i, "num_preemptions_total");
    a.hit_rate = samples.number(i, "prefix_cache_hits") / std::max(1.0, samples.number(i, "prefix_cache_queries"));
    if (i == 0 || samples.text(i - 1, "exp") != run) continue;
    const double dt = samples.number(i, "relative_time_sec") - samples.number(i - 1, "relative_time_sec");
    const auto area = [&](const char* column) {
      return dt * (samples.number(i, column) + samples.number(i - 1, column)) / 2;
    };
    a.running += area("num_requests_running");
    a.waiting += area("num_requests_waiting");
    a.kv_percent += area("kv_cache_usage_pct");
    span[run] += dt;
  }
  for (auto& [run, a] : all) {
    a.running /= span[run];
    a.waiting /= span[run];
    a.kv_percent /= span[run];
  }
  return all;
}

double median_of(const Table& requests, const std::string& run, const char* column) {
  std::vector<double> values;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (requests.text(i, "exp") == run) values.push_back(requests.number(i, column));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// The requests of a run as a trace, in the order of their starts.
std::string trace_of(const Table& requests, const std::string& run) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (requests.text(i, "exp") == run) rows.push_back(i);
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return requests.number(a, "start_time_ms") < requests.number(b, "start_time_ms");
  });
  std::string text = "timestamp,input_tokens,output_tokens,session_id\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows[i];
    const double prompt = requests.number(row, "input_num_tokens") + kTemplate +
                          kTemplatePerMessage * requests.number(row, "input_num_turns");
    text += fmt::format("{},{:.0f},{:.0f},{}\n", i, prompt, std::max(1.0, requests.number(row, "output_num_tokens")),
                        requests.text(row, "conversation_id"));
  }
  return text;
}

Averages simulated_averages(const std::string& trace, int tp, int clients) {
  const std::string folder = trace + ".out";
  const std::string scenario = fmt::format(
      "name: conversations\nmodel: llama-3.3-70b\n"
      "fleet: {{pools: [{{name: p, system: hgx-b200, gpus: {0}}}]}}\n"
      "serving: [{{pool: p, engine: vllm, engine_version: '0.15', weights: nvfp4, kv_cache_dtype: fp8,\n"
      "  tensor_parallel_size: {0}, scheduler: {{max_num_seqs: {1}}}}}]\n"
      "workload: {{request_rate: inf, max_concurrency: {1},\n"
      "  trace: {{path: '{2}', arrivals: generated, conversations: true}}}}\n",
      tp, clients, trace);
  Child child([&] {
    RunPlan plan;
    plan.output_directory = folder;
    const Summary s = run_here(load_scenario(reader::Document::from_text(scenario, "conversations.yaml"), {}), plan);
    return nlohmann::json{s.kv.preemptions, s.kv.prefix_hit_rate, s.ttft.median, s.tpot.median}.dump();
  });
  const auto counts = nlohmann::json::parse(child.take());
  Averages a;
  a.preemptions = counts[0];
  a.hit_rate = counts[1];
  a.ttft_p50_ms = counts[2];
  a.tpot_p50_ms = counts[3];
  const Table series = Table::load(folder + "/timeseries.csv");
  std::size_t end = series.size();  // of the interval in which the last request was sent
  while (end > 0 && series.number(end - 1, "arrivals") == 0) --end;
  double span = 0;
  for (std::size_t i = 0; i < end; ++i) {
    const double dt = series.number(i, "interval_s");
    span += dt;
    a.running += dt * series.number(i, "running");
    a.waiting += dt * series.number(i, "waiting");
    a.kv_percent += 100 * dt * series.number(i, "kv_cache_usage");
  }
  a.running /= span;
  a.waiting /= span;
  a.kv_percent /= span;
  std::filesystem::remove_all(folder);
  return a;
}

}  // namespace

TEST_CASE(
    "running and waiting requests, KV in use, preemptions and first tokens are those of twelve measured servers") {
  if (!std::filesystem::exists(kFolder)) {
    MESSAGE("skipped: no measured servers beside this tree");
    return;
  }
  const Table requests = Table::load(kFolder + "A_llama33_70b_fp4_b200_requests.csv.gz");
  auto measured = measured_averages();
  struct Run {
    int tp, clients;
  };
  // Those whose logs are sound: more running than there are clients was logged for the other TP 4 runs.
  for (const Run r : {Run{1, 16}, Run{1, 32}, Run{1, 64}, Run{1, 128}, Run{1, 256}, Run{1, 512}, Run{4, 16}, Run{8, 16},
                      Run{8, 32}, Run{8, 64}, Run{8, 128}, Run{8, 256}}) {
    const std::string name = fmt::format("tp{}_bs{}_offloadoff", r.tp, r.clients);
    CAPTURE(name);
    const tests::TemporaryFile trace("trace.csv", trace_of(requests, name));
    Averages& m = measured.at(name);
    m.ttft_p50_ms = median_of(requests, name, "ttft_ms");
    m.tpot_p50_ms = median_of(requests, name, "tpot_ms");
    const Averages s = simulated_averages(trace.path(), r.tp, r.clients);
    MESSAGE(
        fmt::format("{:<22} running {:.1f} {:.1f}  waiting {:.1f} {:.1f}  KV % {:.1f} {:.1f}  preemptions {:.0f} {:.0f}"
                    "  found {:.3f} {:.3f}  TTFT p50 {:.0f} {:.0f} ms  TPOT p50 {:.1f} {:.1f} ms",
                    name, m.running, s.running, m.waiting, s.waiting, m.kv_percent, s.kv_percent, m.preemptions,
                    s.preemptions, m.hit_rate, s.hit_rate, m.ttft_p50_ms, s.ttft_p50_ms, m.tpot_p50_ms, s.tpot_p50_ms));
    const auto within = [](double tolerance, double found, double expected) {
      CHECK(std::abs(found - expected) <= tolerance * expected);
    };
    within(0.15, s.running, m.running);
    within(0.15, s.kv_percent, m.kv_percent);
    within(0.25, s.ttft_p50_ms, m.ttft_p50_ms);
    if (m.preemptions == 0) {
      CHECK(s.preemptions == 0);
      CHECK(s.waiting < 0.01 * r.clients);  // for the step under way to end: the log has them running then
      within(0.05, s.hit_rate, m.hit_rate);
    } else {
      // Memory is full. What is found cannot be compared: the server counted three times as many tokens looked up as
      // its prompts held.
      within(0.15, s.waiting, m.waiting);
      within(0.25, s.preemptions, m.preemptions);
      within(0.25, s.ttft_p50_ms / s.tpot_p50_ms, m.ttft_p50_ms / m.tpot_p50_ms);
    }
  }
}
