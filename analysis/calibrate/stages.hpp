// Coefficients of all GPUs and engines, from tables of measured kernels and serving points; and how well they predict
// what was left out of a fit.
#pragma once

#include <string>

namespace flotilla::analysis {

struct CalibrationPlan {
  std::string tables;          ///< folder with kernels/*.csv.gz and serving_points.csv.gz
  std::string output;          ///< folder of the coefficient files: GPU-ENGINE.yaml
  bool renew_kernels = false;  ///< fit kernels anew, too; else those that ship are kept
  std::string only;            ///< one cell, "b200-hgx-vllm"; "" = all
};

/// Fits serving points on top of kernels and writes a file per GPU and engine; the same tables give the same files. A
/// cell without points of its own takes scales and releases of its relative. Prints errors by model, in sample. Throws
/// InputError.
void calibrate_all(const CalibrationPlan&);

/// What a fit does without, one slice after the other.
enum class Slice { kTensorParallelSize, kRelease, kGpu };

/// Fits without each slice, predicts it, and prints a Markdown table of errors by model: in sample, and out of it. A
/// GPU left out is predicted with its own kernels and the scales of the nearest other GPU of the same engine.
/// Coefficients that ship are the starting point; nothing is written. Throws InputError.
void leave_out(const CalibrationPlan&, Slice);

}  // namespace flotilla::analysis
