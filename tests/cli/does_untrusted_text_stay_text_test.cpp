// Names that are markup, formulas, commands or paths stay names wherever they are shown, and no file decides where
// another is written.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

const std::string kName = R"(</script><img src=x onerror=alert(1)>"'<!-- ../../up)";
const std::string kPool = R"(=1+1,"p"<b>)";
const std::string kFormula = R"_(=HYPERLINK("http://x","y"))_";

std::string hostile() {
  return fmt::format(
      "name: {0}\nmodel: llama-3.3-70b\n"
      "fleet: {{pools: [{{name: {1}, system: hgx-b200, gpus: 1, price: spheron-on-demand}}]}}\n"
      "serving: [{{pool: {1}, engine: vllm, weights: nvfp4, kv_cache_dtype: fp8, tensor_parallel_size: 1}}]\n"
      "workload:\n  tenants:\n"
      "    - {{name: {2}, request_rate: 5, input_tokens: 100, output_tokens: 20, num_prompts: 50}}\n"
      "    - {{name: '-2+3', request_rate: 5, input_tokens: 100, output_tokens: 20, num_prompts: 50}}\n"
      "    - {{name: '/etc/passwd', request_rate: 5, input_tokens: 100, output_tokens: 20, num_prompts: 50}}\n",
      Json(kName).dump(), Json(kPool).dump(), Json(kFormula).dump());
}

/// What a report's page reads.
Json data_of(const std::string& html) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = html.find(start) + start.size();
  return Json::parse(html.substr(from, html.find("</script>", from) - from));
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("names that are markup, formulas or paths: in reports, CSV files and drawings they are names") {
  const Folder folder;
  const std::string scenario = folder.write("in/hostile.yaml", hostile());
  fs::create_directory(folder / "here");
  const Outcome run = command({"run", scenario, "-o", "out", "--save-detailed", "--trace", "out/drawn.json"},
                              {.directory = folder / "here"});
  REQUIRE_MESSAGE(run.code == 0, run.err);
  REQUIRE(command({"report", "out", "-o", "report.html"}, {.directory = folder / "here"}).code == 0);
  // Nothing was written but where it was asked for.
  CHECK(names_in(folder.path()) == std::vector<std::string>{"here", "in"});
  CHECK(names_in(folder / "in") == std::vector<std::string>{"hostile.yaml"});
  CHECK(names_in(folder / "here") == std::vector<std::string>{"out", "report.html"});

  const std::string html = contents(folder / "here/report.html");
  CHECK_FALSE(contains(html, "</script><img"));
  CHECK_FALSE(contains(html, "<!-- .."));
  const Json run_data = data_of(html).at("runs")[0];
  CHECK(run_data.at("name") == kName);
  CHECK(run_data.at("summary").at("tenants")[0].at("name") == kFormula);

  const std::string rows = contents(folder / "here/out/requests.csv");
  CHECK(contains(rows, R"_(,"'=HYPERLINK(""http://x"",""y"")")_"
                       "\n"));
  CHECK(contains(rows, ",'-2+3\n"));
  CHECK_FALSE(contains(rows, ",-2+3\n"));
  CHECK(contains(contents(folder / "here/out/timeseries.csv"), R"(,"'=1+1,""p""<b>",)"));

  const Json drawn = Json::parse(contents(folder / "here/out/drawn.json"));
  CHECK(drawn.at("otherData").at("scenario") == kName);
  CHECK(contains(drawn.at("traceEvents")[0].at("args").at("name").get<std::string>(), kPool));
}

TEST_CASE("a sweep's figures as CSV: numbers stay numbers, formulas do not stay formulas") {
  const Folder folder;
  const Outcome sweep = command({"sweep", shipped("closed-loop/h100-tp2"), "workload.num_prompts=5",
                                 R"(name="=cmd|' /C calc'!A0",-5,plain)", "-q", "-o", folder / "sweep.db", "--csv",
                                 folder / "sweep.csv"});
  REQUIRE_MESSAGE(sweep.code == 0, sweep.err);
  const std::string csv = contents(folder / "sweep.csv");
  CHECK(contains(csv, "\n1,-5,done,"));
  CHECK(contains(csv, "\n2,plain,done,"));
  CHECK_FALSE(contains(csv, "\n0,=cmd"));
  CHECK(contains(csv, "cmd|' /C calc'!A0"));
}

TEST_CASE("what a terminal would obey is refused in a scenario, and shown as text in a message") {
  const Folder folder;
  for (const std::string& evil :
       {std::string(R"("a\e[31m")"), std::string(R"("a\nall is well")"), std::string(R"("a\x7f")")}) {
    const Outcome outcome = command({"check", shipped("trace/replay"), "name=" + evil});
    CAPTURE(evil);
    CHECK(outcome.code == 2);
    CHECK(outcome.out == "");
    CHECK(contains(outcome.err, "name: a control character or a line end in '"));
    CHECK_FALSE(contains(outcome.err, "\x1b"));
  }
  const Outcome file = command({"check", "no\x1b[31m.yaml"});
  CHECK(file.code == 2);
  CHECK(contains(file.err, "no\\x1b[31m.yaml"));
  CHECK_FALSE(contains(file.err, "\x1b"));
}

namespace {

/// A file of the catalogue, with one of its lines, known by how it begins, as somebody else wrote it.
std::string with_line(const std::string& file, const std::string& start, const std::string& line) {
  const std::string text = contents(std::string(FLOTILLA_SOURCE_DIR) + "/" + file);
  const std::size_t from = ("\n" + text).find("\n" + start);
  REQUIRE(from != std::string::npos);
  return text.substr(0, from) + line + text.substr(text.find('\n', from));
}

/// What a file of one's own may be, how a command reads it, and where it holds text.
struct Own {
  std::string file;
  std::vector<std::string> command;
  std::vector<std::string> texts;
};

std::vector<Own> own_files() {
  const std::string scenario = shipped("trace/replay");
  const auto check = [&](const std::string& key) {
    return std::vector<std::string>{"check", scenario, key + "=own.yaml"};
  };
  return {{"models/catalog/gpus/h100-sxm.yaml",
           {"bounds", "--model", "llama-3.3-70b", "--gpu", "own.yaml", "--weights", "fp8"},
           {"name: ", "title: ", "generation: ", "hbm_bandwidth: {value: 3.35TBps, source: "}},
          {"models/catalog/llms/llama-3.3-70b.yaml", check("model"), {"name: ", "source: ", "architecture: "}},
          {"topologies/catalog/systems/hgx-h100.yaml",
           check("fleet.pools[0].system"),
           {"name: ", "title: ", "gpus: {value: 8, source: "}},
          {"topologies/catalog/fabrics/ib-ndr-rail.yaml",
           check("fleet.fabric"),
           {"name: ", "title: ", "rails: {value: 8, source: "}},
          {"models/catalog/prices/spheron-on-demand.yaml",
           check("fleet.pools[0].price"),
           {"name: ", "kind: ", "date: ", "source: ", "usd_per_gpu_hour: {./own.yaml: 1, "}},
          {"models/calibration/h100-sxm-vllm.yaml",
           check("serving[0].calibration"),
           {"engine_versions: ", "provenance: "}}};
}

}  // namespace

TEST_CASE(
    "what a terminal would obey is refused in a GPU, model, system, fabric, price list or calibration of one's own") {
  // As YAML escapes it; C0, C1, a line end, an override of the writing direction.
  const std::vector<std::string> evil{R"("a\e[31m")", R"("a\x9b31m")", R"("a\nall is well")", R"("a\u202eb")"};
  for (const Own& own : own_files()) {
    for (const std::string& start : own.texts) {
      for (const std::string& text : evil) {
        CAPTURE(own.file);
        CAPTURE(start);
        CAPTURE(text);
        const Folder folder;
        const std::string key = start.substr(0, start.find(':') + 1);
        std::string line = start + text + (contains(start, "{value") ? "}" : "");
        if (contains(start, "./own")) line += ": 2}";
        folder.write("own.yaml", with_line(own.file, key, line));
        const Outcome outcome = command(own.command, {.directory = folder.path()});
        CHECK(outcome.code == 2);
        CHECK(outcome.out == "");
        CHECK(contains(outcome.err, "own.yaml:"));
        CHECK(contains(outcome.err, "a control character or a line end in 'a"));
        for (const char* const raw : {"\x1b", "\xc2\x9b", "\xe2\x80\xae", "\nall is well"})
          CHECK_FALSE(contains(outcome.err, raw));
      }
    }
  }
}

TEST_CASE("names of one's own GPU, system and price list that are markup are names in a report and a drawing") {
  const Folder folder;
  const std::string markup = R"_('</script><img src=x onerror=alert(1)>"&')_";
  folder.write("gpu.yaml", with_line("models/catalog/gpus/h100-sxm.yaml", "title:", "title: " + markup));
  folder.write("price.yaml", "name: " + markup + "\nkind: " + markup + "\ndate: " + markup + "\nsource: " + markup +
                                 "\nusd_per_gpu_hour: {h100-sxm: 2}\n");
  folder.write("fabric.yaml", "name: " + markup + "\ntitle: " + markup + "\nlike: ib-ndr-rail\n");
  folder.write("system.yaml", "name: " + markup + "\ntitle: " + markup + "\nlike: hgx-h100\ngpu: gpu.yaml\n");
  const Outcome run =
      command({"run", shipped("migration/h100"), "fleet.pools[0].system=" + (folder / "system.yaml"),
               "fleet.pools[0].price=" + (folder / "price.yaml"), "fleet.fabric=" + (folder / "fabric.yaml"),
               "workload.num_prompts=100", "workload.warmup=0s", "-o", "out", "--trace", "drawn.json"},
              {.directory = folder.path()});
  REQUIRE_MESSAGE(run.code == 0, run.err);
  REQUIRE(command({"report", "out", "-o", "report.html"}, {.directory = folder.path()}).code == 0);
  const std::string html = contents(folder / "report.html");
  CHECK_FALSE(contains(html, "</script><img"));
  const std::size_t data = html.find("id=\"data\">");
  CHECK_FALSE(contains(html.substr(0, data) + html.substr(html.find("</script>", data)), "<img src=x"));
  CHECK(contains(data_of(html).at("runs")[0].at("summary").dump(), "<img src=x"));
  CHECK(Json::parse(contents(folder / "drawn.json")).at("traceEvents").size() > 0);
}

TEST_CASE("files that are made to hurt end in a message at once") {
  const Folder folder;
  std::string laughs = "a0: &a0 lol\n";
  for (int i = 1; i <= 10; ++i) {
    laughs += fmt::format("a{0}: &a{0} [*a{1}", i, i - 1);
    for (int k = 0; k < 8; ++k) laughs += fmt::format(", *a{}", i - 1);
    laughs += "]\n";
  }
  CHECK(contains(command({"check", folder.write("laughs.yaml", laughs)}).err, "aliases expand to more than 100000"));
  const Outcome deep =
      command({"check", folder.write("deep.yaml", "a: " + std::string(100'000, '[') + std::string(100'000, ']'))});
  CHECK(deep.code == 2);
  CHECK(contains(deep.err, "nested more than 64 deep"));
  const Outcome large = command({"check", folder.write("large.yaml", "a: " + std::string(16'000'001, 'x'))});
  CHECK(large.code == 2);
  CHECK(contains(large.err, "at most 16 MB are read"));
  // Small as it lies there.
  REQUIRE(program({"bash", "-c", "head -c 300000000 /dev/zero | tr '\\0' x | gzip -1 > bomb.csv.gz"},
                  {.directory = folder.path()})
              .code == 0);
  const Outcome bomb = command({"validate", folder / "bomb.csv.gz", "-o", folder / "out"});
  CHECK(bomb.code == 2);
  CHECK(contains(bomb.err, "bomb.csv.gz: holds more than 256 MB"));
}

namespace {

/// As somebody might with a tool of SQLite's.
void insert_result(const std::string& database, const char* point) {
  sqlite3* opened = nullptr;
  REQUIRE(sqlite3_open(database.c_str(), &opened) == SQLITE_OK);
  const std::string words = fmt::format("INSERT INTO results VALUES ({}, 'failed', 'x', NULL)", point);
  CHECK(sqlite3_exec(opened, words.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(opened);
}

}  // namespace

TEST_CASE("a sweep's database with results of points that it does not have is refused") {
  const Folder folder;
  const std::string database = folder / "sweep.db";
  REQUIRE(
      command({"sweep", shipped("closed-loop/h100-tp2"), "workload.num_prompts=5", "seed=1,2", "-q", "-o", database})
          .code == 0);
  for (const char* const point : {"99", "-1"}) {
    insert_result(database, point);
    const Outcome report = command({"report", database, "-o", folder / "report.html"});
    CHECK(report.code == 2);
    CHECK(contains(report.err, "and no such point"));
  }
}
