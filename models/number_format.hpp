// Number formats of weights and of the KV cache, with the scales they carry.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace flotilla::models {

enum class NumberFormat { kBf16, kFp8, kNvfp4, kMxfp4, kInt4 };

/// Names as users write them, for the reader.
std::span<const std::pair<NumberFormat, std::string_view>> enum_names(NumberFormat);
std::string_view name_of(NumberFormat);

/// Bytes per stored element, scales included: BF16 2; FP8 1 (per-tensor or per-channel scales: negligible);
/// NVFP4 4 bits + one 8-bit scale per 16; MXFP4 4 bits + one 8-bit scale per 32; INT4 4 bits + one 16-bit scale per
/// 128.
double bytes_per_element(NumberFormat);

}  // namespace flotilla::models
