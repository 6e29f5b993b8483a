// flotilla_calibrate TABLES OUTPUT: fits the operators of models/ to measured kernels, their scales to measured serving
// points, and writes one coefficient file per GPU and engine. TABLES holds kernels/*.csv.gz and serving_points.csv.gz.
// The same tables give the same files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <set>
#include <string>

#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/kernel_stage.hpp"
#include "analysis/calibrate/least_squares.hpp"
#include "analysis/calibrate/serving_fit.hpp"

namespace {

using namespace flotilla;
using models::NumberFormat;

constexpr auto kProvenance =
    "Kernels: NVIDIA AIConfigurator's measured tables (github.com/ai-dynamo/aiconfigurator, 095f58a5, Apache-2.0), on "
    "real GPUs. "
    "Serving points: InferenceX (SemiAnalysis) and NVIDIA runs collected there. Coefficients: our fit.";

struct Cell {
  std::string gpu, gpu_label, engine, framework, versions;
};

const Cell kCells[] = {
    {"h100-sxm", "H100", "vllm", "vllm", "kernels 0.24.0; serving 0.11 to 0.12"},
    {"h100-sxm", "H100", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20; serving 1.0.0rc3"},
    {"h200-sxm", "H200", "vllm", "vllm", "kernels 0.24.0; serving 0.11 to 0.12"},
    {"h200-sxm", "H200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20; serving of October 2025, 1.0 to 1.1"},
    {"b200-hgx", "B200", "vllm", "vllm", "kernels 0.24.0; serving of October 2025, 0.11"},
    {"b200-hgx", "B200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20; serving of October 2025, 1.0 to 1.1"},
    {"gb200", "GB200", "vllm", "vllm", "kernels 0.24.0"},
    {"gb200", "GB200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"},
};

/// A GPU without enough serving points takes scales and host terms from its nearest relative of the same engine.
const std::map<std::string, std::string> kRelatives{{"gb200", "b200-hgx"}};

models::Calibration fit_kernels(const std::string& tables, const Cell& cell) {
  static analysis::KernelTables loaded(tables);
  models::Calibration c;
  c.gpu = cell.gpu, c.engine = cell.engine, c.engine_versions = cell.versions, c.provenance = kProvenance;
  analysis::fit_kernels(loaded, {cell.gpu, cell.gpu_label, cell.engine, cell.framework, cell.versions}, c);
  // No table covers these: about four small kernels of 2 us in a CUDA graph; the launch scale corrects it.
  c.elementwise = {8e-6, 0.7};
  return c;
}

void report_errors(const std::string& what, const Eigen::VectorXd& logs) {
  std::vector<double> known;
  for (const double e : logs) {
    if (std::isfinite(e)) known.push_back(std::expm1(e));
  }
  if (known.empty()) return;
  const Eigen::VectorXd errors = Eigen::Map<Eigen::VectorXd>(known.data(), static_cast<Eigen::Index>(known.size()));
  std::nth_element(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2), known.end());
  fmt::print("  {:<40} {:6} points, error median {:5.1f} %, p90 {:5.1f} %, worst {:5.1f} %, bias {:+5.1f} %\n", what,
             errors.size(), 100 * analysis::absolute_quantile(errors, 0.5),
             100 * analysis::absolute_quantile(errors, 0.9), 100 * analysis::absolute_quantile(errors, 1),
             100 * known[known.size() / 2]);
}

void report_points(const std::string& what, const models::Calibration& c,
                   const std::vector<analysis::ServingPoint>& points) {
  std::map<std::string, std::vector<analysis::ServingPoint>> by_model;
  for (const auto& p : points) by_model[fmt::format("{} {}", p.model, name_of(p.deployment.weights))].push_back(p);
  for (const auto& [model, own] : by_model) {
    const auto errors = analysis::serving_errors(c, own);
    report_errors(what + model + " TPOT", errors.tpot);
    report_errors(what + model + " TTFT", errors.ttft);
    report_errors(what + model + " throughput", errors.throughput);
  }
}

/// Fits without one tensor-parallel size and predicts it.
void leave_one_out(const models::Calibration& kernels, const std::vector<analysis::ServingPoint>& points) {
  std::set<int> sizes;
  for (const auto& p : points) sizes.insert(p.deployment.tensor_parallel_size);
  if (sizes.size() < 2) return;
  for (const int tp : sizes) {
    std::vector<analysis::ServingPoint> rest, left_out;
    for (const auto& p : points) (p.deployment.tensor_parallel_size == tp ? left_out : rest).push_back(p);
    auto trial = kernels;
    analysis::fit_serving(trial, rest);
    report_points(fmt::format("without TP {}: ", tp), trial, left_out);
  }
}

void list_points(const models::Calibration& c, const std::vector<analysis::ServingPoint>& points) {
  for (const auto& p : points) {
    models::StepCost cost(p.deployment, c);
    const auto f = analysis::predict(cost, p);
    const auto& d = p.deployment;
    fmt::print("POINT,{},{},{},{},{},{},tp{},ep{},dp{},{:.0f},{:.0f},{},{:.3f},{:.3f},{:.1f},{:.1f},{:.1f},{:.1f}\n",
               c.gpu, c.engine, d.engine_version, p.model, name_of(d.weights), p.id, d.tensor_parallel_size,
               d.expert_parallel_size, d.data_parallel_size, p.replay.mean_input_tokens, p.replay.mean_output_tokens,
               p.concurrency, p.tpot * 1e3, f.tpot * 1e3, p.ttft * 1e3, f.ttft * 1e3, p.throughput, f.throughput);
  }
}

/// Fitted now, or those that ship, without what serving points added.
models::Calibration kernels_of(const std::string& tables, const Cell& cell, bool shipped) {
  if (!shipped) return fit_kernels(tables, cell);
  for (auto calibration : models::calibrations()) {
    if (calibration.gpu != cell.gpu || calibration.engine != cell.engine) continue;
    calibration.profiles.clear();
    calibration.expert_scales.clear();
    for (auto& [name, format] : calibration.formats) format.scales = {}, format.tpot = {};
    return calibration;
  }
  return fit_kernels(tables, cell);
}

models::Calibration fit_cell(const std::string& tables, const std::vector<analysis::MeasuredPoint>& serving,
                             const Cell& cell, const std::map<std::string, models::Calibration>& done, bool verbose,
                             bool serving_only) {
  fmt::print("{}, {}\n", cell.gpu, cell.engine);
  auto calibration = kernels_of(tables, cell, serving_only);
  if (const auto relative = kRelatives.find(cell.gpu); relative != kRelatives.end()) {
    analysis::inherit_serving(calibration, done.at(relative->second + "-" + cell.engine));
    return calibration;
  }
  const auto points = analysis::serving_points(serving, cell.gpu, cell.engine);
  analysis::fit_serving(calibration, points);
  // Statistics are of the digits that are written.
  const auto text = analysis::to_yaml(calibration);
  calibration = models::read_calibration(reader::Document::from_text(text, cell.gpu));
  analysis::set_statistics(calibration, points);
  report_points("", calibration, points);
  if (verbose) list_points(calibration, points);
  return calibration;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: flotilla_calibrate TABLES OUTPUT [--verbose]\n");
    return 2;
  }
  try {
    const std::string tables = argv[1], output = argv[2];
    const std::set<std::string> options(argv + 3, argv + argc);
    const bool verbose = options.count("--verbose") != 0, serving_only = options.count("--serving-only") != 0;
    const auto serving = analysis::read_points(analysis::Table::load(tables + "/serving_points.csv.gz"));
    std::map<std::string, models::Calibration> done;
    for (const auto& cell : kCells) {
      if (options.count("--cell") != 0 && options.count(cell.gpu + "-" + cell.engine) == 0) continue;
      const auto name = cell.gpu + "-" + cell.engine;
      done[name] = fit_cell(tables, serving, cell, done, verbose, serving_only);
      std::ofstream(output + "/" + name + ".yaml") << analysis::to_yaml(done[name]);
      std::fflush(stdout);
    }
  } catch (const InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
