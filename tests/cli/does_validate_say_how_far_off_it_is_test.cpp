// flotilla validate on a small table: two published points, a model that nobody knows, a row that is wrong.
#include <doctest/doctest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

/// TTFT and TPOT as in NVIDIA AIConfigurator's silicon_sample.csv (github.com/ai-dynamo/aiconfigurator, 095f58a5),
/// InferenceX runs of 2025-10-29: ..._h100_sxm_vllm_fp8_agg_1024x1024_c4_tp8_ep1_725 and ..._c4_tp2_ep1_738.
const std::string kTable =
    "id,date,gpu,gpus_total,model,weight_precision,engine,tp,pp,ep,attn_dp,disaggregated,input_tokens,output_tokens,"
    "length_distribution,"
    "load_kind,load_value,throughput_output_tok_s_per_gpu,ttft_ms,tpot_or_itl_ms,clean\n"
    "aic-tp8,2025-10-29,H100,8,Llama 3.3 70B,fp8,vLLM,8,1,1,1,no,1024,1024,\"uniform in [0.8*ISL, ISL]\",concurrency "
    "(closed loop),4,,70.4,9.11,1\n"
    "aic-tp2,2025-10-29,H100,2,Llama 3.3 70B,fp8,vLLM,2,1,1,1,no,1024,1024,\"uniform in [0.8*ISL, ISL]\",concurrency "
    "(closed loop),4,,121.3,17.41,1\n"
    "aic-unknown,2025-10-29,H100,8,\"Mystery, large\",fp8,vLLM,8,1,1,1,no,1024,1024,fixed,concurrency (closed "
    "loop),4,,70,9,1\n";

Outcome validate(const Folder& folder, const std::string& output, const std::vector<std::string>& more) {
  std::vector<std::string> words{"validate", folder.write("points.csv", kTable), "-o", folder / output};
  words.insert(words.end(), more.begin(), more.end());
  return command(words);
}

}  // namespace

TEST_CASE("published points are predicted within 12 %, an unknown model is skipped with the reason") {
  const Folder folder;
  const Outcome outcome = validate(folder, "new/deep", {"--markdown", folder / "page.md"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.out.find("targets are met") < outcome.out.find("\n"));  // the answer comes first
  const auto csv = contents(folder / "new/deep/points.csv");
  CHECK(line_of(csv, "aic-unknown").find("\"skipped: the catalogue holds no model Mystery, large\",70,9") !=
        std::string::npos);
  CHECK(line_of(csv, "aic-tp2").find("predicted,121.3,17.41,") != std::string::npos);
  const auto summary = nlohmann::json::parse(contents(folder / "new/deep/summary.json"));
  CHECK(summary["points"] == 3);
  CHECK(summary["predicted"] == 2);
  CHECK(summary["classes"][0]["key"] == "llama-70b");
  CHECK(summary["classes"][0]["tpot"]["p90"].get<double>() < 0.12);
  CHECK(contains(contents(folder / "page.md"), "| Llama 3.3/3.1 70B, closed loop | TPOT | 2 |"));
  CHECK(contains(contents(folder / "new/deep/report.html"), "aic-tp2"));
}

TEST_CASE("one process or two: the same bytes, nothing half-written is left") {
  const Folder folder;
  REQUIRE(validate(folder, "one", {"-j", "1", "-q"}).code == 0);
  REQUIRE(validate(folder, "two", {"-j", "2", "-q"}).code == 0);
  for (const char* const name : {"points.csv", "details.csv", "summary.json"}) {
    CAPTURE(name);
    CHECK(contents(folder / "one/" + name) == contents(folder / "two/" + name));
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "one")) {
    ++files;
    CHECK(entry.path().extension() != ".partial");
  }
  CHECK(files == 4);
}

TEST_CASE("Ctrl-C ends it: exit code 130, no file, on a terminal a bar until then") {
  const Folder folder;
  std::string table = kTable;
  const auto at = table.find("aic-tp2");
  const std::string row = table.substr(at, table.find('\n', at) + 1 - at);
  for (int i = 0; i < 3000; ++i) table += "aic-more" + std::to_string(i) + row.substr(7);
  const Outcome outcome = command({"validate", folder.write("long.csv", table), "-o", folder / "out"},
                                  {.interrupt_after_s = 2, .stderr_is_a_terminal = true});
  CHECK(outcome.code == 130);
  CHECK(outcome.out == "");
  CHECK(contains(outcome.err, " of 3003 replays"));
  CHECK(contains(outcome.err, "s left"));
  CHECK(contains(outcome.err, "stopped before its end"));
  CHECK(std::filesystem::is_empty(folder / "out"));
}

TEST_CASE("a row that is wrong: file and line, exit code 2, no directory") {
  const Folder folder;
  const auto path = folder.write(
      "bad.csv",
      kTable + "aic-bad,2025-10-29,H100,8,Llama 3.3 70B,fp8,vLLM,eight,1,1,1,no,1024,1024,fixed,offline,inf,,,,1\n");
  const Outcome outcome = command({"validate", path, "-o", folder / "out"});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "bad.csv:5: tp: a number is expected, 'eight' is given"));
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
  CHECK(command({"validate", folder / "none.csv", "-o", folder / "out"}).code == 2);
}
