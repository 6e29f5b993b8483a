#include "models/memory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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

TEST_CASE("the trial step of a sparse model peaks in its experts, its latents or the sampler") {
  auto d = default_deployment(load_llm("deepseek-r1"), load_gpu("b200-hgx"), load_engine("vllm"));
  d.tensor_parallel_size = d.expert_parallel_size = 8;
  d.max_num_seqs = 64;
  const double residual = 8192.0 * 2 * 7168 * 2;
  // Eight experts each for 8,192 tokens: one workspace as wide as the stream (7,168 > 2 * 2,048), and another.
  CHECK(memory_ledger(d).activations.value() == Approx(residual + 8192.0 * 8 * (7168 + 7168) * 2));
  d.max_num_seqs = 1024;
  CHECK(memory_ledger(d).activations.value() == Approx(residual + 1024.0 * 129280 * 38));
  d.max_num_seqs = 64;
  d.max_num_batched_tokens = 2048;  // the latents of 65,536 tokens, 16 heads of 128 + 128
  CHECK(memory_ledger(d).activations.value() == Approx(2048.0 * 2 * 7168 * 2 + 65536.0 * 16 * 256 * 2));
}

TEST_CASE("stages, expert ranks and attention ranks each hold their part") {
  auto d = default_deployment(load_llm("deepseek-r1"), load_gpu("b200-hgx"), load_engine("vllm"));
  d.weights = d.kv_cache = NumberFormat::kFp8;
  const double attention = 187'105'280, expert = 3.0 * 7168 * 2048, table = 129280.0 * 7168 * 2;
  const double router = 256 * 7168.0 * 2;
  const double norms = 2.0 * (61 * (2 * 7168 + 1536 + 512) + 7168);
  // Eight attention ranks, experts whole: 32 each; attention, dense MLP, shared expert and vocabulary on every rank.
  d.data_parallel_size = d.expert_parallel_size = 8;
  const double dp8 = 61 * attention + 3 * 3.0 * 7168 * 18432 + 58 * (33 * expert + router) + 2 * table + norms;
  CHECK(memory_ledger(d).weights.value() == Approx(dp8).epsilon(1e-9));
  CHECK(memory_ledger(d).kv_bytes_per_token.value() == 61 * 576);
  // Two stages of eight: the second has 31 layers (at most), all with experts, and the lm_head.
  d.data_parallel_size = 1;
  d.tensor_parallel_size = d.expert_parallel_size = 8;
  d.pipeline_parallel_size = 2;
  const double down = 7168.0 * (1536 + 576);  // into the latents: on every rank
  const double stage =
      31 * (down + (attention - down) / 8) + 31 * (32 * expert + expert / 8 + router) + table / 8 + norms * 31 / 61;
  CHECK(memory_ledger(d).weights.value() == Approx(stage).epsilon(1e-9));
  CHECK(memory_ledger(d).kv_bytes_per_token.value() == Approx(31 * 576));  // the latent is whole on every rank
  // Five ranks cannot divide 256 experts evenly: the fullest holds 52.
  d.pipeline_parallel_size = 1;
  d.tensor_parallel_size = 1;
  d.data_parallel_size = d.expert_parallel_size = 5;
  CHECK(memory_ledger(d).weights.value() == Approx(dp8 + 58 * 20 * expert).epsilon(1e-9));
}

TEST_CASE("every other layer has experts: the fullest stage has the half of its layers, rounded up") {
  // Llama 4 Maverick's 48 layers: of seven stages the fullest has 7 layers, 4 of them with experts, of eight 6 and 3.
  // They differ by one layer's attention and 128 experts, a shared one and a router, in BF16; norms are a millionth of
  // it.
  const auto llm = load_llm("llama-4-maverick");
  const auto bytes = [&](int stages) {
    return weight_bytes_per_gpu(llm, NumberFormat::kBf16, Sharding{1, 1, stages}).value();
  };
  const double attention = 5120.0 * (2 * 40 + 2 * 8) * 128, expert = 3.0 * 5120 * 8192, router = 5120.0 * 128;
  CHECK(bytes(7) - bytes(8) == Approx(2 * (attention + 129 * expert + router)).epsilon(1e-5));
}

TEST_CASE("a model's caveat is told") {
  const auto d = default_deployment(load_llm("glm-5"), load_gpu("b200-hgx"), load_engine("vllm"));
  REQUIRE_FALSE(memory_notes(d).empty());
  CHECK(memory_notes(d)[0].find("glm-5: its sparse attention") == 0);
}

TEST_CASE("KV tokens of vLLM's own ledgers are met") {
  const auto path = tests::reference_file("kv_pressure/memory_ledger.csv");
  if (!path) return;
  int llama = 0, r1 = 0;
  for (const auto& row : tests::rows_of(*path)) {
    // One log is blank; one of a run on eight GPUs holds the ledger of four.
    if (row[8].empty() ||
        row[1].find("tp8_bs8_offloadon_fp4_vllm_tp8-ep8-dpafalse_disagg-false_spec-none_conc8_b200-nb_0") !=
            std::string::npos)
      continue;
    CAPTURE(row[1]);
    const bool is_llama = row[2] == "nvidia/Llama-3.3-70B-Instruct-FP4";
    auto d = llama70b("b200-hgx", NumberFormat::kNvfp4, NumberFormat::kFp8);
    if (is_llama)
      d.max_num_seqs = std::stoi(row[1].substr(row[1].find("bs") + 2));
    else
      d.llm = load_llm("deepseek-r1");  // with vLLM's default limits
    d.tensor_parallel_size = std::stoi(row[4]);
    if (!is_llama) d.expert_parallel_size = d.tensor_parallel_size;
    d.gpu_memory_utilization = std::stod(row[9]);
    const double tokens = static_cast<double>(memory_ledger(d).kv_tokens);
    CHECK(tokens == Approx(std::stod(row[8])).epsilon(is_llama ? 0.0003 : 0.012));
    ++(is_llama ? llama : r1);
  }
  CHECK(llama == 12);
  CHECK(r1 == 49);
}

TEST_CASE("where an engine frees what lies before a window, twice as many long sequences fit into gpt-oss") {
  // 36 layers, every other with a window of 128 tokens: 2 groups of 18. A sequence of 8,000 tokens takes 500 blocks of
  // 16 in one and, since its window may begin anywhere in a block, 8 + 1 in the other.
  auto d = default_deployment(load_llm("gpt-oss-120b"), load_gpu("h100-sxm"), load_engine("vllm"));
  d.tensor_parallel_size = 2;
  const auto m = memory_ledger(d);
  CHECK(m.layout.full == 1);
  CHECK(m.layout.windowed == 1);
  CHECK(m.layout.layers == 18);
  CHECK(m.layout.window_blocks == 9);
  CHECK(sequences_that_fit(d, 8000) == m.kv_blocks / 509);
  CHECK(m.kv_tokens == m.kv_blocks / 2 * 16);  // as vLLM logs it: in sequences that no window cuts
  CHECK(m.kv_longest == (m.kv_blocks - 9) * 16);
  d.engine.frees_windows = {false, ""};
  const auto kept = memory_ledger(d);
  CHECK(kept.kv_tokens == Approx(static_cast<double>(m.kv_tokens)).epsilon(1e-4));
  CHECK(sequences_that_fit(d, 8000) == kept.kv_blocks / 500);
  CHECK(static_cast<double>(sequences_that_fit(d, 8000)) < 0.51 * static_cast<double>(m.kv_blocks / 509));
}

TEST_CASE("groups have as many layers as the rarer kind, a chunk is kept whole, and one kind is one group") {
  auto d = default_deployment(load_llm("gpt-oss-120b"), load_gpu("h100-sxm"), load_engine("vllm"));
  d.llm.windowed_layers = 30;  // 6 that see everything: 1 and 5 groups of 6
  CHECK(kv_layout(d).full == 1);
  CHECK(kv_layout(d).windowed == 5);
  d.llm.windowed_layers = 19;  // 17 and 19 hardly differ: 2 groups of 19, one of them padded
  CHECK(kv_layout(d).layers == 19);
  CHECK(kv_layout(d).groups() == 2);
  d.llm.chunked_window = true;
  CHECK(kv_layout(d).groups() == 1);
  CHECK(kv_layout(default_deployment(load_llm("llama-3.1-8b"), load_gpu("h100-sxm"), load_engine("vllm"))).groups() ==
        1);
}

TEST_CASE("FP8 on one H100 fits with hardly any KV, and not at all with a sampler for 1,024 sequences") {
  auto d = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8);
  // 76.97 GB are there for 72.66 GB of weights, 0.86 of runtime, 0.27 of residual and 1024 * 128256 * 38 = 4.99 of
  // sampler.
  CHECK(memory_ledger(d).kv_budget.value() / 1e9 == Approx(76.97 - 72.66 - 0.86 - 0.27 - 4.99).epsilon(0.01));
  d.max_num_seqs = 256;
  const auto m = memory_ledger(d);
  CHECK(m.fits());
  CHECK(m.kv_budget.value() > 1e9);
  CHECK(m.kv_budget.value() < 4e9);
  const auto sequences = sequences_that_fit(d, 800 + 400);
  CHECK(sequences == m.kv_blocks / 75);  // 1,200 tokens are 75 blocks of 16
  CHECK(sequences >= 5);
  CHECK(sequences <= 15);
  CHECK(memory_notes(d).empty());
}

TEST_CASE("a sampler for more sequences than any ledger was met with is warned of") {
  auto d = llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8);
  d.tensor_parallel_size = 2;
  CHECK(memory_notes(d).empty());
  d.max_num_seqs = 4096;
  REQUIRE(memory_notes(d).size() == 1);
  CHECK(memory_notes(d)[0].find("max_num_seqs 4096") != std::string::npos);
}

TEST_CASE("BF16 on one H100 does not fit, by what is missing") {
  const auto m = memory_ledger(llama70b("h100-sxm", NumberFormat::kBf16, NumberFormat::kBf16));
  CHECK_FALSE(m.fits());
  CHECK(m.kv_tokens == 0);
  // 77.0 GB are there for 141.1 GB of weights and 6.1 GB of activations and runtime.
  CHECK(m.kv_budget.value() / 1e9 == Approx(77.0 - 141.1 - 6.1).epsilon(0.01));
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
  auto d = llama70b("h100-sxm", NumberFormat::kBf16, NumberFormat::kBf16);
  d.max_num_seqs = 256;
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

TEST_CASE("FP8 on one H100 is helped by TP 2, fewer sequences and an H200") {
  const auto found = alternatives(llama70b("h100-sxm", NumberFormat::kFp8, NumberFormat::kBf16));
  std::vector<std::string> changes;
  for (const auto& a : found) changes.push_back(a.change);
  // Not by FP8 KV alone; by 0.95 of the memory just so.
  const std::vector<std::string> expected{"tensor_parallel_size: 2",
                                          "tensor_parallel_size: 4",
                                          "tensor_parallel_size: 8",
                                          "max_num_seqs: 256",
                                          "gpu_memory_utilization: 0.95",
                                          "on h200-sxm",
                                          "on b200-hgx",
                                          "on gb200"};
  for (const auto& change : expected) {
    CAPTURE(change);
    CHECK(std::find(changes.begin(), changes.end(), change) != changes.end());
  }
}
