#include "models/number_format.hpp"

#include <array>

namespace flotilla::models {
namespace {

constexpr std::array<std::pair<NumberFormat, std::string_view>, 5> kNames{{{NumberFormat::kBf16, "bf16"},
                                                                           {NumberFormat::kFp8, "fp8"},
                                                                           {NumberFormat::kNvfp4, "nvfp4"},
                                                                           {NumberFormat::kMxfp4, "mxfp4"},
                                                                           {NumberFormat::kInt4, "int4"}}};

}  // namespace

std::span<const std::pair<NumberFormat, std::string_view>> enum_names(NumberFormat) { return kNames; }

std::string_view name_of(NumberFormat format) {
  for (const auto& [value, name] : kNames) {
    if (value == format) return name;
  }
  return "?";
}

// NVFP4: 16-element blocks with an E4M3 scale; MXFP4: 32-element blocks with an E8M0 scale (OCP Microscaling Formats
// v1.0); INT4: groups of 128 with a 16-bit scale (the group size of the AWQ and GPTQ checkpoints in use).
double bytes_per_element(NumberFormat format) {
  switch (format) {
    case NumberFormat::kBf16:
      return 2.0;
    case NumberFormat::kFp8:
      return 1.0;
    case NumberFormat::kNvfp4:
      return 0.5 + 1.0 / 16;
    case NumberFormat::kMxfp4:
      return 0.5 + 1.0 / 32;
    case NumberFormat::kInt4:
      return 0.5 + 2.0 / 128;
  }
  return 2.0;
}

}  // namespace flotilla::models
