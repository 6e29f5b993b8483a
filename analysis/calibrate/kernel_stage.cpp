#include "analysis/calibrate/kernel_stage.hpp"

#include <fmt/format.h>

#include <array>

namespace flotilla::analysis {
namespace {

using models::Calibration;
using models::NumberFormat;

const std::array<CellNames, 12> kCells{{
    {"h100-sxm", "H100", "vllm", "vllm", "kernels 0.24.0"},
    {"h100-sxm", "H100", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"},
    {"h100-sxm", "H100", "sglang", "sglang", "kernels 0.5.14, multiplications of vLLM 0.24.0", "vllm"},
    {"h200-sxm", "H200", "vllm", "vllm", "kernels 0.24.0"},
    {"h200-sxm", "H200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"},
    {"h200-sxm", "H200", "sglang", "sglang", "kernels 0.5.14, multiplications of vLLM 0.24.0", "vllm"},
    {"b200-hgx", "B200", "vllm", "vllm", "kernels 0.24.0"},
    {"b200-hgx", "B200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"},
    {"b200-hgx", "B200", "sglang", "sglang", "kernels 0.5.14, multiplications of vLLM 0.24.0", "vllm"},
    {"gb200", "GB200", "vllm", "vllm", "kernels 0.24.0"},
    {"gb200", "GB200", "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"},
    {"gb200", "GB200", "sglang", "sglang", "kernels 0.5.14, multiplications of vLLM 0.24.0", "vllm"},
}};

/// One cell's fits.
struct Stage {
  KernelTables& tables;
  const CellNames& names;
  KernelCell cell;
  Calibration& c;

  /// Prints and keeps; false where there were no rows.
  bool kept(const std::string& what, const KernelFitError& e) {
    if (e.rows == 0) return false;
    fmt::print("  {:<34} {:6} rows, error median {:4.1f} %, p90 {:5.1f} %, bias {:+5.1f} %\n", what, e.rows,
               100 * e.median, 100 * e.p90, 100 * e.bias);
    c.kernel_errors[what] = {e.rows, e.median, e.p90, e.bias};
    return true;
  }

  [[nodiscard]] KernelCell as(const std::string& framework) const { return {cell.gpu, cell.gpu_label, framework}; }

  void multiplications();
  void attention();
  void latent();
  void experts();
  void exchanges();
};

/// vLLM's table of fp8_block was taken without CUDA graphs (aiconfigurator, collector/vllm/collect_gemm.py): 170 us on
/// Blackwell and 60 to 90 us on Hopper whatever the size, which is its CPU. Where the GPU is the slower its times are
/// TensorRT-LLM's within 15 %; those were taken under graphs, so they stand for both.
void Stage::multiplications() {
  const auto& table = tables["gemm_" + names.gpu_label];
  const auto own = names.multiplies_as.empty() ? names.framework : names.multiplies_as;
  for (const auto& format : kKernelFormats) {
    const std::string key(format.name);
    if (!has_native(cell.gpu, format.stored) || format.stored == NumberFormat::kMxfp4) continue;
    KernelFitError error;
    const auto gemm = fit_gemm(table, as(key == "fp8_block" ? "trtllm" : own), format, error);
    if (kept("gemm " + key, error) && c.formats.count(key) == 0) c.formats[key].gemm = gemm;
  }
}

void Stage::attention() {
  const auto& decode = tables["attention_decode"];
  const auto& prefill = tables["attention_prefill"];
  for (const int head_dim : {128, 64}) {
    for (const auto kv : {NumberFormat::kBf16, NumberFormat::kFp8}) {
      const auto key = fmt::format("{}{}", name_of(kv), head_dim == 128 ? "" : fmt::format("@{}", head_dim));
      const AttentionKernel full{kv, head_dim, 0}, windowed{kv, head_dim, 128};
      KernelFitError error;
      const auto fitted_decode = fit_attention_decode(decode, cell, full, error);
      if (kept("attention_decode " + key, error)) c.attention_decode.try_emplace(key, fitted_decode);
      const auto fitted_prefill = fit_attention_prefill(prefill, cell, full, error);
      if (kept("attention_prefill " + key, error)) c.attention_prefill.try_emplace(key, fitted_prefill);
      if (c.attention_decode.count(key) == 0 || c.attention_prefill.count(key) == 0) continue;
      kept(fmt::format("attention_decode {} window 128", key),
           error_of(c.attention_decode.at(key), decode, cell, windowed));
      kept(fmt::format("attention_prefill {} window 128", key),
           error_of(c.attention_prefill.at(key), prefill, cell, windowed));
    }
  }
}

void Stage::latent() {
  for (const auto kv : {NumberFormat::kBf16, NumberFormat::kFp8}) {
    const std::string key(name_of(kv));
    KernelFitError error;
    const auto decode = fit_mla_decode(tables["mla_decode"], cell, kv, c.formats, error);
    if (kept("mla_decode " + key, error)) c.mla_decode[key] = decode;
    const auto prefill = fit_mla_prefill(tables["mla_prefill"], cell, kv, c.formats, error);
    if (kept("mla_prefill " + key, error)) c.mla_prefill[key] = prefill;
  }
}

/// Of kernels that an engine has side by side, those it prefers where a model allows them.
std::string preferred_kernel(const CellNames& names, const std::string& format) {
  const bool blackwell = names.gpu_label.find("B") != std::string::npos;
  // SGLang's default for FP8 and FP4 experts on Blackwell; its Triton kernels stay for models these do not know.
  if (names.framework == "sglang" && blackwell && (format == "bf16" || format == "fp8_block")) return "trtllm_moe";
  // TRT-LLM's moe_backend TRTLLM, which NVIDIA's deployment guides choose under tensor parallelism.
  if (names.framework == "trtllm" && format == "nvfp4" && (names.gpu_label == "B200" || names.gpu_label == "GB200"))
    return "min_latency";
  return "";
}

void Stage::experts() {
  const auto& table = tables["moe_experts"];
  for (const auto& format : kKernelFormats) {
    const std::string key(format.name);
    const auto kernel = preferred_kernel(names, key);
    // vLLM's FP8 experts on Hopper were measured at a fifth of the bandwidth: FlashInfer's CUTLASS kernels untuned.
    // TensorRT-LLM's are the same kernels, tuned.
    const bool untuned = names.framework == "vllm" && key == "fp8" && !has_native(cell.gpu, NumberFormat::kNvfp4);
    MoeFitError error;
    const auto fitted = fit_moe(table, untuned ? as("trtllm") : cell, format, kernel, tables.loads, error);
    if (!kept("moe " + key, error.all)) continue;
    kept(fmt::format("moe {} to 512 tokens", key), error.decoding);
    c.moe[key] = fitted;
    if (kernel != "min_latency") continue;
    const auto grouped = fit_moe(table, cell, format, "cutlass", tables.loads, error);
    if (kept(fmt::format("moe {}@cutlass", key), error.all)) c.moe[key + "@cutlass"] = grouped;
  }
}

void Stage::exchanges() {
  constexpr ExchangeLibrary kDeepEp[] = {{"deepep_low_latency", "DeepEP low-latency"},
                                         {"deepep_normal", "DeepEP normal"}};
  constexpr ExchangeLibrary kNvlink[] = {{"nvlink_one_sided", "TRT-LLM NVLinkOneSided"},
                                         {"nvlink_two_sided", "TRT-LLM NVLinkTwoSided"}};
  const auto& table = tables["moe_alltoall"];
  const auto add = [&](const ExchangeLibrary& library) {
    KernelFitError error;
    const auto fitted = fit_exchange(table, cell, library, error);
    if (kept(fmt::format("expert_exchange {}", library.name), error))
      c.expert_exchange[std::string(library.name)] = fitted;
  };
  for (const auto& library : kDeepEp) add(library);
  if (names.framework != "trtllm") return;
  for (const auto& library : kNvlink) add(library);
}

}  // namespace

const Table& KernelTables::operator[](const std::string& name) {
  const auto known = tables_.find(name);
  if (known != tables_.end()) return known->second;
  return tables_.emplace(name, Table::load(fmt::format("{}/kernels/{}.csv.gz", folder_, name))).first->second;
}

std::span<const CellNames> kernel_cells() { return kCells; }

void fit_kernels(KernelTables& tables, const CellNames& names, Calibration& calibration) {
  Stage stage{tables, names, {models::load_gpu(names.gpu), names.gpu_label, names.framework}, calibration};
  stage.multiplications();
  stage.attention();
  stage.latent();
  stage.experts();
  stage.exchanges();
  if (calibration.all_reduce.curves.empty())
    calibration.all_reduce.curves = fit_all_reduce(tables["collectives"], stage.cell);
}

}  // namespace flotilla::analysis
