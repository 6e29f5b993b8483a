#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "analysis/calibrate/bench_fit.hpp"
#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/cli/arguments.hpp"

namespace flotilla::cli {

namespace {

int correct_to_own_machine(const ScenarioArguments& scenario, const std::vector<std::string>& files,
                           const std::string& output) {
  std::vector<analysis::BenchResult> results;
  for (const auto& file : files) results.push_back(analysis::read_bench_result(file));
  const auto fit = analysis::fit_bench(analysis::load_scenario(scenario.path, scenario.overrides), results);
  const auto unfinished = output + ".part";
  std::ofstream(unfinished) << analysis::to_yaml(fit.calibration);
  std::filesystem::rename(unfinished, output);
  fmt::print("{} measurements of {} on {}, {}\n\n{}\nwrote {}; use it with  calibration: {}  in the serving group\n", results.size(),
             fit.calibration.engine, fit.calibration.gpu, scenario.path, analysis::describe(fit), output, output);
  return kOk;
}

}  // namespace

int calibrate(const Arguments& arguments) {
  CLI::App app("Corrects the coefficients of a deployment to measurements of one's own.", "flotilla calibrate");
  ScenarioArguments scenario;
  std::vector<std::string> files;
  std::string output = "calibration.yaml";
  add_scenario(app, scenario);
  app.add_option("--bench", files, "results of `vllm bench serve --save-result`, of the scenario's deployment")
      ->required()
      ->allow_extra_args(false);
  app.add_option("-o,--output", output, "file to write")->capture_default_str();
  parse(app, arguments);
  return correct_to_own_machine(scenario, files, output);
}

}  // namespace flotilla::cli
