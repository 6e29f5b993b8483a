// Does `flotilla decide` choose as one would by hand, and say what flips the choice?
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using Json = nlohmann::json;

namespace {

/// Short runs of the chat situation; two fleets of the same GPUs, one of them at a price of its own.
std::vector<std::string> chat(const std::string& price, const std::vector<std::string>& more) {
  std::vector<std::string> words{
      "decide",
      shipped("decisions/steady-chat-on-h100"),
      "workload.num_prompts=400",
      "workload.warmup=2s",
      "--fleet",
      "listed: fleet.pools[0].system=hgx-h200 fleet.pools[0].price={usd_per_gpu_hour: 3}",
      "--fleet",
      "other: fleet.pools[0].system=hgx-h200 fleet.pools[0].price={usd_per_gpu_hour: " + price + "}",
      "--slo",
      "p99_tpot_ms<=40",
      "--tp",
      "4",
      "--seeds",
      "2"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Json decided(const std::string& price, const std::vector<std::string>& more = {}) {
  const Folder folder;
  auto words = chat(price, more);
  words.insert(words.end(), {"-o", folder / "out"});
  const Outcome outcome = command(words);
  CHECK_MESSAGE(outcome.err == "", outcome.err);
  return Json::parse(contents(folder / "out/decision.json"));
}

}  // namespace

TEST_CASE("of equal fleets the cheaper wins, by the ratio of the prices, and nothing but the price flips it") {
  const Json d = decided("2");
  CHECK(d["contenders"][0]["name"] == "other");
  CHECK(d["contenders"][0]["gpus"] == d["contenders"][1]["gpus"]);
  CHECK(d["break_even"].get<double>() == doctest::Approx(1.5));  // 3 / 2
  CHECK(d["variations"].size() == 6);                            // load, prompts and answers, halved and doubled
  for (const Json& v : d["variations"]) {
    CHECK(v["winner"] == "other");
    CHECK(v["cost_ratio"].get<double>() == doctest::Approx(1));
  }
  // Two seeds have an interval, and the price is in it as in the mean.
  const Json& best = d["contenders"][0];
  CHECK(best["usd_interval"][0].get<double>() <= best["usd_per_million_useful_tokens"].get<double>());
  CHECK(best["usd_interval"][1].get<double>() >= best["usd_per_million_useful_tokens"].get<double>());
  CHECK(d["contenders"][1]["usd_per_million_useful_tokens"].get<double>() ==
        doctest::Approx(1.5 * best["usd_per_million_useful_tokens"].get<double>()));
  CHECK(decided("4")["contenders"][0]["name"] == "listed");
}

TEST_CASE("a hall bounds the GPUs: 1.73 kW for each, all-in") {
  const double gpus = decided("2")["contenders"][0]["gpus"].get<double>();
  const double kw = 1.73 * gpus;
  const Json roomy = decided("2", {"--hall", std::to_string(kw + 0.1) + "kW"});
  CHECK(roomy["contenders"][0]["feasible"] == true);
  CHECK(roomy["contenders"][0]["provisioned_kw"].get<double>() == doctest::Approx(kw));
  const Json narrow = decided("2", {"--hall", std::to_string(kw - 0.1) + "kW"});
  CHECK(narrow["contenders"][0]["feasible"] == false);
  CHECK(contains(narrow["contenders"][0]["binding"].get<std::string>(), "more than the hall's"));
  CHECK(contains(narrow["answer"].get<std::string>(), "none of these fleets"));
}

TEST_CASE("the matrix has a row for each decision, and says what is outside of what was calibrated") {
  const Folder folder;
  auto words = chat("2", {"-o", folder / "a"});
  REQUIRE(command(words).code == 0);
  const Outcome matrix = command({"decide", "--matrix", folder / "a"});
  REQUIRE(matrix.code == 0);
  CHECK(line_of(matrix.out, "| steady-chat-on-h100 | other | ") != "");
  const Json d = Json::parse(contents(folder / "a/decision.json"));
  const bool inside = d["contenders"][0]["envelope"]["inside"];
  CHECK(contains(matrix.out, inside ? "inside what was calibrated" : "outside what was calibrated"));
  CHECK(contains(command({"decide", "--matrix", folder.path().string()}).err, "decision.json"));
}

TEST_CASE("what cannot be a choice is refused") {
  CHECK(command({"decide"}).code == 2);
  CHECK(command(chat("2", {"--fleet", "nameless"})).code == 2);
  CHECK(command(chat("2", {"--hall", "40"})).code == 2);
  CHECK(contains(command(chat("2", {"--fleet", "b200: fast"})).err, "'fast' of fleet b200 is no key=value"));
  CHECK(contains(command(chat("2", {"--fleet", "b200: "})).err, "changes nothing"));
}
