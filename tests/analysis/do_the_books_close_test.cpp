// Figures of one summary agree with each other, with the rows of requests.csv, and with queueing theory.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"
#include "analysis/summary/statistics.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

std::string shipped(const std::string& name) {
  return std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

Summary simulate(const std::string& name, const std::vector<std::string>& overrides) {
  return run_in_child(load_scenario(shipped(name), overrides));
}

struct Case {
  std::string name;
  std::vector<std::string> overrides;
};
const std::vector<Case> kCases{
    {"migration/article-b200", {"workload.num_prompts=3000"}},
    {"migration/article-h100", {"workload.num_prompts=500"}},
    {"migration/h200", {"workload.num_prompts=3000", "workload.request_rate=10"}},
    {"closed-loop/h100-tp2", {}},
    {"trace/replay", {}},
    {"migration/article-b200",
     {"workload.num_prompts=1000", "workload.input_tokens={uniform: [1000, 260000]}", "workload.request_rate=0.02"}},
    {"migration/article-b200", {"workload.num_prompts=100", "workload.input_tokens=200000"}},  // all are refused
    {"migration/article-b200", {"workload.num_prompts=100", "workload.warmup=1h"}},            // none is measured
    {"migration/article-b200", {"workload.num_prompts=1", "workload.output_tokens=1"}},        // no TPOT at all
};

/// Simulates in a process of its own with its result files, and reads the summary back from the file.
Summary simulate_into(const std::string& folder, const LoadedScenario& loaded, bool save_detailed) {
  const pid_t child = fork();
  if (child == 0) {
    RunPlan plan;
    plan.output_directory = folder;
    plan.save_detailed = save_detailed;
    run_here(loaded, plan);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return summary_from_json(nlohmann::ordered_json::parse(std::ifstream(folder + "/summary.json")));
}

/// Columns of requests.csv by name, as text.
std::map<std::string, std::vector<std::string>> columns(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<std::string> names;
  std::istringstream header(line);
  for (std::string name; std::getline(header, name, ',');) names.push_back(name);
  std::map<std::string, std::vector<std::string>> table;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (const std::string& name : names) {
      if (!std::getline(cells, cell, ',')) cell.clear();
      table[name].push_back(cell);
    }
  }
  return table;
}

std::vector<double> numbers(const std::vector<std::string>& cells) {
  std::vector<double> values;
  for (const std::string& cell : cells) {
    if (!cell.empty()) values.push_back(std::stod(cell));
  }
  return values;
}

}  // namespace

TEST_CASE("what went in came out, and shares are shares") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Summary s = simulate(c.name, c.overrides);
    const auto& books = s.conservation;
    CHECK(books.injected == books.completed + books.rejected + books.timed_out + books.cancelled + books.unfinished);
    CHECK(s.completed == books.completed);
    CHECK(s.failed == books.rejected + books.timed_out + books.cancelled);
    CHECK(s.num_prompts == books.injected);
    const auto& t = s.time_share;
    CHECK(t.memory + t.compute + t.communication + t.host + t.idle == Approx(1));
    const auto& f = s.ttft_share;
    const bool measured = s.ttft.mean > 0;
    CHECK(f.queue + f.prefill + f.transfer + f.other == Approx(measured ? 1 : 0));
    for (const double share : {t.memory, t.compute, t.communication, t.host, t.idle, f.queue, f.prefill, f.transfer,
                               f.other, s.goodput_ratio, s.kv.mean_usage, s.kv.peak_usage}) {
      CHECK(share >= 0);
      CHECK(share <= 1);
    }
    CHECK(s.kv.mean_usage <= s.kv.peak_usage);
    // The whole of it is finite: a null would not read back.
    CHECK(to_json(summary_from_json(to_json(s))) == to_json(s));
  }
}

TEST_CASE("derived figures follow from the others by their definitions") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Summary s = simulate(c.name, c.overrides);
    if (s.completed == 0) continue;
    const auto gpus = static_cast<double>(s.gpus);
    CHECK(s.request_throughput * s.duration == Approx(s.completed));
    CHECK(s.output_throughput * s.duration == Approx(s.total_output_tokens));
    CHECK(s.total_token_throughput * s.duration == Approx(s.total_input_tokens + s.total_output_tokens));
    CHECK(s.output_throughput_per_gpu * gpus == Approx(s.output_throughput));
    CHECK(s.total_throughput_per_gpu * gpus == Approx(s.total_token_throughput));
    if (s.tpot.median > 0) CHECK(s.interactivity.median == Approx(1000 / s.tpot.median));
    if (s.tpot.p99 > 0) CHECK(s.interactivity.p99 == Approx(1000 / s.tpot.p99));
    if (s.request_goodput) CHECK(*s.request_goodput == Approx(s.goodput_ratio * s.request_throughput));
    CHECK(*s.cost.usd_per_month == Approx(730 * *s.cost.usd_per_hour));
    CHECK(*s.cost.usd_per_million_output_tokens == Approx(*s.cost.usd_per_hour / (3600 * s.output_throughput) * 1e6));
    CHECK(*s.cost.usd_per_day == Approx(24 * *s.cost.usd_per_hour));
    CHECK(*s.cost.usd_per_million_total_tokens * s.total_token_throughput ==
          Approx(*s.cost.usd_per_million_output_tokens * s.output_throughput));
    double pools = 0;
    for (const PoolSummary& pool : s.pools) pools += pool.usd_per_hour;
    CHECK(pools == Approx(*s.cost.usd_per_hour));
    if (s.duration > 2) CHECK(s.max_output_tokens_per_s >= 0.99 * s.output_throughput);
    CHECK(s.max_concurrent_requests <= s.num_prompts);
  }
}

TEST_CASE("the rows of requests.csv give the summary's latencies, by numpy's rules") {
  const auto folder = std::filesystem::temp_directory_path() / "flotilla-test-books";
  std::filesystem::remove_all(folder);
  const LoadedScenario loaded = load_scenario(
      shipped("migration/h200"),
      {"workload.num_prompts=3000", "workload.request_rate=10", "workload.output_tokens={uniform: [1, 600]}"});
  const Summary s = simulate_into(folder.string(), loaded, true);
  auto table = columns((folder / "requests.csv").string());
  REQUIRE(table["id"].size() == 3000);
  const std::vector<double> arrival = numbers(table["arrival_time"]);
  const double first = *std::min_element(arrival.begin(), arrival.end());

  // Requests of the first 30 s are the warm-up, and left out of latencies only.
  std::map<std::string, std::vector<double>> measured;
  double queued = 0;
  for (std::size_t i = 0; i < arrival.size(); ++i) {
    if (arrival[i] - first < 30) continue;
    for (const char* const column : {"ttft_ms", "tpot_ms", "e2el_ms"}) {
      if (!table[column][i].empty()) measured[column].push_back(std::stod(table[column][i]));
    }
    queued += 1000 * (std::stod(table["scheduled_time"][i]) - arrival[i]);
  }
  CHECK(measured["ttft_ms"].size() < 3000);
  CHECK(measured["tpot_ms"].size() < measured["ttft_ms"].size());  // some answers have one token
  const auto same = [](const Distribution& found, const Distribution& expected) {
    CHECK(found.mean == Approx(expected.mean).epsilon(1e-9));
    CHECK(found.median == Approx(expected.median).epsilon(1e-9));
    CHECK(found.std == Approx(expected.std).epsilon(1e-9));
    CHECK(found.p90 == Approx(expected.p90).epsilon(1e-9));
    CHECK(found.p95 == Approx(expected.p95).epsilon(1e-9));
    CHECK(found.p99 == Approx(expected.p99).epsilon(1e-9));
  };
  same(s.ttft, describe(measured["ttft_ms"], 1));
  same(s.tpot, describe(measured["tpot_ms"], 1));
  same(s.e2el, describe(measured["e2el_ms"], 1));
  CHECK((s.ttft_share.queue + s.ttft_share.other) * s.ttft.mean * static_cast<double>(measured["ttft_ms"].size()) ==
        Approx(queued));

  // Totals count all.
  const std::vector<double> outputs = numbers(table["output_tokens"]);
  double tokens = 0;
  for (const double n : outputs) tokens += n;
  CHECK(s.total_output_tokens == static_cast<std::int64_t>(tokens));
  const std::vector<double> finish = numbers(table["finish_time"]);
  CHECK(s.duration == Approx(*std::max_element(finish.begin(), finish.end()) - first));
  // Met both promises: 1 s and 20 ms; a request of one token has no TPOT to break.
  double good = 0;
  for (std::size_t i = 0; i < arrival.size(); ++i) {
    if (arrival[i] - first < 30) continue;
    const bool tpot = table["tpot_ms"][i].empty() || std::stod(table["tpot_ms"][i]) <= 20;
    good += tpot && std::stod(table["ttft_ms"][i]) <= 1000 ? 1 : 0;
  }
  CHECK(s.goodput_ratio * static_cast<double>(measured["e2el_ms"].size()) == Approx(good));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a promise is judged at its own percentile") {
  for (const double percentile : {80.0, 99.0, 99.9}) {
    const Summary s =
        simulate("migration/h200", {"workload.num_prompts=3000", "workload.request_rate=10",
                                    "slo={ttft: 50ms, e2el: 1h, percentile: " + std::to_string(percentile) + "}"});
    REQUIRE(s.slo.size() == 2);
    CHECK(s.slo[0].metric == "ttft");
    CHECK(s.slo[0].limit_ms == 50);
    CHECK(s.slo[0].kept == (s.slo[0].found_ms <= 50));
    CHECK(s.slo[1].kept);
    if (percentile == 80) CHECK((s.ttft.median < s.slo[0].found_ms && s.slo[0].found_ms < s.ttft.p90));
    if (percentile == 99) CHECK(s.slo[0].found_ms == s.ttft.p99);
    if (percentile == 99.9) CHECK(s.slo[0].found_ms > s.ttft.p99);
  }
}

TEST_CASE("several pools and groups: the parts make up the whole") {
  const auto folder = std::filesystem::temp_directory_path() / "flotilla-test-pools";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "two.yaml").string();
  std::ofstream(path) << R"(name: two-pools
model: llama-3.3-70b
fleet:
  pools:
    - {name: old, system: hgx-h100, gpus: 8, price: spheron-on-demand}
    - {name: new, system: hgx-b200, gpus: 4, price: {usd_per_gpu_hour: 5}}
serving:
  - {pool: old, weights: fp8, kv_cache_dtype: fp8, tensor_parallel_size: 2, replicas: 2}
  - {pool: old, weights: fp8, kv_cache_dtype: fp8, tensor_parallel_size: 4}
  - {pool: new, weights: nvfp4, kv_cache_dtype: fp8, engine: tensorrt-llm}
router: round_robin
workload: {request_rate: 30, input_tokens: 800, output_tokens: {uniform: [1, 600]}, num_prompts: 7000}
)";
  const LoadedScenario loaded = load_scenario(path, {});
  CHECK(loaded.build.warnings.empty());  // every GPU serves
  const auto idle = load_scenario(path, {"serving[1].replicas=1", "serving[1].tensor_parallel_size=2"}).build.warnings;
  REQUIRE(idle.size() == 1);
  CHECK(idle[0].rfind("2 of the 8 GPUs of pool 'old' serve nobody", 0) == 0);
  const Summary s = run_in_child(loaded);
  REQUIRE(s.pools.size() == 2);
  CHECK(s.gpus == 12);
  CHECK(s.pools[0].replicas == 3);
  CHECK(s.pools[1].replicas == 4);
  CHECK(s.pools[0].output_throughput + s.pools[1].output_throughput == Approx(s.output_throughput));
  CHECK((8 * s.pools[0].utilization + 4 * s.pools[1].utilization) / 12 == Approx(1 - s.time_share.idle));
  CHECK(*s.cost.usd_per_hour == Approx(8 * 2.64 + 4 * 5));
  // In turn: 3 of 7 requests to the old pool.
  CHECK(s.pools[0].output_throughput / s.output_throughput == Approx(3.0 / 7).epsilon(0.02));
  // Tokens of the parts are those of the whole: dollars of an hour / dollars of a token = tokens of an hour.
  const auto tokens = [&](const auto& of_pool) {
    double sum = 0;
    for (const PoolSummary& pool : s.pools) sum += pool.usd_per_hour / *of_pool(pool);
    return sum;
  };
  const double hour = *s.cost.usd_per_hour;
  CHECK(tokens([](const auto& p) { return p.usd_per_million_output_tokens; }) ==
        Approx(hour / *s.cost.usd_per_million_output_tokens));
  CHECK(tokens([](const auto& p) { return p.usd_per_million_total_tokens; }) ==
        Approx(hour / *s.cost.usd_per_million_total_tokens));
  CHECK(tokens([](const auto& p) { return p.usd_per_million_useful_tokens; }) ==
        Approx(hour / *s.cost.usd_per_million_useful_tokens));
  // The old pool's tokens are dearer: 21.12 dollars for 3 of 7 requests, against 20 for 4.
  CHECK(*s.pools[0].usd_per_million_output_tokens / *s.pools[1].usd_per_million_output_tokens ==
        Approx(21.12 / 3 / (20.0 / 4)).epsilon(0.03));
  CHECK(std::count(s.envelope.nearest_points.begin(), s.envelope.nearest_points.end(), ';') == 1);
  std::filesystem::remove_all(folder);
}

TEST_CASE("Little's law: requests in flight = rate * time in the fleet") {
  // A closed loop keeps 64 in flight but for its end.
  const Summary s = simulate("closed-loop/h100-tp2", {"workload.num_prompts=6400"});
  CHECK(s.request_throughput * s.e2el.mean / 1000 == Approx(64).epsilon(0.02));
  CHECK(s.max_concurrent_requests == 64);
}

TEST_CASE("equal answers: the mean gap is the mean time per token, pooled percentiles are near") {
  const Summary s = simulate("migration/h200", {"workload.num_prompts=3000", "workload.request_rate=10"});
  CHECK(s.itl.mean == Approx(s.tpot.mean).epsilon(1e-9));
  CHECK(s.itl.median <= s.itl.p90);
  CHECK(s.itl.p90 <= s.itl.p95);
  CHECK(s.itl.p95 <= s.itl.p99);
  CHECK(s.itl.std >= s.tpot.std);
}

TEST_CASE("one sequence at a time is an M/D/1 queue: mean wait = rho S / (2 (1 - rho))") {
  // Pollaczek-Khinchine for a constant service time S.
  const auto folder = std::filesystem::temp_directory_path() / "flotilla-test-md1";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "md1.yaml").string();
  std::ofstream(path) << R"(name: one-at-a-time
model: llama-3.1-8b
fleet: {pools: [{name: a, system: hgx-h100, gpus: 1}]}
serving: [{pool: a, weights: bf16, kv_cache_dtype: bf16, scheduler: {max_num_seqs: 1}}]
workload: {request_rate: 1, input_tokens: 500, output_tokens: 100, num_prompts: 40000}
)";
  const Summary alone = run_in_child(load_scenario(path, {"workload.num_prompts=1"}));
  const double service =
      (alone.e2el.mean - alone.ttft_share.other * alone.ttft.mean) / 1000;  // the frontend serves all at once
  for (const double rho : {0.3, 0.6, 0.8}) {
    CAPTURE(rho);
    const Summary s = run_in_child(load_scenario(path, {"workload.request_rate=" + std::to_string(rho / service)}));
    CHECK(s.verdict == Verdict::kStable);
    CHECK(1 - s.time_share.idle == Approx(rho).epsilon(0.02));
    const double wait = s.ttft_share.queue * s.ttft.mean / 1000;
    CHECK(wait == Approx(rho * service / (2 * (1 - rho))).epsilon(0.06));
  }
  const Summary beyond = run_in_child(load_scenario(path, {"workload.request_rate=" + std::to_string(1.05 / service)}));
  CHECK(beyond.verdict == Verdict::kSaturated);
  std::filesystem::remove_all(folder);
}

TEST_CASE("a child process says what the parent would have") {
  const LoadedScenario loaded = load_scenario(shipped("trace/replay"), {});
  auto first = to_json(run_in_child(loaded));
  auto second = to_json(run_in_child(loaded, true));
  const auto folder = std::filesystem::temp_directory_path() / "flotilla-test-child";
  auto here = to_json(simulate_into(folder.string(), loaded, false));
  std::filesystem::remove_all(folder);
  for (auto* json : {&first, &second, &here}) {
    json->erase("date");
    for (const char* const key : {"wall_time_s", "peak_rss_mb", "events"}) (*json)["sim"].erase(key);
  }
  CHECK(first == here);
  CHECK(second == here);
}

TEST_CASE("a mistake found in the child is the parent's mistake, too") {
  const LoadedScenario loaded = load_scenario(
      shipped("trace/replay"),
      {"workload.trace.on_zero_length=fail", "workload.trace.max_input_tokens=1", "workload.trace.on_too_long=fail"});
  CHECK_THROWS_WITH_AS(run_in_child(loaded), doctest::Contains("requests.csv"), InputError);
}
