#include "analysis/size/decide.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/report/study_report.hpp"

namespace flotilla::cli {

namespace {

/// The matrix of decisions that were made before.
int print_matrix(const std::vector<std::string>& directories) {
  std::vector<nlohmann::ordered_json> decisions;
  for (const std::string& directory : directories) decisions.push_back(analysis::read_decision(directory).json);
  fmt::print("{}", analysis::decision_matrix(decisions));
  return kOk;
}

std::string what_is_missing(bool fleet, bool promise) {
  std::string text = fmt::format("flotilla decide: {} missing; for example", fleet && promise ? "--fleet and --slo are"
                                                                             : fleet          ? "--fleet is"
                                                                                              : "--slo is");
  if (fleet)
    text +=
        "\n  --fleet 'h100: fleet.pools[0].system=hgx-h100' --fleet 'b200: fleet.pools[0].system=hgx-b200 "
        "serving[0].weights=nvfp4'";
  if (promise) text += "\n  --slo 'p99_tpot_ms<=20' --slo 'p99_ttft_ms<=1000'";
  return text;
}

}  // namespace

int decide(const Arguments& arguments) {
  CLI::App app("Says which of several fleets to run in a situation, by how much it wins, and what would flip that.",
               "flotilla decide");
  std::vector<std::string> words, fleets, promises, matrix;
  std::string directory, hall, least = "cost";
  analysis::DecisionPlan plan;
  plan.sizing.seeds = 3;
  plan.sizing.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  app.add_option("SCENARIO [key=value]", words, "the situation, and changes to it");
  app.add_option("--fleet", fleets, "a choice: 'NAME: key=value key=value'; give it for each")->allow_extra_args(false);
  app.add_option("--slo", promises, "promises, on figures of summary.json: 'p99_tpot_ms<=20'")->allow_extra_args(false);
  app.add_option("--tp", plan.sizing.tensor_parallel_sizes, "tensor-parallel sizes to try")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  app.add_option("--least", least, "what the best fleet has least of")
      ->check(CLI::IsMember({"cost", "gpus"}))
      ->capture_default_str();
  app.add_option("--hall", hall, "power that a fleet may be provisioned with, all-in: 60kW");
  app.add_option("--seeds", plan.sizing.seeds, "replications of each fleet; variations have one")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("-j,--jobs", plan.sizing.jobs, "seeds at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("-o,--output", directory, "directory for decision.json, which `flotilla report` shows");
  app.add_option("--matrix", matrix,
                 "print the matrix of decisions in these directories as Markdown, and decide nothing");
  parse(app, arguments);
  if (!matrix.empty()) return print_matrix(matrix);
  for (const std::string& word : words) {
    if (word.find('=') != std::string::npos) {
      plan.overrides.push_back(word);
    } else if (plan.scenario.empty()) {
      plan.scenario = word;
    } else {
      throw UsageError(fmt::format("flotilla decide: one situation at a time, not '{}' too", word));
    }
  }
  if (plan.scenario.empty()) throw UsageError("flotilla decide: which scenario?");
  if (fleets.empty() || promises.empty()) throw UsageError(what_is_missing(fleets.empty(), promises.empty()));
  if (least == "gpus") plan.sizing.least = analysis::Least::kGpus;
  try {
    for (const std::string& fleet : fleets) plan.fleets.push_back(analysis::parse_fleet(fleet));
    for (const std::string& promise : promises) plan.promises.push_back(analysis::parse_constraint(promise));
    if (!hall.empty()) plan.hall = parse_watts(hall);
  } catch (const std::invalid_argument& e) {
    throw UsageError(fmt::format("flotilla decide: {}", e.what()));
  }
  if (!directory.empty()) analysis::make_directory(directory);
  const auto json = analysis::decision_json(analysis::decide(plan), plan, arguments);
  fmt::print("{}\n", json.at("answer").get<std::string>());
  for (const auto& c : json.at("contenders")) {
    if (!c.at("feasible").get<bool>())
      fmt::print("  {}: does not hold: {}\n", c.at("name").get<std::string>(), c.at("binding").get<std::string>());
  }
  fmt::print("  {}\n", json.at("sure").get<std::string>());
  if (!directory.empty()) analysis::write_whole_file(directory + "/decision.json", json.dump(2) + "\n");
  return json.at("contenders").at(0).at("feasible").get<bool>() ? kOk : kRunFailed;
}

}  // namespace flotilla::cli
