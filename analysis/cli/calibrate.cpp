#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "analysis/calibrate/bench_fit.hpp"
#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/stages.hpp"
#include "analysis/cli/arguments.hpp"

namespace flotilla::cli {

namespace {

const std::map<std::string, analysis::Slice> kSlices{{"tp", analysis::Slice::kTensorParallelSize},
                                                     {"engine_version", analysis::Slice::kRelease},
                                                     {"gpu", analysis::Slice::kGpu}};

int correct_to_own_machine(const std::vector<std::string>& words, const std::vector<std::string>& files,
                           const std::string& output) {
  std::vector<analysis::BenchResult> results;
  for (const auto& file : files) results.push_back(analysis::read_bench_result(file));
  const std::vector<std::string> overrides(words.begin() + 1, words.end());
  const auto fit = analysis::fit_bench(analysis::load_scenario(words.front(), overrides), results);
  const auto unfinished = output + ".part";
  std::ofstream(unfinished) << analysis::to_yaml(fit.calibration);
  std::filesystem::rename(unfinished, output);
  fmt::print("{} measurements of {} on {}\n\n{}\nwrote {}; to use it: 'calibration: {}' in the serving group\n", results.size(),
             fit.calibration.engine, fit.calibration.gpu, analysis::describe(fit), output, output);
  return kOk;
}

}  // namespace

int calibrate(const Arguments& arguments) {
  CLI::App app(
      "Fits coefficients to tables of measured kernels and serving points; or, with --bench, corrects those of a scenario's "
      "deployment to measurements of one's own.",
      "flotilla calibrate");
  std::vector<std::string> words, files;
  std::string output, slice;
  analysis::CalibrationPlan plan;
  app.add_option("TABLES|SCENARIO [key=value]", words,
                 "folder with kernels/*.csv.gz and serving_points.csv.gz; or, with --bench, a scenario and changes to it")
      ->required();
  app.add_option("--bench", files, "result of `vllm bench serve --save-result`, of the scenario's deployment; several times")
      ->allow_extra_args(false);
  app.add_option("-o,--output", output, "folder of coefficient files; with --bench, the file to write");
  app.add_flag("--kernels", plan.renew_kernels, "fit kernels anew, too");
  app.add_option("--cell", plan.only, "one GPU and engine alone: b200-hgx-vllm");
  app.add_option("--leave-out", slice, "fit without each slice, predict it, print the errors: tp, engine_version or gpu")
      ->check(CLI::IsMember({"tp", "engine_version", "gpu"}));
  parse(app, arguments);
  if (!files.empty()) return correct_to_own_machine(words, files, output.empty() ? "calibration.yaml" : output);
  if (words.size() > 1) throw UsageError("flotilla calibrate: changes to a scenario need --bench");
  plan.tables = words.front(), plan.output = output;
  if (!slice.empty()) {
    analysis::leave_out(plan, kSlices.at(slice));
    return kOk;
  }
  if (output.empty()) throw UsageError("flotilla calibrate: where to? give -o DIR");
  analysis::calibrate_all(plan);
  return kOk;
}

}  // namespace flotilla::cli
