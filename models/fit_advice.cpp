#include "models/fit_advice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/catalog.hpp"
#include "models/figures.hpp"

namespace flotilla::models {
namespace {

constexpr double kHighUtilization =
    0.95;  // the highest that leaves room for graphs and fragmentation, as operators use it

constexpr int kFewSequences = 256;  // the sampler's workspace grows with their number

class Search {
 public:
  explicit Search(const Deployment& d) : deployment_(d), tokens_now_(memory_ledger(d).kv_tokens) {}

  void consider(const std::string& change, const Deployment& changed) {
    const auto m = memory_ledger(changed);
    if (m.kv_tokens > tokens_now_) found_.push_back({change, m.kv_tokens, m.kv_budget});
  }

  void formats() {
    for (const auto format : {NumberFormat::kFp8, NumberFormat::kNvfp4}) {
      if (bytes_per_element(format) >= bytes_per_element(deployment_.weights) || !has_native(deployment_.gpu, format))
        continue;
      auto changed = deployment_;
      changed.weights = format;
      consider(fmt::format("weights: {}", name_of(format)), changed);
    }
    if (bytes_per_element(deployment_.kv_cache) <= bytes_per_element(NumberFormat::kFp8)) return;
    auto changed = deployment_;
    changed.kv_cache = NumberFormat::kFp8;
    consider("kv_cache_dtype: fp8", changed);
  }

  void tensor_parallelism() {
    for (const int tp : {2, 4, 8}) {
      if (tp <= deployment_.tensor_parallel_size || deployment_.llm.heads % tp != 0) continue;
      auto changed = deployment_;
      changed.tensor_parallel_size = tp;
      consider(fmt::format("tensor_parallel_size: {}", tp), changed);
    }
  }

  void sequences() {
    if (deployment_.max_num_seqs <= kFewSequences) return;
    auto changed = deployment_;
    changed.max_num_seqs = kFewSequences;
    consider(fmt::format("max_num_seqs: {}", kFewSequences), changed);
  }

  void utilization() {
    if (deployment_.gpu_memory_utilization >= kHighUtilization) return;
    auto changed = deployment_;
    changed.gpu_memory_utilization = kHighUtilization;
    consider(fmt::format("gpu_memory_utilization: {}", kHighUtilization), changed);
  }

  void gpus() {
    std::vector<Gpu> larger;
    for (const auto& name : catalog_names("gpus")) {
      const auto gpu = load_gpu(name);
      const bool is_datasheet = datasheet_name(gpu) == name;
      if (is_datasheet && gpu.memory > deployment_.gpu.memory && has_native(gpu, deployment_.weights))
        larger.push_back(gpu);
    }
    std::sort(larger.begin(), larger.end(), [](const Gpu& a, const Gpu& b) { return a.memory < b.memory; });
    for (const auto& gpu : larger) {
      auto changed = deployment_;
      changed.gpu = gpu;
      consider(fmt::format("on {}", gpu.name), changed);
    }
  }

  std::vector<Alternative> take() { return std::move(found_); }

 private:
  const Deployment& deployment_;
  std::int64_t tokens_now_;
  std::vector<Alternative> found_;
};

}  // namespace

std::vector<Alternative> alternatives(const Deployment& deployment) {
  Search search(deployment);
  search.formats();
  search.tensor_parallelism();
  search.sequences();
  search.utilization();
  search.gpus();
  return search.take();
}

std::vector<std::string> fit_advice(const Deployment& deployment) {
  std::vector<std::string> advice;
  for (const auto& a : alternatives(deployment)) {
    advice.push_back(fmt::format("{}: fits, KV for {} tokens ({:.1f} GB per GPU)", a.change,
                                 with_commas(static_cast<double>(a.kv_tokens)), a.kv_budget.value() / 1e9));
  }
  return advice;
}

}  // namespace flotilla::models
