#include "analysis/calibrate/kernel_stage.hpp"

#include <fmt/format.h>

#include <vector>

namespace flotilla::analysis {
namespace {

using models::Calibration;
using models::NumberFormat;

constexpr auto kWindow = "/window";
constexpr auto kProvenance =
    "Kernels: NVIDIA AIConfigurator's measured tables (github.com/ai-dynamo/aiconfigurator, 095f58a5, Apache-2.0), on "
    "real GPUs. Coefficients: our fit.";

const std::vector<CellNames>& cells() {
  static const std::vector<CellNames> all = [] {
    std::vector<CellNames> list;
    struct Chip {
      std::string name, label;
    };
    for (const auto& [gpu, label] :
         {Chip{"h100-sxm", "H100"}, {"h200-sxm", "H200"}, {"b200-hgx", "B200"}, {"gb200", "GB200"}}) {
      list.push_back({gpu, label, "vllm", "vllm", "kernels 0.24.0"});
      list.push_back({gpu, label, "tensorrt-llm", "trtllm", "kernels 1.3.0rc20"});
      list.push_back({gpu, label, "sglang", "sglang", "kernels 0.5.14; multiplications of vLLM 0.24.0", gpu + "-vllm"});
    }
    struct Relative {
      std::string name, label, of, vllm, trtllm, sglang;
    };
    for (const auto& r : {Relative{"b300-hgx", "B300", "b200-hgx", "0.24.0", "1.3.0rc20", "0.5.14"},
                          {"gb300", "GB300", "gb200", "0.24.0", "1.3.0rc20", "0.5.14"},
                          {"a100-sxm", "A100-SXM", "h100-sxm", "0.14.0", "1.0.0", "0.5.10"}}) {
      const auto versions = [&](const std::string& own) { return "kernels " + own + "; multiplications of " + r.of; };
      list.push_back({r.name, r.label, "vllm", "vllm", versions(r.vllm), r.of + "-vllm"});
      list.push_back({r.name, r.label, "tensorrt-llm", "trtllm", versions(r.trtllm), r.of + "-tensorrt-llm"});
      list.push_back({r.name, r.label, "sglang", "sglang", versions(r.sglang), r.of + "-sglang"});
    }
    return list;
  }();
  return all;
}

/// One cell's fits.
struct Stage {
  KernelTables& tables;
  const CellNames& names;
  KernelCell cell;
  Calibration& c;

  void note(const std::string& what, const KernelFitError& e) {
    if (e.rows == 0) return;
    fmt::print("  {:<36} {:6} rows, error median {:4.1f} %, p90 {:5.1f} %, bias {:+5.1f} %\n", what, e.rows,
               100 * e.median, 100 * e.p90, 100 * e.bias);
    c.kernel_errors[what] = {e.rows, e.median, e.p90, e.bias};
  }

  /// Notes a fit that is of use; false where there were no rows, or none that the formula follows.
  bool kept(const std::string& what, const KernelFitError& e) {
    constexpr double kOfUse = 0.25;
    if (e.median <= kOfUse) return note(what, e), e.rows > 0;
    fmt::print("  {:<36} {:6} rows, error median {:4.1f} %: left out\n", what, e.rows, 100 * e.median);
    return false;
  }

  [[nodiscard]] KernelCell as(const std::string& framework) const { return {cell.gpu, cell.gpu_label, framework}; }

  void multiplications();
  void attention();
  void attention_window(const std::string& key, const AttentionKernel& windowed);
  void latent();
  void experts();
  void exchanges();
};

/// vLLM's table of fp8_block was taken without CUDA graphs (aiconfigurator, collector/vllm/collect_gemm.py): 170 us on
/// Blackwell and 60 to 90 us on Hopper whatever the size, which is its CPU. Where the GPU is the slower its times are
/// TensorRT-LLM's within 15 %; those were taken under graphs, so they stand for both.
void Stage::multiplications() {
  if (!names.relative.empty()) return;
  const auto& table = tables["gemm_" + names.gpu_label];
  for (const auto& format : kKernelFormats) {
    const std::string key(format.name);
    if (!has_native(cell.gpu, format.stored) || format.stored == NumberFormat::kMxfp4) continue;
    KernelFitError error;
    const auto gemm = fit_gemm(table, as(key == "fp8_block" ? "trtllm" : names.framework), format, error);
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
      attention_window(key, windowed);
    }
  }
}

/// Kernels over a window are told apart where those over all tokens miss them by over 10 %, reading no more than the
/// window.
void Stage::attention_window(const std::string& key, const AttentionKernel& windowed) {
  constexpr double kWithinReason = 0.10;
  const auto own = key + kWindow;
  const auto& decode = tables["attention_decode"];
  const auto& prefill = tables["attention_prefill"];
  KernelFitError as_full, error;
  if (const auto full = c.attention_decode.find(key); full != c.attention_decode.end()) {
    as_full = error_of(full->second, decode, cell, windowed);
    note(fmt::format("attention_decode {} on windows", key), as_full);
    const auto fitted = fit_attention_decode(decode, cell, windowed, error);
    if (as_full.median > kWithinReason && error.median < as_full.median && kept("attention_decode " + own, error))
      c.attention_decode[own] = fitted;
  }
  if (const auto full = c.attention_prefill.find(key); full != c.attention_prefill.end()) {
    as_full = error_of(full->second, prefill, cell, windowed);
    note(fmt::format("attention_prefill {} on windows", key), as_full);
    const auto fitted = fit_attention_prefill(prefill, cell, windowed, error);
    if (as_full.median > kWithinReason && error.median < as_full.median && kept("attention_prefill " + own, error))
      c.attention_prefill[own] = fitted;
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
    note(fmt::format("moe {} decoding", key), error.decoding);
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

std::span<const CellNames> kernel_cells() { return cells(); }

Calibration start_cell(const CellNames& names, const Calibration* relative) {
  Calibration c;
  if (relative != nullptr) {
    c.formats = relative->formats;
    std::erase_if(c.formats, [&](const auto& entry) {
      return entry.first.rfind("fp8", 0) == 0 && !has_native(models::load_gpu(names.gpu), NumberFormat::kFp8);
    });
    for (auto& [key, format] : c.formats) format.tpot = {};
    c.expert_scales = relative->expert_scales;
    for (auto& [key, scales] : c.expert_scales) scales.tpot = {};
    if (relative->engine != names.engine) {
      // Another engine's attention and experts are other kernels; how tokens choose experts is the model's.
      for (auto& [key, format] : c.formats) format.scales.attention = 1;
      for (auto& [key, scales] : c.expert_scales) scales.launch = scales.memory = scales.compute = 1;
    }
    c.profiles = relative->profiles;
    c.all_reduce = relative->all_reduce;
    c.all_reduce.curves.clear();
    c.elementwise = relative->elementwise;
    if (relative->gpu != names.gpu) c.gemm_from = relative->gpu;
    c.scales_from = relative->gpu + (relative->engine == names.engine ? "" : " with " + relative->engine);
  } else {
    // No table covers these: about four small kernels of 2 us in a CUDA graph; the launch scale corrects it.
    c.elementwise = {8e-6, 0.7};
  }
  c.gpu = names.gpu, c.engine = names.engine, c.engine_versions = names.versions, c.provenance = kProvenance;
  return c;
}

void fit_kernels(KernelTables& tables, const CellNames& names, Calibration& calibration) {
  calibration.kernel_errors.clear();
  calibration.mla_decode.clear(), calibration.mla_prefill.clear();
  calibration.moe.clear(), calibration.expert_exchange.clear();
  const auto windowed = [](const auto& kernel) { return kernel.first.find(kWindow) != std::string::npos; };
  std::erase_if(calibration.attention_decode, windowed);
  std::erase_if(calibration.attention_prefill, windowed);
  Stage stage{tables, names, {models::load_gpu(names.gpu), names.gpu_label, names.framework}, calibration};
  stage.multiplications();
  stage.attention();
  stage.latent();
  stage.experts();
  stage.exchanges();
  auto& curves = calibration.all_reduce.curves;
  if (curves.empty()) curves = fit_all_reduce(tables["collectives"], stage.cell);
}

}  // namespace flotilla::analysis
