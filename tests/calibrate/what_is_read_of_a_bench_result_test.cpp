// Spelling and types are those of vLLM's vllm/benchmarks/serve.py (main, 2026): what main_async puts into result_json.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/calibrate/bench_model.hpp"
#include "analysis/calibrate/bench_results.hpp"
#include "analysis/calibrate/calibration_yaml.hpp"
#include "models/calibration.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;
using nlohmann::ordered_json;

namespace {

/// Reads text by way of a file of this process: cases run in processes of their own, at the same time.
std::vector<BenchResult> read(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("flotilla_bench_{}.json", getpid());
  std::ofstream(path) << text;
  struct Removal {
    std::filesystem::path path;
    ~Removal() { std::filesystem::remove(path); }
  } removal{path};
  return read_bench_results(path.string());
}

BenchResult read(const ordered_json& json) { return read(json.dump()).front(); }

/// Closed loop of 16 clients: 160 requests of 1024 and 128 tokens.
ordered_json closed_loop() {
  return ordered_json::parse(R"({
    "date": "20260301-101112", "endpoint_type": "openai", "backend": "openai", "label": null,
    "model_id": "meta-llama/Llama-3.1-8B-Instruct", "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct",
    "num_prompts": 160, "request_rate": "inf", "burstiness": 1.0, "max_concurrency": 16,
    "duration": 20.5, "completed": 160, "failed": 0, "total_input_tokens": 163840, "total_output_tokens": 20480,
    "request_throughput": 7.8, "request_goodput": null, "output_throughput": 999.0, "total_token_throughput": 8991.2,
    "max_output_tokens_per_s": 1100.0, "max_concurrent_requests": 32, "rtfx": 0.0,
    "mean_ttft_ms": 150.5, "median_ttft_ms": 148.0, "std_ttft_ms": 12.0, "p99_ttft_ms": 190.0,
    "mean_tpot_ms": 14.25, "median_tpot_ms": 14.2, "std_tpot_ms": 0.1, "p99_tpot_ms": 14.9,
    "mean_itl_ms": 14.2, "median_itl_ms": 14.0, "std_itl_ms": 3.0, "p99_itl_ms": 40.0})");
}

}  // namespace

TEST_CASE("a result is read in seconds and tokens per request") {
  const auto r = read(closed_loop());
  CHECK(r.model == "meta-llama/Llama-3.1-8B-Instruct");
  CHECK(r.requests == 160);
  CHECK(r.max_concurrency == 16);
  CHECK(!r.request_rate);
  CHECK(!r.burstiness);
  CHECK(r.input_tokens == 1024);
  CHECK(r.output_tokens == 128);
  CHECK(r.mean_tpot == Approx(14.25e-3));
  CHECK(r.mean_ttft == Approx(150.5e-3));
  CHECK(r.where.line == 0);
}

TEST_CASE("a rate is a number, a limit of concurrency null where none was given") {
  auto json = closed_loop();
  json["request_rate"] = 4, json["max_concurrency"] = nullptr, json["burstiness"] = 0.5;
  const auto r = read(json);
  CHECK(r.request_rate == 4.0);
  CHECK(!r.max_concurrency);
  CHECK(r.burstiness == 0.5);
  json["burstiness"] = 1.0;
  CHECK(!read(json).burstiness);
}

TEST_CASE("what was not asked for may be missing: percentiles, other metrics, labels") {
  auto json = closed_loop();
  for (const char* const key : {"date",
                                "endpoint_type",
                                "backend",
                                "label",
                                "tokenizer_id",
                                "duration",
                                "request_throughput",
                                "request_goodput",
                                "output_throughput",
                                "total_token_throughput",
                                "max_output_tokens_per_s",
                                "max_concurrent_requests",
                                "rtfx",
                                "median_ttft_ms",
                                "std_ttft_ms",
                                "p99_ttft_ms",
                                "median_tpot_ms",
                                "std_tpot_ms",
                                "p99_tpot_ms",
                                "mean_itl_ms",
                                "median_itl_ms",
                                "std_itl_ms",
                                "p99_itl_ms",
                                "burstiness",
                                "model_id",
                                "request_rate",
                                "max_concurrency"})
    json.erase(key);
  const auto r = read(json);
  CHECK(r.mean_tpot == Approx(14.25e-3));
  CHECK(r.model == "");
  CHECK(!r.max_concurrency);
}

TEST_CASE("more than was asked for is passed over: percentiles with points, --save-detailed, --metadata, speculation") {
  auto json = closed_loop();
  json["p99.9_ttft_ms"] = 200.0, json["p25_e2el_ms"] = 1.0;
  json["input_lens"] = {1024, 1024}, json["itls"] = {{0.01, 0.02}, ordered_json::array()}, json["errors"] = {"", ""};
  json["generated_texts"] = {"a {\"completed\": 7}", "\n{"};
  json["tp"] = "1", json["version"] = "0.11.0", json["spec_decode_acceptance_rate"] = 71.5;
  CHECK(read(json).requests == 160);
}

TEST_CASE("a data set with fewer requests than were asked for has no failures") {
  auto json = closed_loop();
  json["num_prompts"] = 1000;
  CHECK(read(json).requests == 160);
  json.erase("failed");  // older releases do not say
  CHECK_THROWS_WITH_AS(read(json), doctest::Contains("completed: 840 of 1000 requests failed"), InputError);
  json["num_prompts"] = 160;
  CHECK(read(json).requests == 160);
}

TEST_CASE("--append-result writes a result per line: all are read, with their lines") {
  auto second = closed_loop();
  second["max_concurrency"] = 64;
  const auto results = read(closed_loop().dump() + "\n" + second.dump());
  REQUIRE(results.size() == 2);
  CHECK(results[0].max_concurrency == 16);
  CHECK(results[1].max_concurrency == 64);
  CHECK(results[1].where.line == 2);
  second.erase("mean_tpot_ms");
  CHECK_THROWS_WITH_AS(read(closed_loop().dump() + "\n\n" + second.dump(0)), doctest::Contains(":3:"), InputError);
}

TEST_CASE("a result may be spread over lines") { CHECK(read(closed_loop().dump(2)).size() == 1); }

TEST_CASE("checkpoints are told by the catalogue's name in theirs") {
  CHECK(catalogue_model_in("nvidia/Llama-3.3-70B-Instruct-FP8") == "llama-3.3-70b");
  CHECK(catalogue_model_in("/data/models/meta-llama/Meta-Llama-3.1-8B/") == "llama-3.1-8b");
  CHECK(catalogue_model_in("Qwen/Qwen3-235B-A22B-FP8") == "qwen3-235b-a22b");
  CHECK(catalogue_model_in("deepseek-ai/DeepSeek-R1-0528") == "deepseek-r1");
  for (const char* const other : {"deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "zai-org/GLM-5.2", "Qwen/Qwen3-8Bit", "",
                                  "/", "some/snapshot/0e9e39f249a16976918f6564b8830bc894c89659"}) {
    CAPTURE(other);
    CHECK(catalogue_model_in(other) == "");
  }
}

TEST_CASE("another name of the same shape is believed, another shape is not") {
  BenchResult r;
  r.where.file = "own.json";
  r.model = "meta-llama/Llama-3.1-70B";
  CHECK_NOTHROW(refuse_other_models(models::load_llm("llama-3.3-70b"), {r, r}));
  CHECK_THROWS_WITH_AS(refuse_other_models(models::load_llm("llama-3.1-8b"), {r, r}),
                       doctest::Contains("to go on: model=llama-3.1-70b"), InputError);
}

TEST_CASE("a calibration file keeps any text that a user gave it") {
  auto calibration = models::calibrations().front();
  REQUIRE(!calibration.profiles.empty());
  calibration.provenance = "a \"quote\", a \\ and a: colon";
  calibration.profiles.resize(1);
  calibration.profiles.front().from = calibration.profiles.front().to = "0.11\"b";
  calibration.profiles.front().setup = "one's \"own\"";
  calibration.formats.begin()->second.tpot = {3, 0.01, 0.02, "\\\"", {1}};
  const auto back = models::read_calibration(reader::Document::from_text(to_yaml(calibration), "own.yaml"));
  CHECK(back.provenance == calibration.provenance);
  CHECK(back.profiles.front().from == "0.11\"b");
  CHECK(back.profiles.front().setup == "one's \"own\"");
  CHECK(back.formats.begin()->second.tpot.description == "\\\"");
}
