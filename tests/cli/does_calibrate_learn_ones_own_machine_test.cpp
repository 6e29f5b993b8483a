// `flotilla calibrate SCENARIO --bench FILE...`, as a user types it. The machine to be learnt is a simulated one, whose
// truth is known: summary.json is a result in vLLM's spelling.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;
using doctest::Approx;
namespace fs = std::filesystem;

namespace {

const fs::path kOwn = fs::path(FLOTILLA_SOURCE_DIR) / "tests/cli/own_machine";
const std::string kScenario = (kOwn / "deployment.yaml").string();
const std::string kAt1 = (kOwn / "at-1.json").string();
const std::string kAt8 = (kOwn / "at-8.json").string();
const std::string kAt32 = (kOwn / "at-32.json").string();

Outcome succeeded(const std::vector<std::string>& words) {
  Outcome outcome = command(words);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return outcome;
}

/// Runs the scenario under changes; the path of its summary.
std::string measured(const Folder& folder, const std::string& name, const std::vector<std::string>& changes) {
  std::vector<std::string> words{"run", kScenario, "-q", "-o", folder / name};
  words.insert(words.end(), changes.begin(), changes.end());
  succeeded(words);
  return folder / (name + "/summary.json");
}

/// Measurements at several concurrencies, eight requests a client.
std::vector<std::string> benchmarks(const Folder& folder, const std::string& name, const std::string& calibration) {
  std::vector<std::string> files;
  for (const int clients : {1, 8, 32, 64}) {
    std::vector<std::string> changes{"workload.max_concurrency=" + std::to_string(clients),
                                     "workload.num_prompts=" + std::to_string(8 * clients)};
    if (!calibration.empty()) changes.push_back("serving[0].calibration=" + calibration);
    files.push_back(measured(folder, name + std::to_string(clients), changes));
  }
  return files;
}

Outcome calibrated(const std::vector<std::string>& files, const std::string& output) {
  std::vector<std::string> words{"calibrate", kScenario, "-o", output, "--bench"};
  words.insert(words.end(), files.begin(), files.end());
  return succeeded(words);
}

/// The figure behind a key of a calibration file; the first if there are several.
double figure(const std::string& yaml, const std::string& key) {
  std::smatch found;
  REQUIRE_MESSAGE(std::regex_search(yaml, found, std::regex("\\b" + key + R"(: ([-+.e0-9]+))")), key);
  return std::stod(found[1]);
}

std::string with_figure(const std::string& yaml, const std::string& key, double value) {
  return std::regex_replace(yaml, std::regex("\\b" + key + R"(: [-+.e0-9]+)"), key + ": " + std::to_string(value),
                            std::regex_constants::format_first_only);
}

/// The figures of a line: what was found, then the stock one.
std::vector<double> figures_in(const std::string& line) {
  static const std::regex kFigure("[0-9]+\\.[0-9]+");
  std::vector<double> figures;
  for (auto at = std::sregex_iterator(line.begin(), line.end(), kFigure); at != std::sregex_iterator(); ++at)
    figures.push_back(std::stod(at->str()));
  REQUIRE(figures.size() == 2);
  return figures;
}

double tpot_of(const std::string& summary) {
  return nlohmann::json::parse(contents(summary)).at("mean_tpot_ms").get<double>();
}

}  // namespace

TEST_CASE(
    "a slower machine is learnt from its measurements, and its TPOT is predicted at loads that were not measured") {
  const Folder folder;
  const std::string stock = folder / "stock.yaml", truth = folder / "truth.yaml", found = folder / "found.yaml";
  calibrated(benchmarks(folder, "stock", ""), stock);
  const auto stock_yaml = contents(stock);
  const double host = 1.5 * figure(stock_yaml, "per_step");
  const double gpu_time = figure(stock_yaml, "gpu_time") / 0.8;  // an efficiency of 0.8 of the stock one
  REQUIRE(host > 1e-3);
  std::ofstream(truth) << with_figure(with_figure(stock_yaml, "per_step", host), "gpu_time", gpu_time);

  const auto said = calibrated(benchmarks(folder, "true", truth), found).out;
  const auto found_yaml = contents(found);
  CHECK(figure(found_yaml, "per_step") == Approx(host).epsilon(0.03));
  CHECK(figure(found_yaml, "gpu_time") == Approx(gpu_time).epsilon(0.02));
  CHECK(line_of(said, "4 measurements of vllm on h100-sxm") != "");
  CHECK(figures_in(line_of(said, "GPU time"))[1] == Approx(0.8 * gpu_time).epsilon(1e-3));
  CHECK(figures_in(line_of(said, "TPOT error"))[0] == 0);
  CHECK(figures_in(line_of(said, "TPOT error"))[1] > 10);
  CHECK(!contains(said, "Is the scenario the deployment"));

  for (const std::vector<std::string>& load :
       {std::vector<std::string>{"workload.max_concurrency=16"},
        {"workload.input_tokens=2000", "workload.output_tokens=300"},
        {"workload={request_rate: 6, input_tokens: 700, output_tokens: 100, num_prompts: 200}"}}) {
    CAPTURE(load.front());
    auto as_true = load, as_found = load;
    as_true.push_back("serving[0].calibration=" + truth), as_found.push_back("serving[0].calibration=" + found);
    const double wanted = tpot_of(measured(folder, "wanted", as_true));
    CHECK(tpot_of(measured(folder, "got", as_found)) == Approx(wanted).epsilon(0.02));
    CHECK(std::fabs(tpot_of(measured(folder, "before", load)) / wanted - 1) > 0.1);
  }
}

TEST_CASE("what the stock profile predicts leaves it as it is") {
  const Folder folder;
  const auto said = calibrated(benchmarks(folder, "stock", ""), folder / "own.yaml").out;
  for (const char* what : {"GPU time", "host", "frontend"}) {
    const auto figures = figures_in(line_of(said, what));
    CHECK_MESSAGE(figures[0] == Approx(figures[1]).epsilon(1e-3), what);
  }
}

TEST_CASE("the file says whose measurements it stands on, also for a release that was never measured") {
  const Folder folder;
  const auto own = folder / "own.yaml";
  succeeded({"calibrate", kScenario, "serving[0].engine_version='0.99'", "--bench", kAt1, kAt8, kAt32, "-o", own});
  const auto said =
      succeeded({"check", kScenario, "serving[0].engine_version='0.99'", "serving[0].calibration=" + own}).out;
  CHECK(contains(
      said, "calibration: fitted on 3 points: h100-sxm, vllm, bf16, measurements of one's own; median TPOT error"));
  CHECK(contains(contents(own), "setup: \"corrected to 3 measurements of one's own\""));
  CHECK(contains(succeeded({"check", kScenario, "serving[0].calibration=" + own}).out, "vllm 0.11 was not measured"));
}

TEST_CASE("results are read as vLLM writes them, and the load is theirs, whatever the scenario's was") {
  const Folder folder;
  const auto from = [&](const std::string& workload) {
    const auto own = folder / "own.yaml";
    const auto said =
        succeeded({"calibrate", kScenario, "workload=" + workload, "--bench", kAt1, kAt8, kAt32, "-o", own}).out;
    CHECK(contains(line_of(said, "TPOT error"), "0.0 %"));
    return contents(own);
  };
  folder.write("trace.csv", "timestamp,input_length,output_length\n0,100,20\n1,200,30\n");
  const auto plain =
      from("{request_rate: inf, max_concurrency: 8, input_tokens: 512, output_tokens: 128, num_prompts: 64}");
  CHECK(figure(plain, "gpu_time") == Approx(1.335).epsilon(0.01));  // what the files were written with
  CHECK(figure(plain, "per_step") == Approx(4.4745e-3).epsilon(0.01));
  CHECK(from("{request_rate: 3, burstiness: 0.5, duration: 60s, warmup: 5s, input_tokens: {uniform: [1, 99]}, "
             "output_tokens: 9}") == plain);
  CHECK(from("{trace: {path: " + folder / "trace.csv" + "}}") == plain);
}

TEST_CASE("the files that a shell makes of a pattern are all results, in any order of words") {
  const Folder folder;
  const auto a = folder / "a.yaml", b = folder / "b.yaml", c = folder / "new/folder/c.yaml";
  succeeded({"calibrate", kScenario, "--bench", kAt1, kAt8, kAt32, "-o", a});
  succeeded({"calibrate", "--bench", kAt1, "--bench", kAt8, "--bench", kAt32, "-o", b, kScenario});
  succeeded({"calibrate", "-o", c, "--bench", kAt1, kAt8, kAt32, kScenario, "seed=1"});
  CHECK(contents(a) == contents(b));
  CHECK(contents(a) == contents(c));
}

TEST_CASE("measurements that no correction explains are said to be such") {
  const Folder folder;
  const auto slower = [&](const std::string& file, double factor) {
    auto json = nlohmann::json::parse(contents(file));
    json["mean_tpot_ms"] = factor * json["mean_tpot_ms"].get<double>();
    return folder.write(fs::path(file).filename().string(), json.dump());
  };
  const auto said = calibrated({slower(kAt1, 20), slower(kAt8, 1), slower(kAt32, 20)}, folder / "own.yaml").out;
  CHECK(contains(
      said, "No correction explains these measurements well.\nIs the scenario the deployment that was measured?\n"));
}
