#include "models/memory.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "models/fit_advice.hpp"
#include "reference_data.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

Deployment llama70b(const std::string& gpu, NumberFormat weights, NumberFormat kv_cache,
                    const std::string& engine = "vllm") {
  auto d = default_deployment(load_llm("llama-3.3-70b"), load_gpu(gpu), load_engine(engine));
  d.weights = weights;
  d.kv_cache = kv_cache;
  return d;
}

}  // namespace

TEST_CASE("the ledger of a B200 is that of its terms") {
  auto d = llama70b("b200-hgx", NumberFormat::kNvfp4, NumberFormat::kFp8);
  d.max_num_seqs = 128;
  const auto m = memory_ledger(d);
  CHECK(m.usable.value() == Approx(0.9 * 183359 * 1048576.0));
  CHECK(m.weights == weight_bytes(d.llm, NumberFormat::kNvfp4));
  // 8192 tokens: the stream twice in BF16; gate and up in BF16 and down's input with 4.5 bits (the sampler of 128 needs
  // less).
  CHECK(m.activations.value() == Approx(8192.0 * 2 * 8192 * 2 + 8192.0 * 28672 * (4 + 0.5625)));
  CHECK(m.runtime.value() == 816.0 * 1048576);
  CHECK(m.kv_budget.value() == Approx((m.usable - m.weights - m.activations - m.runtime).value()));
  CHECK(m.kv_tokens == m.kv_blocks * 16);
  CHECK(m.kv_tokens == static_cast<std::int64_t>(m.kv_budget.value() / (163'840 * 16)) * 16);
}

TEST_CASE("many sequences cost a sampler's workspace") {
  auto d = llama70b("b200-hgx", NumberFormat::kNvfp4, NumberFormat::kFp8);
  d.max_num_seqs = 256;
  CHECK(memory_ledger(d).activations.value() == Approx(8192.0 * 2 * 8192 * 2 + 256.0 * 128256 * 38));
}

TEST_CASE("KV tokens of vLLM's own ledgers are met") {
  const auto path = tests::reference_file("kv_pressure/memory_ledger.csv");
  if (!path) return;
  int compared = 0;
  for (const auto& row : tests::rows_of(*path)) {
    if (row[2] != "nvidia/Llama-3.3-70B-Instruct-FP4") continue;
    CAPTURE(row[1]);
    auto d = llama70b("b200-hgx", NumberFormat::kNvfp4, NumberFormat::kFp8);
    d.max_num_seqs = std::stoi(row[1].substr(row[1].find("bs") + 2));
    d.gpu_memory_utilization = std::stod(row[9]);
    const double tokens = static_cast<double>(memory_ledger(d).kv_tokens);
    // 512 sequences: the sampler is counted for 256 of them.
    CHECK(tokens == Approx(std::stod(row[8])).epsilon(d.max_num_seqs <= 256 ? 0.0002 : 0.011));
    ++compared;
  }
  CHECK(compared == 12);
}

TEST_CASE("FP8 on one H100 fits with hardly any KV, and the default of 1,024 sequences is warned of") {
  const auto d = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8);
  const auto m = memory_ledger(d);
  CHECK(m.fits());
  CHECK(m.kv_budget.value() > 1e9);
  CHECK(m.kv_budget.value() < 4e9);
  const auto sequences = sequences_that_fit(d, 800 + 400);
  CHECK(sequences == m.kv_blocks / 75);  // 1,200 tokens are 75 blocks of 16
  CHECK(sequences >= 5);
  CHECK(sequences <= 15);
  REQUIRE(memory_notes(d).size() == 1);
  CHECK(memory_notes(d)[0].find("max_num_seqs 1024") != std::string::npos);
  auto modest = d;
  modest.max_num_seqs = 256;
  CHECK(memory_notes(modest).empty());
}

TEST_CASE("BF16 on one H100 does not fit, by what is missing") {
  const auto m = memory_ledger(llama70b("h100-sxm", NumberFormat::kBf16, NumberFormat::kBf16));
  CHECK_FALSE(m.fits());
  CHECK(m.kv_tokens == 0);
  // 77.0 GB are there for 141.1 GB of weights and 2.5 GB of activations and runtime.
  CHECK(m.kv_budget.value() / 1e9 == Approx(77.0 - 141.1 - 2.5).epsilon(0.01));
}

TEST_CASE("tensor parallelism divides weights and KV") {
  auto d = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8);
  d.tensor_parallel_size = 2;
  const auto m = memory_ledger(d);
  CHECK(m.kv_bytes_per_token.value() == 163'840 / 2);
  CHECK(m.weights.value() == Approx(72.656e9 / 2).epsilon(0.001));
}

TEST_CASE("three engines mean three things by their share of memory") {
  const auto capacity = load_gpu("h100-sxm").memory;
  auto total = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8, "vllm");
  CHECK(memory_ledger(total).usable.value() == Approx(0.9 * capacity.value()));

  const auto free = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8, "tensorrt-llm");
  const auto f = memory_ledger(free);
  CHECK(f.kv_budget.value() == Approx(0.9 * (capacity - f.weights - f.activations - f.runtime).value()));

  const auto fixed = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8, "sglang");
  const auto s = memory_ledger(fixed);
  CHECK((s.weights + s.kv_budget).value() == Approx(0.874 * (capacity - s.runtime).value()));

  const auto none = memory_ledger(llama70b("h100-sxm", NumberFormat::kBf16, NumberFormat::kFp8, "tensorrt-llm"));
  CHECK(none.kv_budget.value() == Approx((capacity - none.weights - none.activations - none.runtime).value()));
}

TEST_CASE("advice names what fits, with the KV it was computed to have") {
  const auto d = llama70b("h100-sxm", NumberFormat::kBf16, NumberFormat::kBf16);
  const auto found = alternatives(d);
  const auto has = [&](const std::string& change) {
    for (const auto& a : found) {
      if (a.change == change) return a.kv_tokens;
    }
    return std::int64_t{0};
  };
  auto fp8 = d;
  fp8.weights = NumberFormat::kFp8;
  CHECK(has("weights: fp8") == memory_ledger(fp8).kv_tokens);
  CHECK(has("weights: nvfp4") == 0);                // an H100 does not multiply FP4
  CHECK(has("gpu_memory_utilization: 0.95") == 0);  // does not help enough
  auto tp4 = d;
  tp4.tensor_parallel_size = 4;
  CHECK(has("tensor_parallel_size: 4") == memory_ledger(tp4).kv_tokens);
  CHECK(has("on b200-hgx") > 0);
  CHECK(has("on h200-sxm") == 0);  // 141 GB of weights in 135.7 GB
  CHECK(has("on b200-hgx@a1") == 0);
  CHECK(fit_advice(d).size() == found.size());
  CHECK(fit_advice(d).front().find("weights: fp8: fits, KV for ") == 0);
}

TEST_CASE("FP8 on one H100 is helped by TP 2, 0.95 and an H200") {
  const auto found = alternatives(llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kBf16));
  std::vector<std::string> changes;
  for (const auto& a : found) changes.push_back(a.change);
  CHECK(changes == std::vector<std::string>{"kv_cache_dtype: fp8", "tensor_parallel_size: 2", "tensor_parallel_size: 4",
                                            "tensor_parallel_size: 8", "gpu_memory_utilization: 0.95", "on h200-sxm",
                                            "on b200-hgx", "on gb200"});
}
