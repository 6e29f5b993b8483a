#include "models/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include "models/catalog.hpp"
#include "models/release.hpp"
#include "scenarios/reader/embedded.hpp"
#include "scenarios/reader/plain_text.hpp"

namespace flotilla::models {
namespace {

constexpr auto kFolder = "models/calibration";

std::vector<Calibration> read_all() {
  std::vector<Calibration> all;
  for (const auto& name : reader::embedded_names(kFolder)) {
    const auto path = fmt::format("{}/{}.yaml", kFolder, name);
    const auto document = reader::Document::from_text(std::string(*reader::embedded_file(path)), path);
    all.push_back(read_calibration(document));
  }
  return all;
}

void outside(StepCost::Envelope& envelope, const std::string& reason) {
  envelope.inside = false;
  envelope.reason += (envelope.reason.empty() ? "" : "; ") + reason;
}

/// What could not be had as asked for, said in the envelope.
using Notes = std::function<void(const std::string&)>;

/// The first of `keys` that the map has.
template <class Map>
std::string first_of(const Map& map, const std::vector<std::string>& keys) {
  for (const auto& key : keys) {
    if (map.count(key) != 0) return key;
  }
  return "";
}

/// A format's own kernels, then those of its nearest relatives; weight-only formats read fewer bytes with BF16 kernels.
std::vector<std::string> gemm_keys(const Gpu& gpu, NumberFormat format, bool block_scales) {
  if (!has_native(gpu, format)) return {"bf16"};
  switch (format) {
    case NumberFormat::kFp8:
      return block_scales ? std::vector<std::string>{"fp8_block", "fp8", "bf16"}
                          : std::vector<std::string>{"fp8", "bf16"};
    case NumberFormat::kNvfp4:
    case NumberFormat::kMxfp4:
      return {"nvfp4", "fp8", "bf16"};
    case NumberFormat::kBf16:
    case NumberFormat::kInt4:
      return {"bf16"};
  }
  return {"bf16"};
}

std::string gemm_key(const Deployment& d, const Calibration& calibration, NumberFormat format, const Notes& note) {
  const auto keys = gemm_keys(d.gpu, format, d.llm.fp8_block_scales);
  const auto key = first_of(calibration.formats, keys);
  const std::string name(name_of(format));
  if (!has_native(d.gpu, format)) {
    note(fmt::format("{} weights counted as bf16 kernels that read fewer bytes", name));
  } else if (key != keys.front() || format == NumberFormat::kMxfp4) {
    note(fmt::format("{} weights counted with the kernels of {}", name, key));
  }
  return key;
}

std::string expert_key(const Deployment& d, const Calibration& calibration, const Notes& note) {
  std::vector<std::string> keys;
  switch (d.weights) {
    case NumberFormat::kBf16:
      keys = {"bf16"};
      break;
    case NumberFormat::kFp8:
      keys = d.llm.fp8_block_scales ? std::vector<std::string>{"fp8_block", "fp8"}
                                    : std::vector<std::string>{"fp8", "fp8_block"};
      break;
    case NumberFormat::kNvfp4:
      keys = {"nvfp4"};
      break;
    case NumberFormat::kMxfp4:  // engines multiply MXFP4 weights with MXFP8 activations where the GPU can
      keys = has_native(d.gpu, NumberFormat::kMxfp4) ? std::vector<std::string>{"mxfp4_mxfp8", "mxfp4", "nvfp4"}
                                                     : std::vector<std::string>{"mxfp4", "int4"};
      break;
    case NumberFormat::kInt4:
      keys = {"int4", "mxfp4"};
      break;
  }
  auto key = first_of(calibration.moe, keys);
  if (key.empty() && !calibration.moe.empty())
    key = first_of(calibration.moe, {"fp8_block", "fp8", "bf16", calibration.moe.begin()->first});
  if (key != keys.front()) note(fmt::format("experts in {} counted with the kernels of {}", name_of(d.weights), key));
  return key;
}

/// Heads of an unusual width have kernels of their own where they were measured.
std::string attention_key(const Deployment& d, const Calibration& calibration, const Notes& note) {
  const bool latent = d.llm.latent_attention();
  const auto measured = [&](const std::string& key) {
    return latent ? calibration.mla_decode.count(key) != 0 && calibration.mla_prefill.count(key) != 0
                  : calibration.attention_decode.count(key) != 0 && calibration.attention_prefill.count(key) != 0;
  };
  const std::string kv = d.kv_cache != NumberFormat::kBf16 && measured("fp8") ? "fp8" : "bf16";
  if (name_of(d.kv_cache) != kv)
    note(fmt::format("{} KV cache counted with the kernels of {}", name_of(d.kv_cache), kv));
  if (latent) return kv;
  const auto own = fmt::format("{}@{}", kv, d.llm.head_dim);
  return measured(own) ? own : kv;
}

ServingProfile profile_of(const Deployment& d, const Calibration& calibration, const Notes& note) {
  const auto& profiles = calibration.profiles;
  if (profiles.empty()) return {};
  const auto& release = d.engine_version.empty() ? d.engine.version : d.engine_version;
  const ServingProfile* nearest = &profiles.front();  // the newest that is not newer, else the oldest
  for (const auto& profile : profiles) {
    if (compare_releases(profile.from, release) > 0) {
      // A later patch of the same release is nearer than an earlier release.
      if (minor_of(profile.from) == minor_of(release) && minor_of(nearest->to) != minor_of(release)) nearest = &profile;
      break;
    }
    nearest = &profile;
    if (compare_releases(release, profile.to) <= 0) return profile;
  }
  note(fmt::format("{} {} was not measured; {} to {} used", d.engine.name, release, nearest->from, nearest->to));
  return *nearest;
}

void choose_kernels(const Deployment& d, CalibratedCell& cell, const Notes& note) {
  const auto& calibration = *cell.calibration;
  const bool dense_weights = d.llm.moe_layers < d.llm.layers || d.llm.shared_intermediate > 0;
  const auto attention = attention_format(d.llm, d.weights);
  cell.attention = gemm_key(d, calibration, attention, note);
  cell.gemm = dense_weights && attention != d.weights ? gemm_key(d, calibration, d.weights, note) : cell.attention;
  if (d.llm.moe_layers > 0) cell.experts = expert_key(d, calibration, note);
  cell.kv = attention_key(d, calibration, note);
  cell.latent = d.llm.latent_attention();
  cell.profile = profile_of(d, calibration, note);
}

bool can_cost(const Calibration& calibration, const Llm& llm) { return missing_kernels(calibration, llm).empty(); }

/// Kernels of attention by KV format: the decode and the prefill of each, and BF16, which stands in for others. Those
/// over a window ("bf16/window") need not be told apart.
template <class Decode, class Prefill>
void check_attention(const reader::Document& document, const std::string& name, const Decode& decode,
                     const Prefill& prefill) {
  if (decode.count("bf16") == 0) document.fail(name + "_decode", "bf16 is missing: other KV formats fall back on it");
  for (const auto& [key, kernel] : decode)
    if (key.find('/') == std::string::npos && prefill.count(key) == 0)
      document.fail(name + "_prefill", fmt::format("{} is missing: {}_decode has it", key, name));
}

/// All of them, once somebody has asked for all.
const std::vector<Calibration>* all_read = nullptr;

/// Of this very GPU and engine, without reading the others: they take longer than a short run. nullptr if there is
/// none.
const Calibration* own_calibration(const std::string& engine, const std::string& gpu_name) {
  if (all_read != nullptr) {
    const auto found = std::find_if(all_read->begin(), all_read->end(),
                                    [&](const Calibration& c) { return c.engine == engine && c.gpu == gpu_name; });
    return found == all_read->end() ? nullptr : &*found;
  }
  static std::map<std::string, std::optional<Calibration>> read;
  const auto name = fmt::format("{}/{}-{}.yaml", kFolder, gpu_name, engine);
  auto [found, is_new] = read.try_emplace(name);
  if (is_new) {
    if (const auto text = reader::embedded_file(name))
      found->second = read_calibration(reader::Document::from_text(std::string(*text), name));
  }
  return found->second ? &*found->second : nullptr;
}

/// The calibration of this engine whose GPU is nearest and whose kernels the model needs; nullptr if the engine has
/// none.
const Calibration* nearest_gpu(const std::string& engine, const Deployment& d, const std::string& gpu_name) {
  const Calibration* own = own_calibration(engine, gpu_name);
  if (own != nullptr && can_cost(*own, d.llm)) return own;
  const Calibration* best = nullptr;
  double best_distance = std::numeric_limits<double>::infinity();
  for (const auto& candidate : calibrations()) {
    if (candidate.engine != engine || !can_cost(candidate, d.llm)) continue;
    const auto relative = load_gpu(candidate.gpu);
    constexpr double kOtherGeneration = 100;  // farther than any ratio of bandwidths
    const double distance = std::fabs(std::log(relative.hbm_bandwidth / d.gpu.hbm_bandwidth)) +
                            (relative.generation == d.gpu.generation ? 0 : kOtherGeneration);
    if (distance < best_distance) best = &candidate, best_distance = distance;
  }
  return best;
}

void describe_fit(const Deployment& deployment, const CalibratedCell& cell, StepCost::Envelope& envelope) {
  const auto& calibration = *cell.calibration;
  const auto& key = cell.experts.empty() ? cell.gemm : cell.experts;
  const auto found = cell.experts.empty() ? calibration.formats.find(key) : calibration.formats.end();
  const auto expert = calibration.expert_scales.find(key);
  FitStatistics fit;
  if (found != calibration.formats.end()) fit = found->second.tpot;
  if (!cell.experts.empty() && expert != calibration.expert_scales.end()) fit = expert->second.tpot;
  envelope.expected_error = fit.median_error;
  if (fit.points == 0) {
    envelope.nearest_points =
        fmt::format("measured kernels only: {}, {}, {}", calibration.gpu, calibration.engine, key);
    outside(envelope,
            fmt::format("no serving points for {} on {} with {} weights{}", calibration.engine, calibration.gpu, key,
                        calibration.scales_from.empty() ? "" : "; scales of " + calibration.scales_from));
    return;
  }
  if (!calibration.gemm_from.empty())
    outside(envelope,
            fmt::format("matrix multiplications measured on {}, not on {}", calibration.gemm_from, calibration.gpu));
  envelope.nearest_points = fmt::format("fitted on {} points: {}, {}, {}, {}", fit.points, calibration.gpu,
                                        calibration.engine, key, fit.description);
  const auto& sizes = fit.tensor_parallel_sizes;
  const int tp = deployment.tensor_parallel_size;
  if (!sizes.empty() &&
      (tp < *std::min_element(sizes.begin(), sizes.end()) || tp > *std::max_element(sizes.begin(), sizes.end())))
    outside(envelope, fmt::format("tensor parallel size {} outside the fitted {}", tp, fmt::join(sizes, ", ")));
}

}  // namespace

Calibration read_calibration(const reader::Document& document) {
  auto calibration = reader::read<Calibration>(document.root());
  auto& curves = calibration.all_reduce.curves;
  if (curves.empty()) document.fail("all_reduce.curves", "at least one curve is needed");
  for (const auto& curve : curves) {
    if (curve.bytes.size() != curve.seconds.size() || curve.bytes.empty() ||
        !std::is_sorted(curve.bytes.begin(), curve.bytes.end()) ||
        !std::is_sorted(curve.seconds.begin(), curve.seconds.end()))
      document.fail("all_reduce.curves",
                    fmt::format("the curve of {} ranks needs as many sizes as times, both rising", curve.ranks));
  }
  std::sort(curves.begin(), curves.end(), [](const auto& a, const auto& b) { return a.ranks < b.ranks; });
  check_attention(document, "attention", calibration.attention_decode, calibration.attention_prefill);
  if (!calibration.mla_decode.empty())
    check_attention(document, "mla", calibration.mla_decode, calibration.mla_prefill);
  if (calibration.formats.count("bf16") == 0)
    document.fail("formats", "bf16 is missing: the lm_head is multiplied in it");
  return calibration;
}

std::string missing_kernels(const Calibration& calibration, const Llm& llm) {
  if (llm.moe_layers > 0 && calibration.moe.empty()) return "moe";
  if (llm.latent_attention() && calibration.mla_decode.empty()) return "mla_decode";
  return "";
}

std::shared_ptr<const Calibration> load_calibration(const reader::Node& node) {
  const Reference reference(node);
  const auto path = resolved_path(reference);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    reference.fail(fmt::format("no such file: {}", path), "flotilla calibrate writes one");
  return std::make_shared<const Calibration>(read_calibration(reader::load_plain(path)));
}

const std::vector<Calibration>& calibrations() {
  static const auto all = read_all();
  all_read = &all;
  return all;
}

double peak_of(const Gpu& gpu, const std::string& key) {
  if (key == "nvfp4") return peak(gpu, NumberFormat::kNvfp4).value();
  if (key == "fp8" || key == "fp8_block" || key == "mxfp4_mxfp8") return peak(gpu, NumberFormat::kFp8).value();
  return gpu.bf16.value();
}

CalibratedCell calibrated_cell(const Deployment& deployment) {
  CalibratedCell cell;
  auto& envelope = cell.envelope;
  const auto note = [&](const std::string& reason) { outside(envelope, reason); };
  const auto& gpu = deployment.gpu;
  const auto gpu_name = datasheet_name(gpu);
  cell.calibration =
      deployment.calibration ? deployment.calibration.get() : nearest_gpu(deployment.engine.name, deployment, gpu_name);
  if (cell.calibration == nullptr) {
    cell.calibration = nearest_gpu("vllm", deployment, gpu_name);
    note(fmt::format("{} is not calibrated; vllm's coefficients used", deployment.engine.name));
  }
  if (cell.calibration->gpu != gpu_name)
    note(fmt::format("{} is not calibrated; efficiencies of {} used", gpu.name, cell.calibration->gpu));
  choose_kernels(deployment, cell, note);
  if (deployment.gpus() > 1 && gpu.nvlink.value() == 0) note("collectives without NVLink");
  if (deployment.links.crosses_fabric) note("collectives across the fabric");
  if (deployment.pipeline_parallel_size > 1) note("pipeline parallelism was not measured");
  if (deployment.speculation.draft_tokens > 0) note("speculation was not measured");
  describe_fit(deployment, cell, envelope);
  return cell;
}

CalibratedCell calibrated_cell(const Deployment& deployment, const Calibration& calibration) {
  CalibratedCell cell;
  cell.calibration = &calibration;
  choose_kernels(deployment, cell, [](const std::string&) {});
  return cell;
}

}  // namespace flotilla::models
