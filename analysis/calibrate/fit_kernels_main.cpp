// flotilla_fit_kernels TABLES OUTPUT: renews what kernel tables say in the coefficient files of OUTPUT, and starts
// files for GPUs and engines that have none. What serving points set stays. TABLES holds kernels/*.csv.gz.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "analysis/calibrate/calibration_yaml.hpp"
#include "analysis/calibrate/kernel_stage.hpp"
#include "models/catalog.hpp"
#include "scenarios/reader/error.hpp"

namespace {

using namespace flotilla;

std::optional<models::Calibration> read_file(const std::string& folder, const std::string& stem) {
  const auto path = fmt::format("{}/{}.yaml", folder, stem);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return models::read_calibration(reader::Document::load(path));
}

void renew(analysis::KernelTables& tables, const analysis::CellNames& names, const std::string& folder) {
  const auto stem = names.gpu + "-" + names.engine;
  auto calibration = read_file(folder, stem);
  if (!calibration) {
    const auto relative = names.relative.empty() ? std::nullopt : read_file(folder, names.relative);
    calibration = analysis::start_cell(names, relative ? &*relative : nullptr);
  }
  analysis::fit_kernels(tables, names, *calibration);
  std::ofstream(fmt::format("{}/{}.yaml", folder, stem)) << analysis::to_yaml(*calibration);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: flotilla_fit_kernels TABLES OUTPUT\n");
    return 2;
  }
  try {
    analysis::KernelTables tables(argv[1]);
    const auto known = models::catalog_names("gpus");
    for (const auto& names : analysis::kernel_cells()) {
      if (std::find(known.begin(), known.end(), names.gpu) == known.end()) continue;
      fmt::print("{}, {}\n", names.gpu, names.engine);
      renew(tables, names, argv[2]);
      std::fflush(stdout);
    }
  } catch (const InputError& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  return 0;
}
