#include "models/kernel_format.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace flotilla::models {
namespace {

using F = NumberFormat;
constexpr std::array<KernelFormat, 7> kFormats{{{"bf16", "bfloat16", F::kBf16, F::kBf16},
                                                {"fp8", "fp8", F::kFp8, F::kFp8},
                                                {"fp8_block", "fp8_block", F::kFp8, F::kFp8},
                                                {"nvfp4", "nvfp4", F::kNvfp4, F::kNvfp4},
                                                {"mxfp4", "w4a16_mxfp4", F::kMxfp4, F::kBf16},
                                                {"mxfp4_mxfp8", "w4a8_mxfp4_mxfp8", F::kMxfp4, F::kFp8},
                                                {"int4", "int4_wo", F::kInt4, F::kBf16}}};

}  // namespace

std::span<const KernelFormat> kernel_formats() { return kFormats; }

const KernelFormat& kernel_format(std::string_view name) {
  for (const auto& format : kFormats) {
    if (format.name == name) return format;
  }
  throw std::out_of_range("no kernel format " + std::string(name));
}

}  // namespace flotilla::models
