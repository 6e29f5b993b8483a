// Files of results that come back, changed by another release or by a hand: a message in Flotilla's own form, with
// file, line, column, path and hint, and no page.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using Json = nlohmann::ordered_json;

namespace {

/// A run, a sizing, a comparison and a decision, each in a folder of its own.
class Results {
 public:
  Results() {
    make("run", {"run", shipped("migration/b200"), "-q"});
    make("size", {"size", shipped("migration/b200"), "--slo", "p99_tpot_ms<=40", "--tp", "2"});
    make("compare", {"compare", shipped("migration/b200"), shipped("migration/h200"), "--seeds", "2"});
    make("decide", {"decide", shipped("migration/b200"), "--fleet", "b200: fleet.pools[0].system=hgx-b200", "--slo",
                    "p99_tpot_ms<=40", "--tp", "2", "--seeds", "2"});
  }

  [[nodiscard]] std::string text(const std::string& file) const { return contents(folder_ / file); }
  /// The answer to a report, of the folder of `file`, in which stands this for the while.
  [[nodiscard]] Outcome report_with(const std::string& file, const std::string& text) const {
    const std::string before = contents(folder_ / file);
    folder_.write(file, text);
    const Outcome outcome =
        command({"report", file.substr(0, file.find('/')), "-o", "report.html"}, {.directory = folder_.path()});
    CHECK(std::filesystem::exists(folder_ / "report.html") == (outcome.code == 0));
    std::filesystem::remove(folder_ / "report.html");
    folder_.write(file, before);
    return outcome;
  }
  [[nodiscard]] Outcome matrix() const {
    return command({"decide", "--matrix", "decide"}, {.directory = folder_.path()});
  }
  void write(const std::string& file, const std::string& text) const { folder_.write(file, text); }

 private:
  void make(const char* name, std::vector<std::string> words) const {
    words.insert(words.end(),
                 {"workload.num_prompts=500", "workload.request_rate=5", "workload.warmup=0s", "-o", folder_ / name});
    const Outcome outcome = command(words);
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  }

  Folder folder_;
};

const std::vector<std::string> kFiles{"run/summary.json", "run/distributions.json", "size/size.json",
                                      "compare/compare.json", "decide/decision.json"};

/// file:line:column: path: message, the line with a caret, a hint; and nothing in a library's words.
void check_form(const Outcome& outcome, const std::string& file) {
  CAPTURE(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out == "");
  static const std::regex place(R"(^[^:]+:\d+:\d+: \S.*\n.*\n\s*\^\nhint: .+\n$)");
  CHECK(outcome.err.starts_with(file + ":"));
  CHECK(std::regex_search(outcome.err, place));
  CHECK_FALSE(contains(outcome.err, "json.exception"));
}

/// Pointers to about so many of the values, leaves and others, spread over the file.
std::vector<std::string> some_values(const Json& json, std::size_t count) {
  std::vector<std::string> all;
  const std::function<void(const Json&, const std::string&)> walk = [&](const Json& value, const std::string& at) {
    if (!at.empty()) all.push_back(at);
    if (value.is_structured()) {
      for (const auto& [key, inner] : value.items()) walk(inner, at + "/" + key);
    }
  };
  walk(json, "");
  std::vector<std::string> some;
  const std::size_t step = std::max<std::size_t>(1, all.size() / count);
  for (std::size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

}  // namespace

TEST_CASE("results that are cut, empty, something else or nested to hurt are told with their place") {
  const Results results;
  for (const std::string& file : kFiles) {
    const std::string good = results.text(file);
    CHECK(results.report_with(file, good).code == 0);
    const std::string deep(100'000, '[');
    for (const std::string& bad :
         {good.substr(0, good.size() / 2), std::string("{}"), std::string("{\"version\": 3}")}) {
      CAPTURE(bad.substr(0, 20));
      const Outcome outcome = results.report_with(file, bad);
      CHECK_FALSE(contains(outcome.err, "json.exception"));
      CHECK(outcome.err.starts_with(file + ":"));
      CHECK(outcome.code == 2);
    }
    check_form(results.report_with(file, "{}"), file);
    CHECK(contains(results.report_with(file, "{\"a\": " + deep).err, file + ":1:70: nested more than 64 deep"));
    CHECK(results.report_with(file, "[]").code == 2);
    CHECK(results.report_with(file, "").code == 2);
  }
}

TEST_CASE("any value of another type is told at its place, or does not matter") {
  const Results results;
  for (const std::string& file : kFiles) {
    const Json good = Json::parse(results.text(file));
    std::size_t told = 0;
    for (const std::string& pointer : some_values(good, 40)) {
      CAPTURE(file);
      CAPTURE(pointer);
      Json bad = good;
      bad[Json::json_pointer(pointer)] = Json::array({Json::object()});
      const Outcome outcome = results.report_with(file, bad.dump(2));
      if (outcome.code == 0) continue;
      ++told;
      check_form(outcome, file);
    }
    CHECK(told > 5);
  }
}

TEST_CASE("the place is that of the value, also where its key stands elsewhere before") {
  const Results results;
  Json json = Json::parse(results.text("compare/compare.json"));
  json["scenarios"][1]["gpus"] = "eight";
  const std::string text = json.dump(2);
  const std::size_t at = text.find("\"eight\"");
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const auto column = at - text.rfind('\n', at);
  const Outcome outcome = results.report_with("compare/compare.json", text);
  CHECK_MESSAGE(
      contains(outcome.err, fmt::format("compare/compare.json:{}:{}: scenarios[1].gpus: not of the right type: "
                                        "this is not a comparison\n",
                                        line, column)),
      outcome.err);
  json = Json::parse(results.text("size/size.json"));
  json["candidates"][0].erase("binding");
  CHECK(contains(results.report_with("size/size.json", json.dump(2)).err,
                 "candidates[0].binding: missing: this is not a sizing\n"));
}

TEST_CASE("a decision whose texts a terminal would obey is refused, and one that is none is told") {
  const Results results;
  const std::string good = results.text("decide/decision.json");
  CHECK(results.matrix().code == 0);
  Json json = Json::parse(good);
  json["contenders"][0]["name"] = "a\x1b[31m";
  results.write("decide/decision.json", json.dump(2));
  const Outcome evil = results.matrix();
  CHECK(contains(evil.err, "contenders[0].name: a control character or a line end: this is not a decision\n"));
  CHECK_FALSE(contains(evil.err + evil.out, "\x1b"));
  check_form(evil, "decide/decision.json");
  results.write("decide/decision.json", "{}");
  check_form(results.matrix(), "decide/decision.json");
}

TEST_CASE("what decide misses it shows by an example, which works") {
  const Outcome neither = command({"decide", shipped("migration/b200")});
  CHECK(neither.code == 2);
  CHECK(contains(neither.err, "flotilla decide: --fleet and --slo are missing; for example\n  --fleet '"));
  const Outcome fleet = command({"decide", shipped("migration/b200"), "--slo", "p99_tpot_ms<=40"});
  CHECK(fleet.code == 2);
  CHECK(contains(fleet.err, "--fleet is missing"));
  CHECK_FALSE(contains(fleet.err, "\n  --slo"));
  // As it stands there, in a shell.
  const std::string example = neither.err.substr(neither.err.find("--fleet '"));
  const Folder folder;
  std::string words = example;
  std::replace(words.begin(), words.end(), '\n', ' ');
  const Outcome copied =
      shell(folder, "$FLOTILLA decide '" + shipped("migration/b200") +
                        "' workload.num_prompts=500 workload.request_rate=5 --tp 2 --seeds 1 " + words);
  CHECK_MESSAGE(copied.code == 0, copied.err);
  CHECK(copied.out != "");
}
