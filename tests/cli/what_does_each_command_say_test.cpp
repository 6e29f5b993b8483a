// Every command, asked as the help says, answers with what it promises.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

/// What it prints, having succeeded and complained of nothing.
std::string answer(const std::vector<std::string>& words) {
  const Outcome outcome = command(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.err == "");
  return outcome.out;
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream lines(list);
  for (std::string line; std::getline(lines, line);) names.push_back(line.substr(0, line.find(' ')));
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const std::string kB200 = shipped("migration/article-b200");

}  // namespace

TEST_CASE("--version names the version, the commit and SimGrid's version on one line") {
  CHECK(std::regex_match(answer({"--version"}),
                         std::regex(R"(flotilla \d+\.\d+\.\d+ \([0-9a-z]+\), SimGrid 3\.\d+\.\d+\n)")));
}

TEST_CASE("run --elasticities says what a tenth more of each resource would do") {
  const std::string out =
      answer({"run", shipped("closed-loop/h100-tp2"), "workload.num_prompts=200", "--elasticities"});
  CHECK(contains(out, "What would help"));
  CHECK(contains(out, "with +10 % HBM bandwidth:"));
  CHECK(contains(out, "with -10 % host time:"));
  // One sequence at a time waits for memory: 10 % more bandwidth is worth 5 to 9 % there.
  const Folder dir;
  answer({"run", shipped("closed-loop/h100-tp2"), "workload.num_prompts=20", "workload.max_concurrency=1",
          "--elasticities", "-q", "-o", dir / "."});
  const auto summary = nlohmann::json::parse(contents(dir / "summary.json"));
  REQUIRE(summary["elasticities"].size() == 4);
  const auto& memory = summary["elasticities"][0];
  CHECK(memory["change"] == "hbm_bandwidth");
  CHECK(memory["factor"] == 1.1);
  CHECK(memory["mean_tpot"] < -0.05);
  CHECK(memory["mean_tpot"] > -0.0910);  // 1/1.1 - 1, were all of it memory
  for (std::size_t i = 1; i < 4; ++i) CHECK(summary["elasticities"][i]["mean_tpot"] > memory["mean_tpot"]);
  // The run itself is that of the scenario as it stands, and says it again when it runs again.
  const Folder plain;
  answer({"run", shipped("closed-loop/h100-tp2"), "workload.num_prompts=20", "workload.max_concurrency=1", "-q", "-o",
          plain / "."});
  auto other = nlohmann::json::parse(contents(plain / "summary.json"));
  CHECK(other["elasticities"].empty());
  CHECK(other["mean_tpot_ms"] == summary["mean_tpot_ms"]);
  CHECK(other["sim"]["scenario_sha256"] == summary["sim"]["scenario_sha256"]);
}

TEST_CASE("help tells of every command, and every command has help") {
  const std::string help = answer({"--help"});
  for (const char* const name :
       {"run", "check", "bounds", "show", "list", "size", "report", "validate", "calibrate", "example", "schema"}) {
    CHECK(contains(help, std::string("\n  ") + name));
    const std::string own = answer({name, "--help"});
    CHECK(contains(own, std::string("Usage: flotilla ") + name));
  }
}

TEST_CASE("mistyped words are answered with what was meant") {
  CHECK(command({"rn"}).err == "flotilla: unknown command 'rn'\n  did you mean 'run'?\n");
  CHECK(contains(command({"run", kB200, "--save-detail"}).err, "did you mean --save-detailed?"));
  CHECK(contains(command({"list", "router"}).err, "did you mean 'routers'?"));
  CHECK(contains(command({"list", "colours"}).err, "one of: models, gpus, systems"));
  CHECK(contains(command({"show", "topologie", kB200}).err, "did you mean 'topology'?"));
  CHECK(contains(command({"size", kB200, "--slo", "p99_tptt_ms<=20"}).err, "did you mean"));
  CHECK(contains(command({"size", kB200, "--slo", "p99_tpot_ms<=fast"}).err, "'fast' is not a number"));
  CHECK(contains(command({"bounds", "--model", "llama-3.3-70b", "--gpu", "h100", "--kv", "fp7"}).err,
                 "one of: bf16, fp8, nvfp4"));
  CHECK(command({"run", kB200, "workload.requestrate=60"}).err ==
        "command line:1:10: workload.requestrate: unknown key 'requestrate'\nworkload.requestrate=60\n         ^\n"
        "hint: did you mean 'request_rate'?\n");
}

TEST_CASE("list: every kind, each name with what it is") {
  const std::vector<std::string> models = names_in(answer({"list", "models"}));
  for (const char* const name : {"llama-3.3-70b", "llama-2-70b", "llama-3.1-8b", "llama-3.1-405b"})
    CHECK(has(models, name));
  const std::vector<std::string> gpus = names_in(answer({"list", "gpus"}));
  for (const char* const name : {"h100-sxm", "h200-sxm", "b200-hgx", "gb200", "b200-hgx@a1", "h100-sxm@a1"})
    CHECK(has(gpus, name));
  const std::vector<std::string> systems = names_in(answer({"list", "systems"}));
  for (const char* const name : {"hgx-h100", "hgx-h200", "hgx-b200", "gb200-nvl72"}) CHECK(has(systems, name));
  CHECK(has(names_in(answer({"list", "fabrics"})), "ib-ndr-rail"));
  for (const char* const name : {"vllm", "tensorrt-llm", "sglang"})
    CHECK(has(names_in(answer({"list", "engines"})), name));
  CHECK(has(names_in(answer({"list", "schedulers"})), "vllm_v1"));
  for (const char* const name : {"round_robin", "least_loaded", "random"})
    CHECK(has(names_in(answer({"list", "routers"})), name));
  for (const char* const name : {"spheron-on-demand", "spheron-spot"})
    CHECK(has(names_in(answer({"list", "prices"})), name));
  for (const char* const name : {"p99_ttft_ms", "conservation.injected", "pools[].utilization"}) {
    CHECK(has(names_in(answer({"list", "metrics"})), name));
  }
}

TEST_CASE("what is listed can be used") {
  for (const std::string& model : names_in(answer({"list", "models"}))) {
    CHECK(contains(answer({"bounds", "--model", model, "--gpu", "b200-hgx", "--brief"}), "decode floor"));
  }
  for (const std::string& gpu : names_in(answer({"list", "gpus"}))) {
    CHECK(contains(answer({"bounds", "--model", "llama-3.1-8b", "--gpu", gpu, "--brief"}), "decode floor"));
  }
  const std::vector<std::string> small{"workload.num_prompts=50", "serving[0].tensor_parallel_size=1",
                                       "fleet.pools[0].gpus=4",   "model=llama-3.1-8b",
                                       "serving[0].weights=bf16", "serving[0].kv_cache_dtype=bf16"};
  const auto runs = [&](const std::string& assignment) {
    std::vector<std::string> words{"run", kB200, assignment, "-q"};
    words.insert(words.end(), small.begin(), small.end());
    const Outcome outcome = command(words);
    CHECK_MESSAGE(outcome.code == 0, assignment, ": ", outcome.err);
  };
  for (const std::string& router : names_in(answer({"list", "routers"}))) runs("router=" + router);
  for (const std::string& policy : names_in(answer({"list", "schedulers"})))
    runs("serving[0].scheduler.policy=" + policy);
  for (const std::string& engine : names_in(answer({"list", "engines"}))) runs("serving[0].engine=" + engine);
  for (const std::string& fabric : names_in(answer({"list", "fabrics"}))) runs("fleet.fabric=" + fabric);
  for (const std::string& system : names_in(answer({"list", "systems"}))) {
    const Outcome outcome =
        command({"check", kB200, "fleet.pools[0].system=" + system, "fleet.pools[0].gpus=4",
                 "fleet.pools[0].price={usd_per_gpu_hour: 1}", "model=llama-3.1-8b", "serving[0].weights=fp8"});
    CHECK_MESSAGE(outcome.code == 0, system, ": ", outcome.err);
  }
}

TEST_CASE("check: says what fits, and warns of little KV with what would help") {
  const std::string fits = answer({"check", kB200});
  CHECK(line_of(fits, "article-2-b200: it fits") != "");
  CHECK(contains(fits, "GPU KV cache size: "));
  CHECK(contains(fits, "Maximum concurrency for 131,072 tokens per request: "));
  const std::string tight = answer({"check", shipped("migration/article-h100")});
  CHECK(contains(line_of(tight, "warning: serving[0]: KV for "), "sequences of 1200 tokens at once"));
  for (const char* const help : {"tensor_parallel_size: 2", "gpu_memory_utilization: 0.95", "on h200-sxm"}) {
    CHECK(contains(tight, std::string("would help: ") + help));
  }
}

TEST_CASE("check --resolved: every default, and where it came from") {
  const std::string resolved = answer({"check", kB200, "--resolved", "serving[0].block_size=32"});
  CHECK(contains(resolved, "gpu_memory_utilization: 0.9  # " + kB200 + ":17"));
  CHECK(contains(resolved, "block_size: 32  # command line"));
  CHECK(contains(resolved, "max_num_seqs: 1024  # engine vllm 0.11"));
  CHECK(contains(resolved, "replicas: 2  # as many as fit"));
  CHECK(contains(resolved, "router: least_loaded  # default"));
}

TEST_CASE("show: topology, memory, model and cost") {
  const std::string topology = answer({"show", "topology", kB200});
  CHECK(contains(topology, "GPU0  X     NV18"));
  CHECK(contains(answer({"show", "topology", kB200, "--dot"}), "graph"));
  const std::string memory = answer({"show", "memory", kB200});
  CHECK(contains(line_of(memory, "  weights"), "42.71 GB"));
  const std::string model = answer({"show", "model", kB200});
  CHECK(contains(model, "80 layers, hidden 8192, 64 heads of 128, 8 KV heads"));
  CHECK(contains(line_of(model, "  fp8"), "72.66"));
  CHECK(contains(answer({"show", "cost", kB200}), "$8,804/month of 730 hours"));
}

TEST_CASE("bounds: of flags or of a scenario's groups, with formula and source unless brief") {
  const std::string full = answer({"bounds", "--model", "llama-3.3-70b", "--gpu", "b200-hgx", "--weights", "nvfp4"});
  CHECK(contains(full, "NVIDIA"));
  CHECK(contains(full, " GB / 7.7 TB/s"));
  const std::string brief =
      answer({"bounds", "--model", "llama-3.3-70b", "--gpu", "b200-hgx", "--weights", "nvfp4", "--brief"});
  CHECK(brief.size() < full.size());
  const std::string of_scenario = answer({"bounds", kB200, "--brief"});
  CHECK(line_of(of_scenario, "decode floor") == line_of(brief, "decode floor"));
}

TEST_CASE("schema: a JSON Schema with every key of the reference page") {
  const auto schema = nlohmann::json::parse(answer({"schema"}));
  for (const char* const key : {"name", "model", "fleet", "serving", "router", "workload", "slo", "seed"}) {
    CHECK(schema["properties"].contains(key));
  }
  const std::string page = answer({"schema", "--reference"});
  for (const char* const key : {"`request_rate`", "`gpu_memory_utilization`", "`tensor_parallel_size`", "`warmup`"})
    CHECK(contains(page, key));
}

TEST_CASE("size: the smallest fleet, and why one replica fewer would not do") {
  const std::string found = answer({"size", "--slo", "p99_ttft_ms<=2000", "--tp", "2", shipped("migration/h200"),
                                    "workload.num_prompts=3000", "workload.request_rate=10"});
  CHECK(std::regex_search(
      found, std::regex(R"(^h200: \d+ replicas of TP 2, \d+ GPUs, \$\d+/month\. It keeps )"
                        R"(its promises up to [\d.]+ times this rate, and keeps up with [\d.]+ times\.\n)")));
  CHECK(std::regex_search(line_of(found, "h200  "), std::regex(R"((saturated|p99_ttft_ms is [\d.]+) with \d+)")));
  const Outcome impossible = command({"size", shipped("migration/h200"), "--slo", "p99_tpot_ms<=0.1", "--tp", "2",
                                      "workload.num_prompts=3000", "workload.request_rate=10"});
  CHECK(impossible.code == 1);
  CHECK(contains(impossible.out, "None of these fleets keeps its promises at any size."));
  CHECK(contains(impossible.out, "never: p99_tpot_ms is "));
}

TEST_CASE("size: what there may be least of is said in words") {
  const Outcome outcome = command({"size", shipped("migration/h200"), "--slo", "p99_tpot_ms<=20", "--least", "money"});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "money not in {cost,gpus,watts}"));
}

TEST_CASE("size: a fleet that refuses its requests keeps no promise") {
  const Outcome outcome = command({"size", shipped("migration/h200"), "--slo", "p99_tpot_ms<=100", "--tp", "2",
                                   "workload.num_prompts=3000", "workload.input_tokens=200000"});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.out, "never: refuses 100.0 % of the requests"));
}

TEST_CASE("run: requests that can never fit are refused, counted and explained") {
  const Folder folder;
  const std::string said = answer({"run", kB200, "workload.num_prompts=2000", "-o", folder / "out", "--save-detailed",
                                   "workload.input_tokens={uniform: [1000, 260000]}", "workload.request_rate=0.01"});
  const auto summary = nlohmann::json::parse(contents(folder / "out/summary.json"));
  const int rejected = summary["conservation"]["rejected"];
  CHECK(rejected == doctest::Approx(1000).epsilon(0.1));
  CHECK(summary["failed"] == rejected);
  CHECK(contains(said, "requests were refused: input and output together are longer than max_model_len"));
  CHECK(contains(contents(folder / "out/requests.csv"), ",rejected\n"));
}

TEST_CASE("run: where nothing was served, nothing is praised") {
  const std::string refused = answer({"run", kB200, "workload.num_prompts=100", "workload.input_tokens=200000"});
  CHECK(refused.rfind("article-2-b200 on 2 GPUs: refuses 100.0 % of the requests; no request was completed.\n", 0) ==
        0);
  const std::string warming = answer({"run", kB200, "workload.num_prompts=100", "workload.warmup=1h"});
  CHECK(warming.rfind("article-2-b200 on 2 GPUs: no request was measured after the warm-up.\n", 0) == 0);
}

TEST_CASE("run: the block that users of vllm bench serve know") {
  const std::string said = answer({"run", shipped("closed-loop/h100-tp2")});
  for (const char* const label :
       {"============ Serving Benchmark Result ============", "Successful requests:                     640",
        "Maximum request concurrency:", "Benchmark duration (s):", "Total input tokens:", "Total generated tokens:",
        "Request throughput (req/s):", "Output token throughput (tok/s):", "Total token throughput (tok/s):",
        "---------------Time to First Token----------------",
        "Mean TTFT (ms):", "Median TTFT (ms):", "P99 TTFT (ms):", "-----Time per Output Token (excl. 1st token)------",
        "Mean TPOT (ms):", "---------------Inter-token Latency----------------",
        "P99 ITL (ms):", "----------------End-to-end Latency----------------",
        "Conservation:                            640 injected = 640 completed + 0 rejected + 0 unfinished"}) {
    CHECK_MESSAGE(contains(said, label), label);
  }
}

TEST_CASE("on a terminal a run shows how far it is, and wipes that away at its end") {
  const Outcome seen = command({"run", kB200, "workload.num_prompts=100000000"},
                               {.interrupt_after_s = 1.5, .stderr_is_a_terminal = true});
  CHECK(seen.code == 130);
  CHECK(std::regex_search(seen.err, std::regex(R"(\[#* *\] +\d+ %  \d+ requests, [\d.]+ s simulated  \d+ s left)")));
  REQUIRE(seen.err.size() > 4);
  CHECK(seen.err.substr(seen.err.size() - 4) == "\r\033[K");
  CHECK(!contains(seen.out, " s left"));
  CHECK(command({"run", kB200, "-q"}, {.stderr_is_a_terminal = true}).err == "");
}

TEST_CASE("a run says nothing on stderr where that is no terminal, and --stats only there") {
  const Outcome outcome = command({"run", kB200, "workload.num_prompts=200", "--stats"});
  for (const char* phase : {"load ", "set up ", "simulate ", "summarise "}) CHECK(contains(outcome.err, phase));
  CHECK(contains(outcome.err, "the first event came after "));
  CHECK(contains(outcome.err, "while simulating: 200 requests, "));
  CHECK(!contains(outcome.out, "wall"));
}
