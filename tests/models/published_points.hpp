// Published closed-loop measurements of Llama 3.3 70B: InferenceX (SemiAnalysis) runs of 2025-10-29, as collected in
// NVIDIA AIConfigurator (github.com/ai-dynamo/aiconfigurator, 095f58a5, silicon_sample.csv, Apache-2.0). `id` is the
// run's name there after "2026_04_06_llama_3_1_70b_" (the benchmark ran 3.3, of the same shape).
//
// How they were measured: a closed loop of `concurrency` clients, 2 * concurrency requests to warm up, then 10 *
// concurrency; random tokens, lengths uniform in 80-100 % of isl and osl, no prefix cache, ignore_eos. TTFT and TPOT
// are means, drain included. Launch flags: vLLM max_num_batched_tokens 8192; TensorRT-LLM max_num_tokens = isl + osl +
// 20 (1k/1k) or + 200. The KV format is not in the table: the scripts ask for FP8, on H100 with vLLM for the
// checkpoint's (BF16).
#pragma once

#include "models/number_format.hpp"

namespace flotilla::tests {

using models::NumberFormat;

struct PublishedPoint {
  const char* id;
  const char* gpu;
  const char* engine;
  NumberFormat weights;
  NumberFormat kv_cache;
  int tp;
  int isl;
  int osl;
  int concurrency;
  double ttft_ms;
  double tpot_ms;
};

/// The first 14 must be met within 12 % in TPOT.
inline constexpr int kGatePoints = 14;

inline constexpr PublishedPoint kPublishedPoints[] = {
    {"h100_sxm_vllm_fp8_agg_1024x1024_c4_tp2_ep1_738", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 2,
     1024, 1024, 4, 121.3, 17.41},
    {"h100_sxm_vllm_fp8_agg_1024x1024_c64_tp2_ep1_648", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 2,
     1024, 1024, 64, 415.1, 28.77},
    {"h100_sxm_vllm_fp8_agg_1024x1024_c4_tp8_ep1_725", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 8,
     1024, 1024, 4, 70.4, 9.11},
    {"h100_sxm_vllm_fp8_agg_1024x1024_c64_tp8_ep1_625", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 8,
     1024, 1024, 64, 184.8, 15.46},
    {"h200_sxm_vllm_fp8_agg_1024x1024_c4_tp2_ep1_913", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 2,
     1024, 1024, 4, 121.3, 13.91},
    {"h200_sxm_vllm_fp8_agg_1024x1024_c64_tp2_ep1_683", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 2,
     1024, 1024, 64, 417.0, 22.71},
    {"b200_sxm_vllm_fp4_agg_1024x1024_c4_tp1_ep1_694", "b200-hgx", "vllm", NumberFormat::kNvfp4, NumberFormat::kFp8, 1,
     1024, 1024, 4, 90.1, 13.07},
    {"b200_sxm_vllm_fp4_agg_1024x1024_c64_tp1_ep1_746", "b200-hgx", "vllm", NumberFormat::kNvfp4, NumberFormat::kFp8, 1,
     1024, 1024, 64, 241.5, 17.84},
    {"b200_sxm_vllm_fp8_agg_1024x1024_c4_tp1_ep1_805", "b200-hgx", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 1,
     1024, 1024, 4, 122.4, 16.34},
    {"b200_sxm_vllm_fp8_agg_1024x1024_c64_tp1_ep1_635", "b200-hgx", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 1,
     1024, 1024, 64, 385.2, 23.10},
    {"b200_sxm_trtllm_fp4_agg_1024x1024_c4_tp1_ep1_739", "b200-hgx", "tensorrt-llm", NumberFormat::kNvfp4,
     NumberFormat::kFp8, 1, 1024, 1024, 4, 304.6, 12.06},
    {"b200_sxm_trtllm_fp4_agg_1024x1024_c64_tp1_ep1_261", "b200-hgx", "tensorrt-llm", NumberFormat::kNvfp4,
     NumberFormat::kFp8, 1, 1024, 1024, 64, 505.8, 16.92},
    {"b200_sxm_trtllm_fp8_agg_1024x1024_c4_tp1_ep1_737", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 1, 1024, 1024, 4, 383.1, 14.59},
    {"b200_sxm_trtllm_fp8_agg_1024x1024_c64_tp1_ep1_787", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 1, 1024, 1024, 64, 731.6, 21.39},
    {"h100_sxm_vllm_fp8_agg_8192x1024_c4_tp2_ep1_834", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 2,
     8192, 1024, 4, 737.5, 20.62},
    {"h100_sxm_vllm_fp8_agg_8192x1024_c8_tp2_ep1_640", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 2,
     8192, 1024, 8, 962.9, 25.01},
    {"h100_sxm_vllm_fp8_agg_1024x8192_c8_tp8_ep1_543", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 8,
     1024, 8192, 8, 82.3, 9.81},
    {"h100_sxm_vllm_fp8_agg_1024x8192_c64_tp8_ep1_502", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 8,
     1024, 8192, 64, 176.2, 16.49},
    {"h100_sxm_vllm_fp8_agg_8192x1024_c32_tp8_ep1_814", "h100-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kBf16, 8,
     8192, 1024, 32, 689.2, 21.61},
    {"h200_sxm_vllm_fp8_agg_1024x1024_c4_tp1_ep1_621", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 1,
     1024, 1024, 4, 202.8, 21.47},
    {"h200_sxm_vllm_fp8_agg_1024x1024_c64_tp1_ep1_730", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 1,
     1024, 1024, 64, 729.7, 37.44},
    {"h200_sxm_vllm_fp8_agg_8192x1024_c8_tp8_ep1_772", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 8,
     8192, 1024, 8, 394.9, 10.08},
    {"h200_sxm_vllm_fp8_agg_8192x1024_c64_tp8_ep1_852", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 8,
     8192, 1024, 64, 1141.1, 29.17},
    {"h200_sxm_vllm_fp8_agg_1024x8192_c64_tp2_ep1_505", "h200-sxm", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 2,
     1024, 8192, 64, 413.0, 26.84},
    {"h200_sxm_trtllm_fp8_agg_1024x1024_c4_tp1_ep1_735", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 1, 1024, 1024, 4, 562.2, 20.11},
    {"h200_sxm_trtllm_fp8_agg_1024x1024_c128_tp1_ep1_763", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 1, 1024, 1024, 128, 1882.2, 44.92},
    {"h200_sxm_trtllm_fp8_agg_8192x1024_c8_tp2_ep1_840", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 2, 8192, 1024, 8, 892.0, 16.85},
    {"h200_sxm_trtllm_fp8_agg_8192x1024_c128_tp2_ep1_678", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 2, 8192, 1024, 128, 4676.3, 108.03},
    {"h200_sxm_trtllm_fp8_agg_1024x8192_c4_tp8_ep1_611", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 8, 1024, 8192, 4, 91.3, 6.45},
    {"h200_sxm_trtllm_fp8_agg_1024x8192_c128_tp8_ep1_414", "h200-sxm", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 8, 1024, 8192, 128, 322.2, 20.74},
    {"b200_sxm_vllm_fp4_agg_1024x1024_c4_tp2_ep1_704", "b200-hgx", "vllm", NumberFormat::kNvfp4, NumberFormat::kFp8, 2,
     1024, 1024, 4, 83.8, 9.67},
    {"b200_sxm_vllm_fp4_agg_1024x1024_c64_tp2_ep1_726", "b200-hgx", "vllm", NumberFormat::kNvfp4, NumberFormat::kFp8, 2,
     1024, 1024, 64, 192.3, 13.69},
    {"b200_sxm_vllm_fp8_agg_1024x8192_c4_tp8_ep1_508", "b200-hgx", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 8,
     1024, 8192, 4, 89.7, 6.52},
    {"b200_sxm_vllm_fp8_agg_1024x8192_c64_tp8_ep1_519", "b200-hgx", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 8,
     1024, 8192, 64, 259.0, 10.45},
    {"b200_sxm_vllm_fp4_agg_8192x1024_c32_tp1_ep1_831", "b200-hgx", "vllm", NumberFormat::kNvfp4, NumberFormat::kFp8, 1,
     8192, 1024, 32, 1173.9, 31.01},
    {"b200_sxm_vllm_fp8_agg_8192x1024_c8_tp1_ep1_793", "b200-hgx", "vllm", NumberFormat::kFp8, NumberFormat::kFp8, 1,
     8192, 1024, 8, 940.5, 21.08},
    {"b200_sxm_trtllm_fp4_agg_1024x8192_c64_tp2_ep1_596", "b200-hgx", "tensorrt-llm", NumberFormat::kNvfp4,
     NumberFormat::kFp8, 2, 1024, 8192, 64, 175.1, 14.37},
    {"b200_sxm_trtllm_fp4_agg_8192x1024_c4_tp8_ep1_778", "b200-hgx", "tensorrt-llm", NumberFormat::kNvfp4,
     NumberFormat::kFp8, 8, 8192, 1024, 4, 184.7, 6.73},
    {"b200_sxm_trtllm_fp4_agg_8192x1024_c128_tp8_ep1_776", "b200-hgx", "tensorrt-llm", NumberFormat::kNvfp4,
     NumberFormat::kFp8, 8, 8192, 1024, 128, 1024.8, 29.45},
    {"b200_sxm_trtllm_fp8_agg_1024x1024_c128_tp1_ep1_786", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 1, 1024, 1024, 128, 1016.0, 29.40},
    {"b200_sxm_trtllm_fp8_agg_1024x1024_c4_tp8_ep1_626", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 8, 1024, 1024, 4, 61.7, 5.45},
    {"b200_sxm_trtllm_fp8_agg_1024x1024_c128_tp8_ep1_766", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 8, 1024, 1024, 128, 233.2, 13.65},
    {"b200_sxm_trtllm_fp8_agg_8192x1024_c32_tp2_ep1_813", "b200-hgx", "tensorrt-llm", NumberFormat::kFp8,
     NumberFormat::kFp8, 2, 8192, 1024, 32, 878.5, 22.13},
};

}  // namespace flotilla::tests
