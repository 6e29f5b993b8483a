// Number formats as kernels tell them apart: what weights are stored in, and which cores multiply them.
#pragma once

#include <span>
#include <string_view>

#include "models/gpu.hpp"

namespace flotilla::models {

/// A key of the maps in models/calibration.
struct KernelFormat {
  std::string_view name;
  std::string_view measured_as;  ///< NVIDIA AIConfigurator's name of it
  NumberFormat stored;           ///< the weights
  NumberFormat multiplied;       ///< the peak that counts
};

/// bf16; fp8 (scales per tensor or channel); fp8_block (a scale per 128 x 128 weights); nvfp4 (weights and activations);
/// mxfp4 (weights only); mxfp4_mxfp8 (MXFP4 weights, MXFP8 activations); int4 (weights only).
std::span<const KernelFormat> kernel_formats();
/// Throws std::out_of_range for a name that is none of these.
const KernelFormat& kernel_format(std::string_view name);

}  // namespace flotilla::models
