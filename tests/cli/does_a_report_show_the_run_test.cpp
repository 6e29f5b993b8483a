// `flotilla report` as typed: one file that holds the run and needs nothing else, and mistakes told at their place.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using Json = nlohmann::ordered_json;

namespace {

std::string run(const Folder& folder, const std::string& name, std::vector<std::string> words = {}) {
  words.insert(words.begin(), {"run", shipped("migration/b200"), "-q", "-o", folder / name, "workload.num_prompts=300",
                               "workload.request_rate=5", "workload.warmup=0s"});
  const Outcome outcome = command(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return folder / name;
}

/// What the page's script reads.
Json data_of(const std::string& html) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = html.find(start) + start.size();
  return Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// compare.json of two scenarios over two seeds.
std::string compared(const Folder& folder, const std::string& name) {
  const Outcome outcome =
      command({"compare", shipped("migration/h100"), shipped("migration/b200"), "workload.num_prompts=300",
               "workload.request_rate=5", "workload.warmup=0s", "--seeds", "2", "-q", "-o", folder / name});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return folder / (name + "/compare.json");
}

Outcome report(std::vector<std::string> words) {
  words.insert(words.begin(), "report");
  return command(words);
}

}  // namespace

TEST_CASE("a report holds the summary, the curves, the scenario and what every figure means") {
  const Folder folder;
  const std::string directory = run(folder, "a");
  const Outcome outcome = report({directory, "-o", folder / "report.html"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(outcome.out == (folder / "report.html") + "\n");
  const std::string html = contents(folder / "report.html");
  CHECK_FALSE(contains(html, "<script src="));
  const Json data = data_of(html);
  REQUIRE(data.at("runs").size() == 1);
  const Json& shown = data.at("runs")[0];
  CHECK(shown.at("name") == "b200");
  CHECK(shown.at("summary") == Json::parse(contents(directory + "/summary.json")));
  CHECK(shown.at("curves") == Json::parse(contents(directory + "/distributions.json")));
  CHECK(shown.at("timeseries") == contents(directory + "/timeseries.csv"));
  CHECK(shown.at("resolved") == contents(directory + "/resolved.yaml"));
  CHECK(data.at("definitions").size() > 100);
}

TEST_CASE("distributions.json runs through the percentiles of summary.json") {
  const Folder folder;
  const std::string directory = run(folder, "a");
  const Json summary = Json::parse(contents(directory + "/summary.json"));
  const Json curves = Json::parse(contents(directory + "/distributions.json"));
  const auto at = [&](double percent) {
    for (std::size_t i = 0; i < curves.at("percent").size(); ++i)
      if (curves.at("percent")[i] == percent) return i;
    FAIL("no such percent");
    return std::size_t{0};
  };
  for (const std::string metric : {"ttft", "tpot", "itl", "e2el"}) {
    const Json& values = curves.at(metric + "_ms");
    CHECK(values[at(50)] == summary.at("p50_" + metric + "_ms"));
    CHECK(values[at(90)] == summary.at("p90_" + metric + "_ms"));
    CHECK(values[at(99)] == summary.at("p99_" + metric + "_ms"));
  }
}

TEST_CASE("timeseries.csv adds up to the totals of summary.json") {
  const Folder folder;
  const std::string directory = run(folder, "a");
  const Json summary = Json::parse(contents(directory + "/summary.json"));
  std::istringstream rows(contents(directory + "/timeseries.csv"));
  std::string line;
  std::getline(rows, line);
  CHECK(line ==
        "time_s,interval_s,pool,arrivals,completions,running,waiting,kv_cache_usage,output_tok_s,prefill_tok_s,busy,"
        "kv_sent_bytes_s,kv_received_bytes_s,busiest_link,watts");
  double arrivals = 0, completions = 0, output = 0, prefill = 0, busy = 0, time = 0;
  while (std::getline(rows, line)) {
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream fields(line);
    double begin, length, arrived, completed, running, waiting, kv, output_rate, prefill_rate, share;
    std::string pool;
    fields >> begin >> length >> pool >> arrived >> completed >> running >> waiting >> kv >> output_rate >>
        prefill_rate >> share;
    REQUIRE(!fields.fail());
    CHECK(pool == "chat");
    arrivals += arrived;
    completions += completed;
    output += length * output_rate;
    prefill += length * prefill_rate;
    busy += length * share;
    time += length;
  }
  CHECK(arrivals == 300);
  CHECK(completions == summary.at("completed"));
  CHECK(output == doctest::Approx(summary.at("total_output_tokens").get<double>()));
  CHECK(prefill == doctest::Approx(summary.at("total_input_tokens").get<double>()));
  CHECK(time == doctest::Approx(summary.at("duration").get<double>()));
  CHECK(busy / time == doctest::Approx(summary.at("pools")[0].at("utilization").get<double>()));
}

TEST_CASE("timeseries.csv: what prefill sends is what decode receives, and no link is busier than the busiest") {
  const Folder folder;
  const Outcome outcome = command({"run", shipped("fabric/hgx-prefill-nvl72-decode"), "workload.num_prompts=600", "-q",
                                   "workload.warmup=0s", "-o", folder / "out"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const auto summary = nlohmann::json::parse(contents(folder / "out/summary.json"));
  std::istringstream rows(contents(folder / "out/timeseries.csv"));
  std::string line;
  std::getline(rows, line);
  CHECK(line.ends_with(",kv_sent_bytes_s,kv_received_bytes_s,busiest_link,watts"));
  double sent = 0, received = 0, busiest = 0, back = 0;
  while (std::getline(rows, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() == 15);
    const bool prefill = cells[2] == "prefill";
    const double length = std::stod(cells[1]);
    (prefill ? sent : back) += length * std::stod(cells[11]);
    (prefill ? back : received) += length * std::stod(cells[12]);
    busiest = std::max(busiest, std::stod(cells[13]));
  }
  const double bytes = summary["kv_transfers"]["bytes"];
  CHECK(sent == doctest::Approx(bytes).epsilon(1e-4));
  CHECK(received == doctest::Approx(bytes).epsilon(1e-4));
  CHECK(back == 0);
  double peak = 0;
  for (const auto& link : summary["links"]) peak = std::max(peak, link["peak_utilization"].get<double>());
  CHECK(busiest > 0);
  CHECK(busiest <= 1.001 * peak);
}

TEST_CASE("runs of one name are told apart by their directories") {
  const Folder folder;
  const std::string a = run(folder, "a");
  const std::string b = run(folder, "b", {"seed=2"});
  const std::string c = run(folder, "c", {"name=other"});
  REQUIRE(report({a, b, "-o", folder / "same.html"}).code == 0);
  CHECK(data_of(contents(folder / "same.html")).at("runs")[1].at("name") == b);
  REQUIRE(report({a, c, "-o", folder / "other.html"}).code == 0);
  CHECK(data_of(contents(folder / "other.html")).at("runs")[1].at("name") == "other");
}

TEST_CASE("a name that is HTML stays a name") {
  const Folder folder;
  const std::string directory = run(folder, "a", {"name=\"</script><b>\""});
  REQUIRE(report({directory, "-o", folder / "report.html"}).code == 0);
  const std::string html = contents(folder / "report.html");
  CHECK(count(html, "</script><b>") == 0);
  CHECK(contains(html, "<title>Flotilla: &lt;/script&gt;&lt;b&gt;</title>"));
  CHECK(data_of(html).at("runs")[0].at("name") == "</script><b>");
}

TEST_CASE("a sweep is shown by its database: every point that was done, the frontier, what failed") {
  const Folder folder;
  const std::string database = folder / "sweep.db";
  command({"sweep", shipped("closed-loop/h100-tp2"), "workload.num_prompts=20", "workload.max_concurrency=4", "-q",
           "serving[0].tensor_parallel_size,fleet.pools[0].gpus=1:1,2:2,4:4", "-o", database});
  REQUIRE(report({database, "-o", folder / "report.html"}).code == 0);
  const Json data = data_of(contents(folder / "report.html"));
  CHECK(data.at("asked") == 3);
  CHECK(data.at("done") == 2);
  REQUIRE(data.at("failed").size() == 1);  // 70 billion parameters do not fit on one H100
  CHECK(data.at("failed")[0].at("point") == 0);
  REQUIRE(data.at("loads").size() == 1);
  CHECK(data.at("loads")[0].at("points").size() == 2);
  // More GPUs: faster for the user, less from each GPU. Neither beats the other, and the faster stands first.
  CHECK(data.at("loads")[0].at("frontier") == Json({2, 1}));
  const Outcome mixed = report({database, folder.path().string()});
  CHECK(mixed.code == 2);
  CHECK(contains(mixed.err, "give directories of runs and sizings, one comparison, or one database of a sweep"));
}

TEST_CASE("of a sweep, points that saturate are shown apart from those that have not run") {
  const Folder folder;
  const std::string database = folder / "half.db";
  // A GPU each is too slow for 20 requests a second, four together are not. The other share has not run.
  REQUIRE(command({"sweep", shipped("migration/h100"), "workload.num_prompts=20000", "workload.warmup=5s", "-q",
                   "workload.request_rate=20", "serving[0].tensor_parallel_size=1,2,4,8", "--points", "1/2", "-o",
                   database})
              .code == 0);
  REQUIRE(report({database, "-o", folder / "report.html"}).code == 0);
  const Json data = data_of(contents(folder / "report.html"));
  REQUIRE(data.at("loads").size() == 1);
  const Json& load = data.at("loads")[0];
  REQUIRE(load.at("saturated_points").size() == 1);
  CHECK(load.at("saturated_points")[0].at("values") == Json({"1"}));
  REQUIRE(load.at("points").size() == 1);
  CHECK(load.at("points")[0].at("values") == Json({"4"}));
  CHECK(data.at("missing") == Json({{"2"}, {"8"}}));
}

TEST_CASE("a comparison is shown by its directory or its file: the terminal's sentences, and how to make it again") {
  const Folder folder;
  const std::string file = compared(folder, "a");
  REQUIRE(report({folder / "a", "-o", folder / "a.html"}).code == 0);
  REQUIRE(report({file, "-o", folder / "b.html"}).code == 0);
  const std::string html = contents(folder / "a.html");
  CHECK(html == contents(folder / "b.html"));
  CHECK(contains(html, "<title>Flotilla: b200 against h100</title>"));
  const Json data = data_of(html), stored = Json::parse(contents(file));
  for (const char* key : {"scenarios", "differences", "metrics", "notes", "basis", "seeds"})
    CHECK(nlohmann::json(data.at(key)) == nlohmann::json(stored.at(key)));
  CHECK(data.at("command") == "flotilla compare " + shipped("migration/h100") + " " + shipped("migration/b200") +
                                  " workload.num_prompts=300 workload.request_rate=5 workload.warmup=0s --seeds 2");
  const Outcome two = report({folder / "a", folder / "a"});
  CHECK(two.code == 2);
  CHECK(
      contains(two.err, "a is a comparison\n  give directories of runs and sizings, one comparison, or one database"));
}

TEST_CASE("a mistake in a comparison is told at its place, and nothing is written") {
  const Folder folder;
  const std::string file = compared(folder, "a");
  const Json good = Json::parse(contents(file));
  const auto refused = [&](const std::string& text) {
    folder.write("a/compare.json", text);
    const Outcome outcome = report({folder / "a", "-o", folder / "report.html"});
    CHECK(outcome.code == 2);
    CHECK_FALSE(std::filesystem::exists(folder / "report.html"));
    return outcome.err;
  };
  const auto with = [&](const char* pointer, const Json& value) {
    Json json = good;
    json[Json::json_pointer(pointer)] = value;
    return json.dump(2);
  };
  CHECK(contains(refused(good.dump(2).substr(0, 300)), "a/compare.json:"));
  CHECK(contains(refused("[]"), "a/compare.json:1:1: a JSON object is expected"));
  CHECK(contains(refused("{}"), "a/compare.json:1:1: level: missing: this is not a comparison"));
  CHECK(contains(refused(with("/seeds", Json::array())), "seeds: an empty list: this is not a comparison"));
  CHECK(contains(refused(with("/notes", "none")), "notes: not of the right type"));
  CHECK(contains(refused(with("/metrics/0/name", 3)), "name: not of the right type"));
  CHECK(contains(refused(with("/scenarios/1/metrics/mean_ttft_ms/values", Json::array({1}))),
                 "values: not one for each of the seeds"));
  CHECK(contains(refused(with("/scenarios/1/metrics/mean_ttft_ms/values", Json::array({1, "2"}))),
                 "values: not a list of numbers"));
  CHECK(contains(refused(with("/scenarios/0/metrics/speed", Json::object())), "speed: not one of the `metrics`"));
  CHECK(contains(refused(with("/differences", Json::array())), "differences: not one for each of the scenarios"));
  CHECK(contains(refused(with("/differences/0/relative/mean_ttft_ms/interval", Json::array({1}))),
                 "interval: not of the right type"));
  CHECK(contains(refused(with("/differences/0/relative/mean_ttft_ms/mean", nullptr)), "mean: not of the right type"));
  const Outcome nowhere = report({folder / "nowhere.json"});
  CHECK(nowhere.code == 2);
  // The summary of a run, given as a file, is no comparison; the hint says what to give.
  const std::string run_of = run(folder, "b");
  const Outcome summary = report({run_of + "/summary.json", "-o", folder / "report.html"});
  CHECK(summary.code == 2);
  CHECK(contains(summary.err, "this is not a comparison"));
  CHECK(contains(summary.err, "A run is shown by its directory"));
}

TEST_CASE("a mistake is told at its place, and nothing is written") {
  const Folder folder;
  const std::string html = folder / "report.html";
  const auto refused = [&](const std::string& directory) {
    const Outcome outcome = report({directory, "-o", html});
    CHECK(outcome.code == 2);
    CHECK_FALSE(std::filesystem::exists(html));
    return outcome.err;
  };
  CHECK(contains(refused(folder / "nowhere"), "nowhere: no such directory"));
  CHECK(contains(refused(folder.path().string()), "summary.json: no such file"));
  const std::string directory = run(folder, "a");
  const std::string summary = contents(directory + "/summary.json");
  const std::string curves = contents(directory + "/distributions.json");
  folder.write("a/summary.json", summary.substr(0, 200));
  CHECK(contains(refused(directory), "a/summary.json:"));
  folder.write("a/summary.json", "{\"duration\": 3}");
  CHECK(contains(refused(directory), "not the summary of a run"));
  folder.write("a/summary.json", summary);
  folder.write("a/distributions.json", R"({"percent": [0, 100], "ttft_ms": [1]})");
  CHECK(contains(refused(directory), "ttft_ms: not a list of as many numbers"));
  folder.write("a/distributions.json", curves);
  folder.write("a/timeseries.csv", "time,pool\n");
  CHECK(contains(refused(directory), "a/timeseries.csv:1:1: the first line should be time_s,interval_s,pool"));
}

TEST_CASE("sizings are shown by their directories, runs beside them, and what is no sizing is told at its file") {
  const Folder folder;
  REQUIRE(command({"size", shipped("migration/h200"), "--slo", "p99_ttft_ms<=2000", "--tp", "2,4",
                   "workload.num_prompts=2000", "workload.request_rate=10", "-o", folder / "sized"})
              .code == 0);
  const std::string beside = run(folder, "a");
  const Outcome outcome = command({"report", folder / "sized", beside, "-o", folder / "study.html"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const Json data = data_of(contents(folder / "study.html"));
  CHECK(data["sizings"].size() == 1);
  CHECK(data["sizings"][0]["name"] == "sized");
  CHECK(data["sizings"][0]["command"].get<std::string>().starts_with("flotilla size " + shipped("migration/h200")));
  CHECK(data["sizings"][0]["sizing"]["candidates"][0]["status"] == "feasible");
  CHECK(data["runs"].size() == 1);
  for (const auto& [text, says] : std::vector<std::pair<std::string, std::string>>{
           {"{", "size.json:1:2: "}, {"[]", "a JSON object is expected"}, {"{\"version\": 3}", "not a sizing"}}) {
    std::filesystem::create_directory(folder / "wrong");
    folder.write("wrong/size.json", text);
    const Outcome wrong = command({"report", folder / "wrong", "-o", folder / "none.html"});
    CHECK(wrong.code == 2);
    CHECK_MESSAGE(contains(wrong.err, says), wrong.err);
    CHECK(!std::filesystem::exists(folder / "none.html"));
  }
}
