// `flotilla compare` as typed: the answer first, compare.json, and mistakes told before anything runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using Json = nlohmann::ordered_json;

namespace {

std::vector<std::string> words(const std::vector<std::string>& more) {
  std::vector<std::string> all{"compare",
                               shipped("migration/h100"),
                               shipped("migration/b200"),
                               "workload.num_prompts=300",
                               "workload.request_rate=5",
                               "workload.warmup=0s",
                               "--seeds",
                               "3"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("the first line says who is better, and a line per figure by how much") {
  const Outcome outcome = command(words({}));
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.out.rfind("b200 against h100: better on mean TTFT", 0) == 0);
  CHECK(contains(outcome.out, "3 seeds, the same requests for all, 95 % intervals.\n"));
  CHECK(contains(line_of(outcome.out, "  better      mean TPOT"), " % [-"));
  CHECK(outcome.err == "");
}

TEST_CASE("compare.json holds every seed, and is the same however many run at once") {
  const Folder folder;
  REQUIRE(command(words({"-q", "-j", "1", "-o", folder / "one"})).code == 0);
  REQUIRE(command(words({"-q", "-j", "3", "-o", folder / "three"})).code == 0);
  const std::string text = contents(folder / "one/compare.json");
  CHECK(text == contents(folder / "three/compare.json"));
  const Json json = Json::parse(text);
  CHECK(json.at("seeds") == Json({1, 2, 3}));
  CHECK(json.at("scenarios").size() == 2);
  const Json& mean = json.at("scenarios")[1].at("metrics").at("mean_ttft_ms");
  REQUIRE(mean.at("values").size() == 3);
  const double a = json.at("scenarios")[0].at("metrics").at("mean_ttft_ms").at("values")[0];
  const double b = mean.at("values")[0];
  CHECK(b < a);
  const Json& difference = json.at("differences")[0].at("relative").at("mean_ttft_ms");
  CHECK(difference.at("better") == true);
  CHECK(difference.at("interval")[0] <= difference.at("mean"));
}

TEST_CASE("compare.json says what the terminal says, and what was run") {
  const Folder folder;
  const Outcome outcome = command(words({"-o", folder / "out"}));
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const Json json = Json::parse(contents(folder / "out/compare.json"));
  const Json& difference = json.at("differences")[0];
  const std::string answer = difference.at("answer"), basis = json.at("basis");
  CHECK(outcome.out.rfind(answer + "\n" + basis + "\n", 0) == 0);
  const Json& tpot = difference.at("relative").at("mean_tpot_ms");
  CHECK(tpot.at("judgement") == "better");
  CHECK(line_of(outcome.out, "  better      mean TPOT") ==
        "  better      mean TPOT          " + tpot.at("text").get<std::string>());
  CHECK(json.at("overrides") == Json({"workload.num_prompts=300", "workload.request_rate=5", "workload.warmup=0s"}));
  CHECK(json.at("notes") == Json::array());
  // Each figure with its definition, in the order of the terminal.
  CHECK(json.at("metrics")[0].at("key") == "mean_ttft_ms");
  CHECK(json.at("metrics")[0].at("unit") == "ms");
  CHECK(contains(json.at("metrics")[0].at("definition"), "first token - arrival"));
  CHECK(json.at("metrics").size() >= difference.at("relative").size());
}

TEST_CASE("what is noted below the figures is in compare.json, and one seed claims no intervals") {
  const Folder folder;
  const Outcome outcome = command(
      {"compare", shipped("closed-loop/h100-tp2"), shipped("trace/replay"), "--seeds", "1", "-o", folder / "out"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const Json json = Json::parse(contents(folder / "out/compare.json"));
  const std::string note = "these are not the same requests: the scenarios differ in their workloads, too";
  const auto notes = json.at("notes").get<std::vector<std::string>>();
  CHECK(std::find(notes.begin(), notes.end(), note) != notes.end());
  CHECK(contains(outcome.out, "note: " + note + "\n"));
  CHECK(json.at("basis") == "1 seed, and so no intervals.");
  // Without a promise there is no goodput, and a mean of what is not there is none.
  for (const auto& [key, metric] : json.at("scenarios")[0].at("metrics").items()) CHECK(metric.at("mean").is_number());
}

TEST_CASE("a mistake is told before anything runs") {
  const Outcome typo = command({"compare", shipped("migration/h100"), shipped("migration/b200"), "workload.rate=5"});
  CHECK(typo.code == 2);
  CHECK(contains(typo.err, "unknown key 'rate'"));
  CHECK(command({"compare", "seed=1"}).err == "flotilla compare: which scenarios?\n");
}

TEST_CASE("an interrupted comparison writes nothing") {
  const Folder folder;
  const Outcome outcome = command({"compare", shipped("closed-loop/h100-tp2"), shipped("closed-loop/h100-tp2"),
                                   "workload.num_prompts=2000000", "-o", folder / "out"},
                                  {.interrupt_after_s = 0.5});
  CHECK(outcome.code == 130);
  CHECK(outcome.err == "stopped before its end: nothing was written\n");
  CHECK_FALSE(std::filesystem::exists(folder / "out/compare.json"));
}
