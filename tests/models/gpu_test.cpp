#include "models/gpu.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "models/catalog.hpp"
#include "models/engine.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

TEST_CASE("every GPU of the catalogue loads under its name, and every figure has a source") {
  const auto names = catalog_names("gpus");
  for (const auto& wanted : {"h100-sxm", "h200-sxm", "b200-hgx", "gb200", "b300-hgx", "gb300", "a100-sxm", "mi300x",
                             "mi355x", "h100-sxm@a1", "h200-sxm@a1", "b200-hgx@a1", "gb200@a1"}) {
    CHECK(std::find(names.begin(), names.end(), wanted) != names.end());
  }
  for (const auto& name : names) {
    CAPTURE(name);
    const auto gpu = load_gpu(name);
    CHECK(gpu.name == name);
    for (const auto& source : {gpu.memory.source, gpu.hbm_bandwidth.source, gpu.bf16.source, gpu.nvlink.source,
                               gpu.l2_cache.source, gpu.tdp.source, gpu.prefill_utilization.source}) {
      CHECK_FALSE(source.empty());
    }
    CHECK((gpu.fp8.value() > 0) == !gpu.fp8.source.empty());
    CHECK((gpu.fp4.value() > 0) == !gpu.fp4.source.empty());
  }
}

TEST_CASE("datasheet peaks are dense: each narrower format doubles the last") {
  for (const auto& name : catalog_names("gpus")) {
    const auto gpu = load_gpu(name);
    if (datasheet_name(gpu) != name) continue;
    CAPTURE(name);
    if (gpu.fp8.value() > 0) CHECK(gpu.fp8 / gpu.bf16 == Approx(2).epsilon(0.002));
    // Blackwell Ultra's dense FP4 is three times its FP8 (GB300 NVL72: 1,080 PFLOPS against 360).
    const bool ultra = name == "b300-hgx" || name == "gb300";
    if (gpu.fp4.value() > 0) CHECK(gpu.fp4 / gpu.fp8 == Approx(ultra ? 3 : 2));
  }
  CHECK(load_gpu("a100-sxm").fp8.value() == 0);
  // HGX B200: 144 PFLOPS of FP4 with sparsity for eight GPUs; sparsity doubles.
  CHECK(load_gpu("b200-hgx").fp4.value() == 144e15 / 8 / 2);
}

TEST_CASE("capacities are what the driver reports, not the label") {
  CHECK(load_gpu("h100-sxm").memory.value() == 81559.0 * 1024 * 1024);
  CHECK(load_gpu("b200-hgx").memory.value() == 183359.0 * 1024 * 1024);
  CHECK(load_gpu("h100-sxm@a1").memory.value() == 80e9);
}

TEST_CASE("aliases and other spellings name the same GPU") {
  for (const auto& word : {"h100", "h100_sxm", "H100-SXM", "H100_SXM"}) CHECK(load_gpu(word).name == "h100-sxm");
  CHECK(load_gpu("b200").name == "b200-hgx");
  CHECK_THROWS_WITH_AS(load_gpu("h10O"), doctest::Contains("unknown GPU 'h10O'"), InputError);
  try {
    load_gpu("h100-sxn");
    FAIL("accepted");
  } catch (const InputError& error) {
    CHECK(error.hint().find("h100-sxm") != std::string::npos);
  }
}

TEST_CASE("weights are multiplied by the cores of their format, or expanded to BF16") {
  const auto h100 = load_gpu("h100-sxm"), b200 = load_gpu("b200-hgx");
  CHECK(peak(h100, NumberFormat::kFp8) == h100.fp8.get());
  CHECK(peak(h100, NumberFormat::kNvfp4) == h100.bf16.get());
  CHECK(peak(b200, NumberFormat::kNvfp4) == b200.fp4.get());
  CHECK(peak(b200, NumberFormat::kMxfp4) == b200.fp4.get());
  CHECK(peak(b200, NumberFormat::kInt4) == b200.bf16.get());
  CHECK_FALSE(has_native(h100, NumberFormat::kNvfp4));
  CHECK(has_native(b200, NumberFormat::kNvfp4));
}

TEST_CASE("an article's variant is found from its datasheet GPU") {
  const auto variant = article_variant(load_gpu("b200-hgx"));
  REQUIRE(variant.has_value());
  CHECK(variant->name == "b200-hgx@a1");
  CHECK(datasheet_name(*variant) == "b200-hgx");
  CHECK_FALSE(article_variant(*variant).has_value());
}

TEST_CASE("engines have the defaults of their releases, by the GPU's memory where the engine does so") {
  const auto h100 = load_gpu("h100-sxm");
  auto small = h100;
  small.memory = Bytes(48e9);
  const auto vllm = load_engine("vllm");
  CHECK(vllm.scheduler == "vllm_v1");
  CHECK(default_max_num_seqs(vllm, h100) == 1024);
  CHECK(default_max_num_batched_tokens(vllm, h100) == 8192);
  CHECK(default_max_num_seqs(vllm, small) == 256);
  CHECK(default_max_num_batched_tokens(vllm, small) == 2048);
  CHECK(default_gpu_memory_utilization(vllm, h100) == 0.9);
  CHECK(vllm.block_size == 16);

  const auto trtllm = load_engine("trtllm");
  CHECK(trtllm.name == "tensorrt-llm");
  CHECK(trtllm.memory_basis == MemoryBasis::kFree);
  CHECK(default_max_num_seqs(trtllm, h100) == 2048);
  CHECK(trtllm.block_size == 32);
  CHECK_FALSE(trtllm.chunked_prefill);

  const auto sglang = load_engine("sglang");
  CHECK(sglang.memory_basis == MemoryBasis::kStatic);
  CHECK(sglang.block_size == 1);
  CHECK(default_max_num_batched_tokens(sglang, h100) == 8192);
  CHECK(default_max_num_batched_tokens(sglang, load_gpu("b200")) == 16384);
  // (81,559 - 10 * 1,024) / 81,559 MiB, to three decimals.
  CHECK(default_gpu_memory_utilization(sglang, h100) == Approx((81559 - 10 * 1024) / 81559.0).epsilon(0.001));
}

TEST_CASE("every engine of the catalogue loads under its name, and every figure has a source") {
  for (const auto& name : catalog_names("engines")) {
    CAPTURE(name);
    const auto engine = load_engine(name);
    CHECK(engine.name == name);
    for (const auto& source :
         {engine.gpu_memory_utilization.source, engine.max_num_seqs.source, engine.max_num_batched_tokens.source,
          engine.block_size.source, engine.chunked_prefill.source, engine.prefix_caching.source, engine.runtime.source,
          engine.sampler_bytes_per_logit.source, engine.sampler_max_seqs.source}) {
      CHECK_FALSE(source.empty());
    }
  }
  CHECK_THROWS_WITH_AS(load_engine("vlm"), doctest::Contains("unknown engine 'vlm'"), InputError);
}

TEST_CASE("a name in a scenario is refused where it stands") {
  const auto document = reader::Document::from_text("fleet:\n  gpu: h300\n", "scenario.yaml");
  try {
    load_gpu(document.root().at("fleet").at("gpu"));
    FAIL("accepted");
  } catch (const InputError& error) {
    CHECK(error.where().line == 2);
    CHECK(error.where().column == 8);
    CHECK(error.path() == "fleet.gpu");
  }
}
