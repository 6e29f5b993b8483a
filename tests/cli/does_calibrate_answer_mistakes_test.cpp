// Bench results as users get them wrong, in mistakes/bench/*.json, each with the answer it gets, in *.txt. Run with
// FLOTILLA_RENEW=1 to write new answers; read them.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;

namespace {

const fs::path kFolder = fs::path(FLOTILLA_SOURCE_DIR) / "tests/cli/mistakes/bench";
const std::string kScenario = "../../own_machine/deployment.yaml";
const std::string kAt1 = "../../own_machine/at-1.json";
const std::string kAt8 = "../../own_machine/at-8.json";
const std::string kAt32 = "../../own_machine/at-32.json";

std::vector<std::string> mistakes() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What is said of results that nothing can be learnt from, having written nothing.
std::string refusal(const std::vector<std::string>& results, const std::string& scenario = kScenario,
                    const std::vector<std::string>& more = {}) {
  const Folder folder;
  std::vector<std::string> words{"calibrate", scenario, "-o", folder / "own.yaml"};
  for (const auto& result : results) words.insert(words.end(), {"--bench", result});
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = command(words, {.directory = kFolder});
  CHECK(outcome.code == 2);
  CHECK(outcome.out == "");
  CHECK(fs::is_empty(folder.path()));
  return outcome.err;
}

}  // namespace

TEST_CASE("each mistaken result is answered with its file and place, in words that help") {
  REQUIRE(mistakes().size() >= 25);
  for (const std::string& name : mistakes()) {
    CAPTURE(name);
    const auto said = refusal({kAt8, kAt32, name + ".json"});
    const auto golden = (kFolder / (name + ".txt")).string();
    if (renewing()) std::ofstream(golden) << said;
    CHECK(difference(contents(golden), said, 0) == "");
  }
}

TEST_CASE("too few measurements are refused, and what would be enough is said") {
  const std::string enough = "hint: give at least 3, at 2 or more concurrencies or rates: --bench FILE FILE FILE\n";
  CHECK(refusal({kAt8}) == kAt8 + ": 1 measurement at 1 load: too few to tell GPU time from host time\n" + enough);
  CHECK(refusal({kAt8, kAt32}) ==
        kAt32 + ": 2 measurements at 2 loads: too few to tell GPU time from host time\n" + enough);
  CHECK(refusal({kAt8, kAt8, kAt8}) ==
        kAt8 + ": 3 measurements at 1 load: too few to tell GPU time from host time\n" + enough);
}

TEST_CASE("a file that is no result is named") {
  CHECK(refusal({kAt8, kAt32, "gone.json"}) == "gone.json: no such file\n");
  CHECK(refusal({kAt8, kAt32, "."}) == ".: not a regular file\n");
}

TEST_CASE("measurements of several models are refused, and so is another model than the scenario's") {
  const auto said = refusal({kAt1, kAt8, kAt32}, kScenario, {"model=qwen3-8b"});
  CHECK(said == kAt1 +
                    ": model_id: 'meta-llama/Llama-3.1-8B-Instruct' was measured, the scenario's model is "
                    "qwen3-8b\nhint: to go on: model=llama-3.1-8b\n");
}

TEST_CASE("a load that the scenario's deployment cannot bear is refused at its file") {
  CHECK(contains(refusal({kAt1, kAt8, kAt32}, kScenario, {"serving[0].max_model_len=256"}), kAt1 + ": "));
}

TEST_CASE("a scenario of several serving groups is refused: measurements do not tell them apart") {
  const Folder folder;
  const auto two = folder.write("two.yaml", R"(name: two
model: llama-3.1-8b
fleet: {pools: [{name: own, system: hgx-h100, gpus: 3}]}
serving:
  - {pool: own, weights: bf16, tensor_parallel_size: 1, replicas: 1}
  - {pool: own, weights: bf16, tensor_parallel_size: 2, replicas: 1}
workload: {request_rate: inf, max_concurrency: 8, input_tokens: 512, output_tokens: 128, num_prompts: 64}
)");
  const auto said = refusal({kAt1, kAt8, kAt32}, two);
  CHECK(contains(said, "two.yaml:5:3: serving: several serving groups"));
}

TEST_CASE("options of tables do not go with --bench, nor an output that is read or a directory") {
  CHECK(contains(refusal({kAt8}, kScenario, {"--kernels"}), "belong to tables, not to --bench"));
  CHECK(contains(refusal({kAt8}, kScenario, {"--cell", "b200-hgx-vllm"}), "belong to tables, not to --bench"));
  CHECK(contains(command({"calibrate", "one.yaml", "two.yaml"}).err, "changes to a scenario need --bench"));
  const Folder folder;
  const auto own = folder.write("own.json", contents((kFolder / kAt8).string()));
  const Outcome same = command({"calibrate", kScenario, "--bench", own, "-o", own}, {.directory = kFolder});
  CHECK(same.code == 2);
  CHECK(contains(same.err, "would overwrite what is read"));
  CHECK(contents(own) == contents((kFolder / kAt8).string()));
  const Outcome into = command({"calibrate", kScenario, "--bench", own, "-o", folder.path()}, {.directory = kFolder});
  CHECK(into.code == 2);
  CHECK(contains(into.err, "is a directory"));
}

TEST_CASE("a scenario in the place of the tables is told what is missing") {
  const Outcome outcome = command({"calibrate", kScenario, "--leave-out", "tp"}, {.directory = kFolder});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "is no folder of tables"));
  CHECK(contains(outcome.err, "add --bench FILE"));
}

TEST_CASE("a file that cannot be written is a failed run that leaves nothing behind") {
  const Folder folder;
  const auto in_the_way = folder.write("file", "");
  const Outcome outcome = command(
      {"calibrate", kScenario, "--bench", kAt1, kAt8, kAt32, "-o", in_the_way + "/own.yaml"}, {.directory = kFolder});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, in_the_way));
  CHECK(outcome.out == "");
}
