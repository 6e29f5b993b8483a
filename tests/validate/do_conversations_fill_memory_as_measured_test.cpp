// Clients that replay conversations on Llama 3.3 70B in NVFP4 on B200s, under vLLM 0.15 with its prefix cache, from far
// below what memory holds to far above: InferenceX's experimental multi-turn runs (repository history @2582608b), whose
// servers logged KV use, running and waiting requests and preemptions every few seconds. Each request is sent when
// another ends, in the order in which they were sent then; a prompt is all that was said in its conversation before.
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

struct Averages {
  double running = 0, waiting = 0, kv_percent = 0, preemptions = 0, hit_rate = 0;
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
    text +=
        fmt::format("{},{},{:.0f},{}\n", i, requests.text(row, "input_num_tokens"),
                    std::max(1.0, requests.number(row, "output_num_tokens")), requests.text(row, "conversation_id"));
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
    return nlohmann::json{s.kv.preemptions, s.kv.prefix_hit_rate}.dump();
  });
  const auto counts = nlohmann::json::parse(child.take());
  Averages a;
  a.preemptions = counts[0];
  a.hit_rate = counts[1];
  const Table series = Table::load(folder + "/timeseries.csv");
  double span = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
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

TEST_CASE("running requests, KV in use, what is found and preemptions are those of twelve measured servers") {
  if (!std::filesystem::exists(kFolder)) {
    MESSAGE("skipped: no measured servers beside this tree");
    return;
  }
  const Table requests = Table::load(kFolder + "A_llama33_70b_fp4_b200_requests.csv.gz");
  const auto measured = measured_averages();
  struct Run {
    int tp, clients;
  };
  // Those whose logs are sound: more running than there are clients was logged for the other TP 4 runs.
  for (const Run r : {Run{1, 16}, Run{1, 32}, Run{1, 64}, Run{1, 128}, Run{1, 256}, Run{1, 512}, Run{4, 16}, Run{8, 16},
                      Run{8, 32}, Run{8, 64}, Run{8, 128}, Run{8, 256}}) {
    const std::string name = fmt::format("tp{}_bs{}_offloadoff", r.tp, r.clients);
    CAPTURE(name);
    const tests::TemporaryFile trace("trace.csv", trace_of(requests, name));
    const Averages& m = measured.at(name);
    const Averages s = simulated_averages(trace.path(), r.tp, r.clients);
    MESSAGE(
        fmt::format("{:<22} running {:.1f} {:.1f}  waiting {:.1f} {:.1f}  KV % {:.1f} {:.1f}  preemptions {:.0f} {:.0f}"
                    "  found {:.3f} {:.3f}",
                    name, m.running, s.running, m.waiting, s.waiting, m.kv_percent, s.kv_percent, m.preemptions,
                    s.preemptions, m.hit_rate, s.hit_rate));
    CHECK(s.running == doctest::Approx(m.running).epsilon(0.15));
    CHECK(s.kv_percent == doctest::Approx(m.kv_percent).epsilon(0.15));
    if (m.preemptions == 0) {
      CHECK(s.preemptions == 0);
      CHECK(s.hit_rate == doctest::Approx(m.hit_rate).epsilon(0.05));
    } else {
      // Memory is full: who is pushed out, and what is still found, hangs on details.
      CHECK(s.preemptions == doctest::Approx(m.preemptions).epsilon(0.25));
      CHECK(s.waiting == doctest::Approx(m.waiting).epsilon(0.25));
    }
  }
}
