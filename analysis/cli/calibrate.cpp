#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "analysis/calibrate/bench_fit.hpp"
#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/stages.hpp"
#include "analysis/cli/arguments.hpp"
#include "analysis/output/whole_file.hpp"

namespace flotilla::cli {

namespace {

namespace fs = std::filesystem;

const std::map<std::string, analysis::Slice> kSlices{{"tp", analysis::Slice::kTensorParallelSize},
                                                     {"engine_version", analysis::Slice::kRelease},
                                                     {"gpu", analysis::Slice::kGpu}};

/// What `--bench` corrects, to what, into which file.
struct OwnMachine {
  std::string scenario;
  std::vector<std::string> overrides;
  std::vector<std::string> results;
  std::string output;
};

/// A shell turns `--bench own-*.json` into one file behind the option and others behind that: words ending in .json are
/// results, as long as another word is left to be the scenario.
OwnMachine own_machine(const std::vector<std::string>& words, std::vector<std::string> files, std::string output) {
  OwnMachine own{"", {}, std::move(files), output.empty() ? "calibration.yaml" : std::move(output)};
  std::vector<std::string> json;
  for (const auto& word : words) {
    if (word.ends_with(".json") && word.find('=') == std::string::npos) {
      json.push_back(word);
    } else if (own.scenario.empty()) {
      own.scenario = word;
    } else {
      own.overrides.push_back(word);
    }
  }
  if (own.scenario.empty()) own.scenario = json.front(), json.erase(json.begin());
  own.results.insert(own.results.end(), json.begin(), json.end());
  return own;
}

void refuse_to_overwrite(const OwnMachine& own) {
  auto inputs = own.results;
  inputs.push_back(own.scenario);
  std::error_code ignored;
  for (const auto& input : inputs) {
    if (fs::equivalent(input, own.output, ignored))
      throw UsageError(fmt::format("flotilla calibrate: -o {} would overwrite what is read", own.output));
  }
  if (fs::is_directory(own.output, ignored))
    throw UsageError(
        fmt::format("flotilla calibrate: with --bench, -o is the file to write; {} is a directory", own.output));
}

int correct_to(const OwnMachine& own) {
  refuse_to_overwrite(own);
  const auto scenario = analysis::load_scenario(own.scenario, own.overrides);
  std::vector<analysis::BenchResult> results;
  for (const auto& file : own.results) {
    for (auto& result : analysis::read_bench_results(file)) results.push_back(std::move(result));
  }
  const auto fit = analysis::fit_bench(scenario, results);
  if (const auto folder = fs::path(own.output).parent_path(); !folder.empty())
    analysis::make_directory(folder.string());
  analysis::write_whole_file(own.output, analysis::to_yaml(fit.calibration));
  fmt::print("{} measurements of {} on {}\n\n{}\nwrote {}; to use it: 'calibration: {}' in the serving group\n",
             results.size(), fit.calibration.engine, fit.calibration.gpu, analysis::describe(fit), own.output,
             own.output);
  return kOk;
}

}  // namespace

int calibrate(const Arguments& arguments) {
  CLI::App app(
      "Fits coefficients to tables of measured kernels and serving points; or, with --bench, corrects those of a "
      "scenario's deployment to measurements of one's own.",
      "flotilla calibrate");
  std::vector<std::string> words, files;
  std::string output, slice;
  analysis::CalibrationPlan plan;
  app.add_option(
         "TABLES|SCENARIO [key=value]", words,
         "folder with kernels/*.csv.gz and serving_points.csv.gz; or, with --bench, a scenario and changes to it")
      ->required();
  app.add_option(
         "--bench", files,
         "results of `vllm bench serve --save-result`, of the scenario's deployment, at several concurrencies or rates")
      ->allow_extra_args(false);
  app.add_option("-o,--output", output,
                 "folder of coefficient files; with --bench, the file to write (calibration.yaml)");
  app.add_flag("--kernels", plan.renew_kernels, "fit kernels anew, too");
  app.add_option("--cell", plan.only, "one GPU and engine alone: b200-hgx-vllm");
  app.add_option("--leave-out", slice,
                 "fit without each slice, predict it, print the errors: tp, engine_version or gpu")
      ->check(CLI::IsMember({"tp", "engine_version", "gpu"}));
  parse(app, arguments);
  if (!files.empty()) {
    if (plan.renew_kernels || !plan.only.empty() || !slice.empty())
      throw UsageError("flotilla calibrate: --kernels, --cell and --leave-out belong to tables, not to --bench");
    return correct_to(own_machine(words, files, output));
  }
  if (words.size() > 1) throw UsageError("flotilla calibrate: changes to a scenario need --bench");
  plan.tables = words.front(), plan.output = output;
  if (!fs::is_directory(plan.tables)) {
    throw UsageError(fmt::format(
        "flotilla calibrate: {} is no folder of tables\n  to correct a scenario to your own machine, add --bench FILE",
        plan.tables));
  }
  if (!slice.empty()) {
    analysis::leave_out(plan, kSlices.at(slice));
    return kOk;
  }
  if (output.empty()) throw UsageError("flotilla calibrate: where to? give -o DIR");
  analysis::calibrate_all(plan);
  return kOk;
}

}  // namespace flotilla::cli
