#include "analysis/calibrate/stages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/error_table.hpp"
#include "analysis/calibrate/kernel_stage.hpp"
#include "analysis/output/whole_file.hpp"
#include "analysis/table.hpp"
#include "models/catalog.hpp"
#include "models/release.hpp"
#include "scenarios/reader/error.hpp"

namespace flotilla::analysis {
namespace {

using models::Calibration;

constexpr std::size_t kFewestPoints = 20;  // below, a cell takes the scales of its relative

std::string stem_of(const CellNames& names) { return names.gpu + "-" + names.engine; }

/// Whose scales stand in: its own kernels are measured, serving is not.
std::string relative_of(const CellNames& names) {
  return names.relative.empty() && names.gpu == "gb200" ? "b200-hgx-" + names.engine : names.relative;
}

std::vector<CellNames> cells_of(const CalibrationPlan& plan) {
  const auto known = models::catalog_names("gpus");
  std::vector<CellNames> cells;
  for (const auto& names : kernel_cells()) {
    const bool in_catalogue = std::find(known.begin(), known.end(), names.gpu) != known.end();
    if (in_catalogue && (plan.only.empty() || plan.only == stem_of(names))) cells.push_back(names);
  }
  if (cells.empty())
    throw InputError({"command line", 0, 0, ""}, "", fmt::format("no cell '{}'", plan.only),
                     "GPU-ENGINE, such as b200-hgx-vllm");
  return cells;
}

std::optional<Calibration> shipped(const std::string& stem) {
  for (const auto& calibration : models::calibrations()) {
    if (calibration.gpu + "-" + calibration.engine == stem) return calibration;
  }
  return std::nullopt;
}

/// What serving points set is set anew.
void forget_serving(Calibration& calibration) {
  calibration.profiles.clear();
  calibration.expert_scales.clear();
  calibration.scales_from.clear();
  for (auto& [name, kernel] : calibration.mla_prefill) kernel.context_efficiency = 0;
  calibration.all_reduce.one_shot_efficiency = models::AllReduceCoefficients{}.one_shot_efficiency;
  for (auto& [name, format] : calibration.formats) format.scales = {}, format.tpot = {};
}

std::vector<MeasuredPoint> table_of(const CalibrationPlan& plan) {
  return read_points(Table::load(plan.tables + "/serving_points.csv.gz"));
}

void print(const ErrorTable& table) {
  for (const auto& [key, errors] : table.errors()) {
    const auto f = figures_of(errors);
    fmt::print("  {:<34}{:<11}{:5} points, error median {:5.1f} %, p90 {:5.1f} %, bias {:+5.1f} %\n", key.first,
               key.second, f.points, 100 * f.median, 100 * f.p90, 100 * f.bias);
  }
}

/// Statistics are of the digits that are written.
Calibration as_written(const Calibration& calibration) {
  return models::read_calibration(reader::Document::from_text(to_yaml(calibration), calibration.gpu));
}

class Stages {
 public:
  explicit Stages(const CalibrationPlan& plan) : plan_(plan), kernels_(plan.tables), table_(table_of(plan)) {}

  void run() {
    for (const auto& names : cells_of(plan_)) {
      fmt::print("{}, {}\n", names.gpu, names.engine);
      auto calibration = start(names);
      if (plan_.renew_kernels || !shipped(stem_of(names))) fit_kernels(kernels_, names, calibration);
      serve(names, calibration);
      write(stem_of(names), calibration);
      done_[stem_of(names)] = std::move(calibration);
      std::fflush(stdout);
    }
  }

 private:
  Calibration start(const CellNames& names) {
    const auto relative = relative_calibration(names);
    auto calibration = shipped(stem_of(names));
    return calibration ? *calibration : start_cell(names, relative ? &*relative : nullptr);
  }

  std::optional<Calibration> relative_calibration(const CellNames& names) {
    const auto stem = relative_of(names);
    const auto found = done_.find(stem);
    return found != done_.end() ? std::optional(found->second) : stem.empty() ? std::nullopt : shipped(stem);
  }

  void serve(const CellNames& names, Calibration& calibration) {
    const auto points = serving_points(table_, names.gpu, names.engine);
    const auto relative = relative_calibration(names);
    if (points.size() < kFewestPoints && relative) {
      inherit_serving(calibration, *relative);
    } else {
      forget_serving(calibration);
      fit_serving(calibration, points);
    }
    calibration = as_written(calibration);
    if (points.size() >= kFewestPoints) set_statistics(calibration, points);
    ErrorTable errors;
    errors.add(calibration, points);
    print(errors);
  }

  void write(const std::string& stem, const Calibration& calibration) const {
    make_directory(plan_.output);
    write_whole_file(fmt::format("{}/{}.yaml", plan_.output, stem), to_yaml(calibration));
  }

  CalibrationPlan plan_;
  KernelTables kernels_;
  std::vector<MeasuredPoint> table_;
  std::map<std::string, Calibration> done_;
};

using Points = std::vector<ServingPoint>;

/// Names of the slices of one cell's points.
std::string slice_of(const ServingPoint& p, Slice slice, const Calibration& shipped) {
  if (slice == Slice::kTensorParallelSize) return fmt::format("{}", p.deployment.tensor_parallel_size);
  for (const auto& profile : shipped.profiles) {
    if (models::compare_releases(p.deployment.engine_version, profile.to) <= 0) return profile.from;
  }
  return shipped.profiles.empty() ? "" : shipped.profiles.back().from;
}

void leave_out_slices(const Calibration& calibration, const Points& points, Slice slice, ErrorTable& outside) {
  std::set<std::string> slices;
  for (const auto& p : points) slices.insert(slice_of(p, slice, calibration));
  if (slices.size() < 2) return;
  for (const auto& left : slices) {
    Points rest, left_out;
    for (const auto& p : points) (slice_of(p, slice, calibration) == left ? left_out : rest).push_back(p);
    auto trial = calibration;
    forget_serving(trial);
    fit_serving(trial, rest);
    outside.add(trial, left_out);
  }
}

/// Scales of the nearest other GPU of the engine that has points of its own.
const Calibration* other_gpu(const Calibration& calibration) {
  const auto bandwidth = [](const std::string& gpu) { return std::log(models::load_gpu(gpu).hbm_bandwidth.value()); };
  const Calibration* nearest = nullptr;
  double best = 0;
  for (const auto& other : models::calibrations()) {
    if (other.engine != calibration.engine || other.gpu == calibration.gpu || !other.scales_from.empty()) continue;
    const double distance = std::fabs(bandwidth(other.gpu) - bandwidth(calibration.gpu));
    if (nearest == nullptr || distance < best) nearest = &other, best = distance;
  }
  return nearest;
}

void leave_out_gpu(const Calibration& calibration, const Points& points, ErrorTable& outside) {
  const auto* relative = other_gpu(calibration);
  if (relative == nullptr) return;
  auto trial = calibration;
  inherit_serving(trial, *relative);
  outside.add(trial, points);
}

void print_markdown(const ErrorTable& inside, const ErrorTable& outside) {
  fmt::print(
      "| model | figure | n | in sample | left out | p90 left out | bias left out |\n|---|---|---|---|---|---|---|\n");
  for (const auto& [key, errors] : outside.errors()) {
    const auto in = figures_of(inside.errors().at(key)), out = figures_of(errors);
    fmt::print("| {} | {} | {} | {:.1f} % | {:.1f} % | {:.1f} % | {:+.1f} % |\n", key.first, key.second, out.points,
               100 * in.median, 100 * out.median, 100 * out.p90, 100 * out.bias);
  }
}

}  // namespace

void calibrate_all(const CalibrationPlan& plan) { Stages(plan).run(); }

void leave_out(const CalibrationPlan& plan, Slice slice) {
  const auto table = table_of(plan);
  ErrorTable inside, outside;
  for (const auto& names : cells_of(plan)) {
    const auto calibration = shipped(stem_of(names));
    if (!calibration || !calibration->scales_from.empty()) continue;
    const auto points = serving_points(table, names.gpu, names.engine);
    inside.add(*calibration, points);
    if (slice == Slice::kGpu) {
      leave_out_gpu(*calibration, points, outside);
    } else {
      leave_out_slices(*calibration, points, slice, outside);
    }
  }
  print_markdown(inside, outside);
}

}  // namespace flotilla::analysis
