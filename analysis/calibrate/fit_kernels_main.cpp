// flotilla_fit_kernels TABLES OUTPUT: renews what kernel tables say in the coefficient files of OUTPUT, and starts
// files for GPUs and engines that have none. What serving points set stays. TABLES holds kernels/*.csv.gz.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/kernel_stage.hpp"
#include "scenarios/reader/error.hpp"

namespace {

using namespace flotilla;

constexpr auto kProvenance =
    "Kernels: NVIDIA AIConfigurator's measured tables (github.com/ai-dynamo/aiconfigurator, 095f58a5, Apache-2.0), on "
    "real GPUs. Coefficients: our fit.";

models::Calibration started(const analysis::CellNames& names) {
  models::Calibration c;
  c.gpu = names.gpu, c.engine = names.engine, c.engine_versions = names.versions, c.provenance = kProvenance;
  // No table covers these: about four small kernels of 2 us in a CUDA graph.
  c.elementwise = {8e-6, 0.7};
  return c;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: flotilla_fit_kernels TABLES OUTPUT\n");
    return 2;
  }
  try {
    analysis::KernelTables tables(argv[1]);
    for (const auto& names : analysis::kernel_cells()) {
      const auto path = fmt::format("{}/{}-{}.yaml", argv[2], names.gpu, names.engine);
      fmt::print("{}, {}\n", names.gpu, names.engine);
      auto calibration =
          std::filesystem::exists(path) ? models::read_calibration(reader::Document::load(path)) : started(names);
      analysis::fit_kernels(tables, names, calibration);
      std::ofstream(path) << analysis::to_yaml(calibration);
      std::fflush(stdout);
    }
  } catch (const InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
