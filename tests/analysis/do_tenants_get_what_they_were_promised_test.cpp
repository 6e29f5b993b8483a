// What a run tells of each tenant: its own requests, latencies, promises and share of the cost.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "analysis/child.hpp"
#include "analysis/output/answer.hpp"
#include "analysis/run.hpp"
#include "analysis/summary/json.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

const std::string kFleet =
    "name: t\nmodel: llama-3.1-8b\nfleet: {pools: [{name: p, system: hgx-h200, gpus: 4, price: {usd_per_gpu_hour: "
    "2}}]}\n";

LoadedScenario load(const std::string& text) {
  return load_scenario(reader::Document::from_text(text, "scenario.yaml"), {});
}

std::string tenant(const std::string& name, const std::string& rest, int prompts = 30) {
  return "- {name: " + name + ", " + rest +
         ", request_rate: 5, arrivals: constant, input_tokens: 100, output_tokens: " + "20, num_prompts: " +
         std::to_string(prompts) + "}\n";
}

}  // namespace

TEST_CASE("tenants sum to the whole, and each model's replicas cost what their GPUs do") {
  // 2 GPUs serve the 70B, 1 the 8B, 1 nobody: of $8 an hour the tenant of the 70B carries two thirds. Of the third
  // that is left, those of the 8B share by tokens: 30 * 120 and 10 * 120.
  const Summary s = run_in_child(load(
      kFleet +
      "serving:\n- {pool: p, replicas: 1}\n- {pool: p, model: llama-3.3-70b, weights: fp8, tensor_parallel_size: 2, "
      "replicas: 1}\nworkload:\n  tenants:\n  " +
      tenant("large", "model: llama-3.3-70b") + "  " + tenant("more", "priority: 3") + "  " +
      tenant("less", "class: batch", 10)));
  REQUIRE(s.tenants.size() == 3);
  const auto& [large, more, less] = std::tie(s.tenants[0], s.tenants[1], s.tenants[2]);
  CHECK(large.name == "large");
  CHECK(large.model == "llama-3.3-70b");
  CHECK(more.model == "llama-3.1-8b");
  CHECK(more.priority == 3);
  CHECK(less.slo_class == "batch");
  CHECK(large.completed + more.completed + less.completed == s.completed);
  CHECK(less.num_prompts == 10);
  CHECK(less.total_input_tokens == 1000);
  CHECK(less.total_output_tokens == 200);
  CHECK(less.output_throughput == Approx(200 / s.duration));
  CHECK(*s.cost.usd_per_hour == Approx(8));
  CHECK(*large.usd_per_hour == Approx(16.0 / 3));
  CHECK(*more.usd_per_hour == Approx(2));
  CHECK(*less.usd_per_hour == Approx(2.0 / 3));
  CHECK(*less.usd_per_million_output_tokens == Approx(2.0 / 3 / (3600 * less.output_throughput) * 1e6));
  CHECK(large.tpot.median > more.tpot.median);
  REQUIRE(s.models.size() == 2);
  CHECK(s.models[0].name == "llama-3.1-8b");
  CHECK(s.models[0].gpus == 1);
  CHECK(s.models[0].completed == 40);
  CHECK(*s.models[0].usd_per_hour == Approx(8.0 / 3));
  CHECK(s.models[1].gpus == 2);
  CHECK(s.models[1].output_throughput == Approx(large.output_throughput));
  CHECK(s.model_id == "llama-3.1-8b, llama-3.3-70b");
  CHECK(*s.request_rate == 15);
  CHECK(to_json(summary_from_json(to_json(s))) == to_json(s));
}

TEST_CASE("each tenant is held to its own promises, the scenario's where it has none") {
  // A millisecond for a first token is kept by nobody, an hour by all: of forty requests ten are good.
  const Summary s =
      run_in_child(load(kFleet + "serving: [{pool: p}]\nslo: {ttft: 1ms, percentile: 90}\nworkload:\n  tenants:\n  " +
                        tenant("hurried", "priority: 0") + "  " + tenant("patient", "slo: {e2el: 1h}", 10)));
  CHECK(s.slo.empty());
  REQUIRE(s.tenants[0].slo.size() == 1);
  CHECK(s.tenants[0].slo[0].metric == "ttft");
  CHECK(s.tenants[0].slo[0].percentile == 90);
  CHECK(!s.tenants[0].slo[0].kept);
  CHECK(s.tenants[0].goodput_ratio == 0);
  REQUIRE(s.tenants[1].slo.size() == 1);
  CHECK(s.tenants[1].slo[0].metric == "e2el");
  CHECK(s.tenants[1].slo[0].kept);
  CHECK(s.tenants[1].goodput_ratio == 1);
  CHECK(s.goodput_ratio == 0.25);
  CHECK(*s.request_goodput == Approx(0.25 * s.request_throughput));
  CHECK(s.models.empty());
}

TEST_CASE("rows say whose they are, by name") {
  const auto folder = std::filesystem::temp_directory_path() / ("tenants-" + std::to_string(getpid()));
  const auto rows_of = [&](const std::string& workload) {
    const LoadedScenario loaded = load(kFleet + "serving: [{pool: p}]\nworkload:\n" + workload);
    Child child([&] {
      RunPlan plan;
      plan.output_directory = folder.string();
      plan.save_detailed = true;
      run_here(loaded, plan);
      return std::string();
    });
    child.take();
    std::ifstream file(folder / "requests.csv");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    std::filesystem::remove_all(folder);
    return lines;
  };
  const auto with =
      rows_of("  tenants:\n  " + tenant("chat", "priority: 0", 2) + "  " + tenant("'a, b'", "priority: 0", 1));
  REQUIRE(with.size() == 4);
  CHECK(with[0].ends_with(",status,tenant"));
  std::map<std::string, int> ends;
  for (std::size_t i = 1; i < with.size(); ++i) ++ends[with[i].substr(with[i].find("completed"))];
  CHECK(ends == std::map<std::string, int>{{"completed,chat", 2}, {"completed,\"a, b\"", 1}});
  const auto without = rows_of("  {request_rate: 5, input_tokens: 100, output_tokens: 20, num_prompts: 2}\n");
  CHECK(without[0].ends_with(",status"));
  CHECK(without[1].ends_with(",completed"));
}

TEST_CASE("the answer names the tenant whose promise is broken") {
  Summary s;
  s.label = "x";
  s.gpus = 8;
  s.completed = 10;
  s.e2el.mean = 1;
  s.tenants.resize(2);
  s.tenants[0].name = "chat";
  s.tenants[0].slo = {{"ttft", 99, 1000, 1200.5, false}};
  s.tenants[1].name = "batch";
  s.tenants[1].slo = {{"e2el", 95, 60000, 50000, true}};
  CHECK(
      answer(s) ==
      "x on 8 GPUs: breaks its promises: for chat p99 TTFT 1200.5 ms (> 1000 ms); keeps for batch p95 E2EL 50000.0 ms "
      "(<= 60000 ms).");
  s.tenants[0].slo[0].kept = true;
  s.tenants[0].slo[0].found_ms = 900;
  CHECK(answer(s) ==
        "x on 8 GPUs: meets its promises: for chat p99 TTFT 900.0 ms (<= 1000 ms), for batch p95 E2EL 50000.0 ms (<= "
        "60000 "
        "ms).");
}

TEST_CASE("without tenants nothing is said of them") {
  CHECK(!to_json(Summary{}).contains("tenants"));
  CHECK(!to_json(Summary{}).contains("models"));
}
