// Number formats as the tables of kernels name them.
#pragma once

#include <array>
#include <string_view>

#include "models/number_format.hpp"

namespace flotilla::analysis {

struct KernelFormat {
  std::string_view name;        ///< key of the maps in models/calibration
  std::string_view label;       ///< NVIDIA AIConfigurator's name
  models::NumberFormat stored;  ///< the weights
};

/// mxfp4 and int4 multiply in BF16, mxfp4_mxfp8 in FP8: see models::peak_of.
inline constexpr std::array<KernelFormat, 7> kKernelFormats{
    {{"bf16", "bfloat16", models::NumberFormat::kBf16},
     {"fp8", "fp8", models::NumberFormat::kFp8},
     {"fp8_block", "fp8_block", models::NumberFormat::kFp8},
     {"nvfp4", "nvfp4", models::NumberFormat::kNvfp4},
     {"mxfp4", "w4a16_mxfp4", models::NumberFormat::kMxfp4},
     {"mxfp4_mxfp8", "w4a8_mxfp4_mxfp8", models::NumberFormat::kMxfp4},
     {"int4", "int4_wo", models::NumberFormat::kInt4}}};

}  // namespace flotilla::analysis
