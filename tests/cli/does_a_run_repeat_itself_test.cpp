// Same scenario and seed: the same bytes, whichever way the simulator walks and wherever the scenario is read again.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

struct Run {
  std::string said;
  std::string requests;
  nlohmann::ordered_json summary;  ///< without what may differ between two runs
};

/// Runs into a folder of its own, with few requests; `words` are further words of the command line.
Run run_into(const std::string& folder, const std::string& scenario, std::vector<std::string> words) {
  words.insert(words.begin(), {"run", scenario, "-o", folder, "--save-detailed"});
  const Outcome outcome = command(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.err == "");
  Run run{outcome.out, contents(folder + "/requests.csv"),
          nlohmann::ordered_json::parse(contents(folder + "/summary.json"))};
  run.summary.erase("date");
  run.summary["sim"].erase("wall_time_s");
  run.summary["sim"].erase("peak_rss_mb");
  return run;
}

/// Loads that stress what could differ: memory that runs out, a closed loop, a queue without end, a trace.
struct Case {
  std::string name;
  std::vector<std::string> words;
};
const std::vector<Case> kCases{{"migration/article-b200", {"workload.num_prompts=2000"}},
                               {"migration/article-h100", {"workload.num_prompts=500"}},
                               {"migration/h100", {"workload.num_prompts=500", "workload.request_rate=20"}},
                               {"migration/b200",
                                {"workload.num_prompts=500", "workload.input_tokens={uniform: [1, 3000]}",
                                 "workload.output_tokens={uniform: [1, 600]}", "router=random"}},
                               {"closed-loop/h100-tp2", {"workload.num_prompts=200"}},
                               {"trace/replay", {}}};

}  // namespace

TEST_CASE("twice with one seed: the same bytes in every file and on stdout") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Folder folder;
    const Run first = run_into(folder / "a", shipped(c.name), c.words);
    const Run second = run_into(folder / "b", shipped(c.name), c.words);
    CHECK(first.said == second.said);
    CHECK(first.requests == second.requests);
    CHECK(first.summary == second.summary);
    CHECK(contents(folder / "a/resolved.yaml") == contents(folder / "b/resolved.yaml"));
  }
}

TEST_CASE("what is listened to for timeseries.csv runs as what is not") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Folder folder;
    std::vector<std::string> words{"run", shipped(c.name)};
    words.insert(words.end(), c.words.begin(), c.words.end());
    CHECK(command(words).out == run_into(folder / "a", shipped(c.name), c.words).said);
  }
}

TEST_CASE("another seed: another run") {
  const Folder folder;
  const std::string scenario = shipped("migration/article-b200");
  const Run one = run_into(folder / "1", scenario, {"workload.num_prompts=500"});
  const Run two = run_into(folder / "2", scenario, {"workload.num_prompts=500", "--seed", "2"});
  CHECK(one.requests != two.requests);
  CHECK(one.said != two.said);
  CHECK(one.summary["sim"]["scenario_sha256"] != two.summary["sim"]["scenario_sha256"]);
  SUBCASE("--seed is the scenario's seed") {
    const Run assigned = run_into(folder / "3", scenario, {"workload.num_prompts=500", "seed=2"});
    CHECK(assigned.requests == two.requests);
    CHECK(assigned.summary == two.summary);
  }
}

TEST_CASE("walking through every decode step: the same bytes as jumping") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Folder folder;
    Run jumped = run_into(folder / "jumped", shipped(c.name), c.words);
    std::vector<std::string> words = c.words;
    words.push_back("--step-by-step");
    Run walked = run_into(folder / "walked", shipped(c.name), words);
    CHECK(jumped.said == walked.said);
    CHECK(jumped.requests == walked.requests);
    CHECK(walked.summary["sim"]["events"] >= jumped.summary["sim"]["events"]);
    jumped.summary["sim"].erase("events");
    walked.summary["sim"].erase("events");
    CHECK(jumped.summary == walked.summary);
  }
}

TEST_CASE("a resolved scenario runs to the same bytes, from any folder") {
  for (const Case& c : kCases) {
    CAPTURE(c.name);
    const Folder folder;
    const Run original = run_into(folder / "original", shipped(c.name), c.words);
    const Run again = run_into(folder / "again", folder / "original/resolved.yaml", {});
    CHECK(original.said == again.said);
    CHECK(original.requests == again.requests);
    CHECK(original.summary == again.summary);
    // A resolved scenario is complete: resolving it again changes nothing but where values come from.
    const Outcome twice = command({"check", folder / "again/resolved.yaml", "--resolved"});
    CHECK(twice.code == 0);
  }
}

TEST_CASE("a resolved scenario still finds the user's own files, and its hash follows what is in them") {
  const Folder folder;
  folder.write("mine/lengths.txt", "100\n200\n300\n");
  folder.write(
      "mine/price.yaml",
      "name: mine\nkind: own\ndate: 2026-01-01\nsource: \"our bill of January\"\nusd_per_gpu_hour: {h100-sxm: 2}\n");
  folder.write("mine/box.yaml", "name: box\nlike: hgx-h100\ngpus: 4\n");
  const std::string scenario = folder.write("mine/own.yaml", R"(name: own
model: llama-3.3-70b
fleet:
  pools: [{name: a, system: ./box.yaml, gpus: 4, price: ./price.yaml}]
serving: [{pool: a, weights: fp8, tensor_parallel_size: 2}]
workload: {request_rate: 5, num_prompts: 50, input_tokens: {empirical: lengths.txt}, output_tokens: 50}
)");
  const Run original = run_into(folder / "original", scenario, {});
  const Run again = run_into(folder / "original2", folder / "original/resolved.yaml", {});
  CHECK(original.requests == again.requests);
  CHECK(original.summary == again.summary);
  folder.write("mine/lengths.txt", "100\n200\n301\n");
  const Run changed = run_into(folder / "changed", scenario, {});
  CHECK(changed.summary["sim"]["scenario_sha256"] != original.summary["sim"]["scenario_sha256"]);
}

TEST_CASE("the rows of a run never go over the trace it replays") {
  const Folder folder;
  REQUIRE(command({"example", "trace"}, {.directory = folder.path()}).code == 0);
  const std::string before = contents(folder / "trace/requests.csv");
  const Outcome outcome =
      command({"run", "trace/replay.yaml", "-o", "trace", "--save-detailed"}, {.directory = folder.path()});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "the rows of this run would overwrite the trace, trace/requests.csv"));
  CHECK(contents(folder / "trace/requests.csv") == before);
}

TEST_CASE("a trace is never mistaken for the results beside the resolved scenario") {
  // Both are called requests.csv.
  const Folder folder;
  run_into(folder / "out", shipped("trace/replay"), {});
  CHECK(contains(contents(folder / "out/resolved.yaml"),
                 std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/trace/requests.csv"));
}
