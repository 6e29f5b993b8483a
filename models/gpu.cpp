#include "models/gpu.hpp"

#include <fmt/format.h>

#include "models/catalog.hpp"

namespace flotilla::models {

const reader::Schema<ArticleInputs>& ArticleInputs::schema() {
  static const auto s =
      reader::Schema<ArticleInputs>("article", "What an article puts in by hand")
          .key("title", &ArticleInputs::title, "the article")
          .key("streamed_weights", &ArticleInputs::streamed_weights, "bytes it streams per step, by model/format")
          .key("footprint_runtime", &ArticleInputs::footprint_runtime, "runtime counted into the resident footprint",
               {.min = 0})
          .key("reserve_low", &ArticleInputs::reserve_low, "kept from the KV cache beside the footprint, at least",
               {.min = 0})
          .key("reserve_high", &ArticleInputs::reserve_high, "kept from the KV cache beside the footprint, at most",
               {.min = 0});
  return s;
}

const reader::Schema<GpuPower>& GpuPower::schema() {
  using P = GpuPower;
  constexpr double kMostShare = 1.5;
  static const auto s =
      reader::Schema<P>("power", "What a GPU draws by what it does: shares of its thermal design power")
          .key("like", &P::like, "a catalogue GPU whose shares hold, where this one was not measured",
               {.choices = [] { return catalog_names("gpus"); }})
          .key("idle", &P::idle, "without work", {.min = 0, .max = 1})
          .key("memory", &P::memory, "while steps wait for memory", {.min = 0, .max = kMostShare})
          .key("compute", &P::compute, "while steps compute", {.min = 0, .max = kMostShare})
          .key("communication", &P::communication, "during collectives", {.min = 0, .max = kMostShare})
          .key("host", &P::host, "while the engine's host side works between kernels", {.min = 0, .max = kMostShare})
          .key("cap_exponent", &P::cap_exponent,
               "computing under a cap takes (power above idle / what the cap leaves above idle)^this times as long",
               {.min = 0, .max = 2})
          .key("memory_floor", &P::memory_floor, "a cap down to here leaves the memory its speed",
               {.min = 0, .max = kMostShare});
  return s;
}

const reader::Schema<Gpu>& Gpu::schema() {
  static const auto s =
      reader::Schema<Gpu>("gpu", "One GPU by its datasheet: dense peaks, bandwidths per direction")
          .key("name", &Gpu::name, "name in scenarios", {.required = true})
          .key("title", &Gpu::title, "name for people")
          .key("generation", &Gpu::generation, "architecture: hopper, blackwell, ...")
          .key("aliases", &Gpu::aliases, "other names")
          .key("memory", &Gpu::memory, "capacity as the driver reports it",
               {.min = 0, .above_min = true, .required = true})
          .key("hbm_bandwidth", &Gpu::hbm_bandwidth, "memory bandwidth",
               {.min = 0, .above_min = true, .required = true})
          .key("bf16", &Gpu::bf16, "dense BF16 peak", {.min = 0, .above_min = true, .required = true})
          .key("fp8", &Gpu::fp8, "dense FP8 peak; 0 = no FP8 tensor cores", {.min = 0})
          .key("fp4", &Gpu::fp4, "dense FP4 peak; 0 = no FP4 tensor cores", {.min = 0})
          .key("nvlink", &Gpu::nvlink, "scale-up bandwidth per direction", {.min = 0})
          .key("l2_cache", &Gpu::l2_cache, "level-2 cache", {.min = 0})
          .key("tdp", &Gpu::tdp, "thermal design power", {.min = 0})
          .key("power", &Gpu::power, "what it draws by what it does; nothing = as an H100")
          .key("provisioned_power", &Gpu::provisioned_power,
               "what a hall reserves per GPU, server, network and cooling included; 0 = unknown", {.min = 0})
          .key("prefill_utilization", &Gpu::prefill_utilization, "share of the peak in the prefill ceiling; 0 = all",
               {.min = 0, .max = 1})
          .key("article", &Gpu::article, "inputs of an article, where this is its variant of a GPU");
  return s;
}

FlopsPerSecond peak(const Gpu& gpu, NumberFormat weights) {
  if (!has_native(gpu, weights)) return gpu.bf16;
  switch (weights) {
    case NumberFormat::kFp8:
      return gpu.fp8;
    case NumberFormat::kNvfp4:
    case NumberFormat::kMxfp4:
      return gpu.fp4;
    case NumberFormat::kBf16:
    case NumberFormat::kInt4:
      return gpu.bf16;
  }
  return gpu.bf16;
}

bool has_native(const Gpu& gpu, NumberFormat format) {
  switch (format) {
    case NumberFormat::kBf16:
      return true;
    case NumberFormat::kFp8:
      return gpu.fp8.value() > 0;
    case NumberFormat::kNvfp4:
    case NumberFormat::kMxfp4:
      return gpu.fp4.value() > 0;
    case NumberFormat::kInt4:
      return false;
  }
  return false;
}

std::string datasheet_name(const Gpu& gpu) { return gpu.name.substr(0, gpu.name.find('@')); }

std::optional<Gpu> article_variant(const Gpu& gpu) {
  const auto name = catalog_name("gpus", datasheet_name(gpu) + "@a1");
  if (name.empty() || name == gpu.name) return std::nullopt;
  return load_gpu(name);
}

namespace {

constexpr const char* kUsualPower = "h100-sxm";  ///< for a GPU of whose power nothing is said

Gpu load(const Reference& reference) {
  const auto document = find_document("gpus", reference);
  auto gpu = reader::read<Gpu>(document.root());
  gpu.source = document.name();
  if (gpu.power.known()) return gpu;
  // An article's variant draws what its datasheet GPU draws.
  const std::string datasheet = catalog_name("gpus", datasheet_name(gpu));
  const bool variant = gpu.power.like.empty() && !datasheet.empty() && datasheet != gpu.name;
  std::string like = gpu.power.like;
  if (like.empty()) like = variant ? datasheet : kUsualPower;
  if (catalog_name("gpus", like).empty()) {  // a file of the user's own might be like itself
    document.root().at("power").at("like").fail(fmt::format("'{}' is no GPU of the catalogue", like),
                                                reader::suggest(like, catalog_names("gpus")));
  }
  const Gpu relative = load(Reference(like));
  gpu.power = relative.power;
  if (!variant && gpu.power.like.empty()) gpu.power.like = relative.name;
  return gpu;
}

}  // namespace

Gpu load_gpu(const std::string& name_or_path) { return load(Reference(name_or_path)); }
Gpu load_gpu(const reader::Node& node) { return load(Reference(node)); }

}  // namespace flotilla::models
