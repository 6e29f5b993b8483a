#include "models/engine.hpp"

#include <array>

#include "models/catalog.hpp"
#include "models/release.hpp"

namespace flotilla::models {
namespace {

constexpr std::array<std::pair<MemoryBasis, std::string_view>, 3> kBases{
    {{MemoryBasis::kTotal, "total"}, {MemoryBasis::kFree, "free"}, {MemoryBasis::kStatic, "static"}}};

/// The engine's default, or that of the last class of GPUs that this one belongs to.
template <class T>
T default_of(const Engine& engine, const Gpu& gpu, Sourced<T> Engine::*common,
             std::optional<Sourced<T>> GpuClass::*special) {
  T value = engine.*common;
  for (const auto& gpu_class : engine.gpu_classes) {
    if (gpu.memory >= gpu_class.from && (gpu_class.*special).has_value()) value = *(gpu_class.*special);
  }
  return value;
}

Engine load(const Reference& reference) { return reader::read<Engine>(find_document("engines", reference).root()); }

}  // namespace

std::span<const std::pair<MemoryBasis, std::string_view>> enum_names(MemoryBasis) { return kBases; }

const reader::Schema<GpuClass>& GpuClass::schema() {
  static const auto s =
      reader::Schema<GpuClass>("gpu_class", "Defaults of GPUs with at least this much memory")
          .key("from", &GpuClass::from, "least memory of the class", {.min = 0, .required = true})
          .key("gpu_memory_utilization", &GpuClass::gpu_memory_utilization, "share of memory, by memory_basis",
               {.min = 0, .max = 1})
          .key("max_num_seqs", &GpuClass::max_num_seqs, "sequences per step at most", {.min = 1})
          .key("max_num_batched_tokens", &GpuClass::max_num_batched_tokens, "tokens per step at most", {.min = 1});
  return s;
}

const reader::Schema<Engine>& Engine::schema() {
  static const auto s =
      reader::Schema<Engine>("engine", "A serving engine's defaults")
          .key("name", &Engine::name, "name in scenarios", {.required = true})
          .key("title", &Engine::title, "name for people")
          .key("version", &Engine::version, "release whose defaults these are")
          .key("aliases", &Engine::aliases, "other names")
          .key("scheduler", &Engine::scheduler, "scheduler policy", {.required = true})
          .key("memory_basis", &Engine::memory_basis, "of what gpu_memory_utilization is a share")
          .key("gpu_memory_utilization", &Engine::gpu_memory_utilization, "share of memory, by memory_basis",
               {.min = 0, .max = 1, .required = true})
          .key("max_num_seqs", &Engine::max_num_seqs, "sequences per step at most", {.min = 1, .required = true})
          .key("max_num_batched_tokens", &Engine::max_num_batched_tokens, "tokens per step at most",
               {.min = 1, .required = true})
          .key("block_size", &Engine::block_size, "tokens per KV block", {.min = 1, .required = true})
          .key("gpu_classes", &Engine::gpu_classes, "what differs on GPUs of some size")
          .key("chunked_prefill", &Engine::chunked_prefill, "long prompts are split over steps")
          .key("prefix_caching", &Engine::prefix_caching, "KV of shared prefixes is kept and reused")
          .key("whole_prompt_must_fit_from", &Engine::whole_prompt_must_fit_from,
               "release from which a prompt is admitted only if all of it fits into the free KV memory")
          .key("async_scheduling_from", &Engine::async_scheduling_from,
               "release from which a step is planned while the one before it runs")
          .key("frees_windows", &Engine::frees_windows, "KV before a sliding window is freed")
          .key("gathers_for_experts", &Engine::gathers_for_experts,
               "under attention data parallelism every rank gathers all tokens for its experts")
          .key("runtime", &Engine::runtime, "memory beside weights, KV and activations", {.min = 0})
          .key("sampler_bytes_per_logit", &Engine::sampler_bytes_per_logit,
               "sampling workspace per sequence and vocabulary entry", {.min = 0})
          .key("sampler_max_seqs", &Engine::sampler_max_seqs, "sequences counted in the sampling workspace at most",
               {.min = 0})
          .key("kv_transfer_overhead", &Engine::kv_transfer_overhead,
               "of handing a prompt's KV from prefill to decode, before the first byte moves", {.min = 0})
          .key("kv_transfer_efficiency", &Engine::kv_transfer_efficiency,
               "share of a NIC's bandwidth that one flow of a hand-off reaches",
               {.min = 0, .max = 1, .above_min = true})
          .key("unequal_kv_transfer", &Engine::unequal_kv_transfer,
               "what befalls hand-offs between different tensor_parallel_sizes, and is not simulated");
  return s;
}

double default_gpu_memory_utilization(const Engine& engine, const Gpu& gpu) {
  return default_of(engine, gpu, &Engine::gpu_memory_utilization, &GpuClass::gpu_memory_utilization);
}

int default_max_num_seqs(const Engine& engine, const Gpu& gpu) {
  return default_of(engine, gpu, &Engine::max_num_seqs, &GpuClass::max_num_seqs);
}

int default_max_num_batched_tokens(const Engine& engine, const Gpu& gpu) {
  return default_of(engine, gpu, &Engine::max_num_batched_tokens, &GpuClass::max_num_batched_tokens);
}

namespace {

/// `from` "" = never.
bool has_since(const Engine& engine, const std::string& release, const std::string& from) {
  return !from.empty() && compare_releases(release.empty() ? engine.version : release, from) >= 0;
}

}  // namespace

bool default_reserve_full_isl(const Engine& engine, const std::string& release) {
  return has_since(engine, release, engine.whole_prompt_must_fit_from);
}

bool default_async_scheduling(const Engine& engine, const std::string& release) {
  return has_since(engine, release, engine.async_scheduling_from);
}

Engine load_engine(const std::string& name_or_path) { return load(Reference(name_or_path)); }
Engine load_engine(const reader::Node& node) { return load(Reference(node)); }

}  // namespace flotilla::models
