#include "models/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "scenarios/reader/embedded.hpp"

namespace flotilla::models {
namespace {

constexpr auto kFolder = "models/calibration";

std::vector<Calibration> read_all() {
  std::vector<Calibration> all;
  for (const auto& name : reader::embedded_names(kFolder)) {
    const auto path = fmt::format("{}/{}.yaml", kFolder, name);
    const auto document = reader::Document::from_text(std::string(*reader::embedded_file(path)), path);
    all.push_back(read_calibration(document));
  }
  return all;
}

void outside(StepCost::Envelope& envelope, const std::string& reason) {
  envelope.inside = false;
  envelope.reason += (envelope.reason.empty() ? "" : "; ") + reason;
}

/// The calibration of this engine whose GPU is nearest; nullptr if the engine has none.
const Calibration* nearest_gpu(const std::string& engine, const Gpu& gpu, const std::string& gpu_name) {
  const Calibration* best = nullptr;
  double best_distance = std::numeric_limits<double>::infinity();
  for (const auto& candidate : calibrations()) {
    if (candidate.engine != engine) continue;
    if (candidate.gpu == gpu_name) return &candidate;
    const auto relative = load_gpu(candidate.gpu);
    constexpr double kOtherGeneration = 100;  // farther than any ratio of bandwidths
    const double distance = std::fabs(std::log(relative.hbm_bandwidth / gpu.hbm_bandwidth)) +
                            (relative.generation == gpu.generation ? 0 : kOtherGeneration);
    if (distance < best_distance) best = &candidate, best_distance = distance;
  }
  return best;
}

NumberFormat gemm_format_of(const Deployment& deployment, const Calibration& calibration,
                            StepCost::Envelope& envelope) {
  auto format = deployment.weights;
  if (format == NumberFormat::kMxfp4 && has_native(deployment.gpu, format)) {
    outside(envelope, "mxfp4 weights counted with the kernels of nvfp4");
    format = NumberFormat::kNvfp4;
  }
  if (!has_native(deployment.gpu, format)) {
    outside(envelope, fmt::format("{} weights counted as bf16 kernels that read fewer bytes", name_of(format)));
    format = NumberFormat::kBf16;
  }
  if (calibration.formats.count(std::string(name_of(format))) == 0) {
    outside(envelope, fmt::format("{} kernels not measured; bf16 used", name_of(format)));
    format = NumberFormat::kBf16;
  }
  return format;
}

void choose_formats(const Deployment& deployment, CalibratedCell& cell) {
  cell.gemm_format = gemm_format_of(deployment, *cell.calibration, cell.envelope);
  cell.kv_format = deployment.kv_cache == NumberFormat::kBf16 ? NumberFormat::kBf16 : NumberFormat::kFp8;
}

void describe_fit(const Deployment& deployment, const CalibratedCell& cell, StepCost::Envelope& envelope) {
  const auto& calibration = *cell.calibration;
  const auto& fit = calibration.formats.at(std::string(name_of(cell.gemm_format))).tpot;
  envelope.expected_error = fit.median_error;
  if (fit.points == 0) {
    envelope.nearest_points = fmt::format("measured kernels only: {}, {}, {}", calibration.gpu, calibration.engine,
                                          name_of(cell.gemm_format));
    outside(envelope, fmt::format("no serving points for {} on {} with {} weights{}", calibration.engine,
                                  calibration.gpu, name_of(cell.gemm_format),
                                  calibration.scales_from.empty() ? "" : "; scales of " + calibration.scales_from));
    return;
  }
  envelope.nearest_points = fmt::format("fitted on {} points: {}, {}, {}, {}", fit.points, calibration.gpu,
                                        calibration.engine, name_of(cell.gemm_format), fit.description);
  const auto& sizes = fit.tensor_parallel_sizes;
  const int tp = deployment.tensor_parallel_size;
  if (!sizes.empty() &&
      (tp < *std::min_element(sizes.begin(), sizes.end()) || tp > *std::max_element(sizes.begin(), sizes.end())))
    outside(envelope, fmt::format("tensor parallel size {} outside the fitted {}", tp, fmt::join(sizes, ", ")));
}

}  // namespace

Calibration read_calibration(const reader::Document& document) {
  auto calibration = reader::read<Calibration>(document.root());
  auto& curves = calibration.all_reduce.curves;
  if (curves.empty()) document.fail("all_reduce.curves", "at least one curve is needed");
  for (const auto& curve : curves) {
    if (curve.bytes.size() != curve.seconds.size() || curve.bytes.empty() ||
        !std::is_sorted(curve.bytes.begin(), curve.bytes.end()) ||
        !std::is_sorted(curve.seconds.begin(), curve.seconds.end()))
      document.fail("all_reduce.curves",
                    fmt::format("the curve of {} ranks needs as many sizes as times, both rising", curve.ranks));
  }
  std::sort(curves.begin(), curves.end(), [](const auto& a, const auto& b) { return a.ranks < b.ranks; });
  if (calibration.formats.count("bf16") == 0)
    document.fail("formats", "bf16 is missing: the lm_head is multiplied in it");
  return calibration;
}

const std::vector<Calibration>& calibrations() {
  static const auto all = read_all();
  return all;
}

CalibratedCell calibrated_cell(const Deployment& deployment) {
  CalibratedCell cell;
  auto& envelope = cell.envelope;
  const auto& gpu = deployment.gpu;
  const auto gpu_name = datasheet_name(gpu);
  cell.calibration = nearest_gpu(deployment.engine.name, gpu, gpu_name);
  if (cell.calibration == nullptr) {
    cell.calibration = nearest_gpu("vllm", gpu, gpu_name);
    outside(envelope, fmt::format("{} is not calibrated; vllm's coefficients used", deployment.engine.name));
  }
  if (cell.calibration->gpu != gpu_name)
    outside(envelope, fmt::format("{} is not calibrated; efficiencies of {} used", gpu.name, cell.calibration->gpu));
  choose_formats(deployment, cell);
  if (cell.kv_format != deployment.kv_cache)
    outside(envelope, fmt::format("{} KV cache counted with the kernels of fp8", name_of(deployment.kv_cache)));
  if (deployment.tensor_parallel_size > 1 && gpu.nvlink.value() == 0) outside(envelope, "collectives without NVLink");
  if (deployment.links.crosses_fabric) outside(envelope, "tensor parallelism across the fabric");
  describe_fit(deployment, cell, envelope);
  return cell;
}

CalibratedCell calibrated_cell(const Deployment& deployment, const Calibration& calibration) {
  CalibratedCell cell;
  cell.calibration = &calibration;
  choose_formats(deployment, cell);
  return cell;
}

}  // namespace flotilla::models
