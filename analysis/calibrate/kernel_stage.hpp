// All operators of one GPU and engine, fitted on the tables of kernels.
#pragma once

#include <map>
#include <span>
#include <string>

#include "analysis/calibrate/kernel_fits.hpp"

namespace flotilla::analysis {

/// Tables of kernels, each read when first asked for and kept.
class KernelTables {
 public:
  explicit KernelTables(std::string folder) : folder_(std::move(folder)) {}
  /// "gemm_H100", "moe_experts". Throws InputError where there is no such file.
  const Table& operator[](const std::string& name);
  CollectedLoads loads;

 private:
  std::string folder_;
  std::map<std::string, Table> tables_;
};

struct CellNames {
  std::string gpu, gpu_label;     ///< in the catalogue and in the tables
  std::string engine, framework;  ///< the same
  std::string versions;           ///< what was measured
  /// The cell, "b200-hgx-vllm", whose dense multiplications and serving scales stand in for those that were not
  /// measured; "" where all were.
  std::string relative = "";
};

/// GPUs and engines with tables, each after its relative. GPUs may be missing from the catalogue.
std::span<const CellNames> kernel_cells();

/// A cell without a file of its own: with a relative, its multiplications, scales and releases, and no serving points.
models::Calibration start_cell(const CellNames&, const models::Calibration* relative);

/// Fits what the tables have for the cell, prints a line of errors per fit, and keeps them in `kernel_errors`. Dense
/// multiplications, attention over heads of 128 and all-reduce are left alone where `calibration` has them already: the
/// scales fitted on serving points belong to them.
void fit_kernels(KernelTables&, const CellNames&, models::Calibration&);

}  // namespace flotilla::analysis
