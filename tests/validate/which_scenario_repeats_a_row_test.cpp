// From a row to the scenario that repeats it, worked out by hand from the published protocols.
#include <doctest/doctest.h>

#include "analysis/run.hpp"
#include "analysis/validate/protocol.hpp"
#include "analysis/validate/replay.hpp"
#include "tests/validate/points_table.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using namespace flotilla::tests;

namespace {

Protocol protocol(const RowText& row) {
  const auto found = protocol_of(points_of({row}).at(0));
  if (const auto* skipped = std::get_if<Skipped>(&found)) FAIL(skipped->reason);
  return std::get<Protocol>(found);
}

Setup setup(const RowText& changes) { return protocol(with(llama_on_h100(), changes)).setup; }

std::string reason(const RowText& changes) {
  const auto found = protocol_of(points_of({with(llama_on_h100(), changes)}).at(0));
  const auto* skipped = std::get_if<Skipped>(&found);
  return skipped == nullptr ? "" : skipped->reason;
}

}  // namespace

TEST_CASE("InferenceX, vLLM: ten requests a client, lengths of 80-100 %, 8,192 tokens, the KV format of the GPU") {
  const auto p = protocol(llama_on_h100());
  const auto& s = p.setup;
  CHECK(s.model == "llama-3.3-70b");
  CHECK(s.system == "hgx-h100");
  CHECK(s.gpus == 2);
  CHECK(s.max_concurrency == 64);
  CHECK(s.requests == 640);
  CHECK(s.input_tokens == "{uniform: [820, 1024]}");  // 0.8 * 1024 = 819.2
  CHECK(s.max_num_batched_tokens == 8192);
  CHECK(s.max_num_seqs == 64);  // the clients, on Hopper
  CHECK(s.kv_cache == "bf16");
  CHECK(s.engine_version == "0.11");  // current in October 2025
  CHECK(p.derived_throughput);
  CHECK(p.tpot == Statistic::kMean);
  CHECK(setup({{"gpu", "H200"}}).kv_cache == "fp8");
  const auto b200 = setup({{"gpu", "B200"}, {"weight_precision", "fp4"}});
  CHECK(b200.weights == "nvfp4");
  CHECK(b200.max_num_seqs == 512);
}

TEST_CASE("InferenceX, TensorRT-LLM: as many tokens as the longest request, 20 more for 1k/1k, else 200") {
  const RowText trtllm{{"engine", "TensorRT-LLM"}, {"gpu", "H200"}};
  CHECK(setup(trtllm).max_num_batched_tokens == 2068);
  CHECK(setup(with(trtllm, {{"input_tokens", "8192"}})).max_num_batched_tokens == 9416);
  CHECK(setup(trtllm).kv_cache == "fp8");
  // 1k/1k below TP 8: prompts wait for 0.9 of the tokens, at most 20 iterations.
  CHECK(setup(trtllm).batch_wait_ratio == 0.9);
  CHECK(setup(trtllm).batch_wait_steps == 20);
  CHECK(setup(with(trtllm, {{"tp", "8"}})).batch_wait_steps == 0);
  CHECK(setup(with(trtllm, {{"input_tokens", "8192"}})).batch_wait_steps == 0);
}

TEST_CASE("gpt-oss: FP4 means MXFP4 there, 20,000 tokens and 0.85 of the free memory under TensorRT-LLM") {
  const auto s =
      setup({{"model", "gpt-oss-120b"}, {"weight_precision", "fp4"}, {"gpu", "B200"}, {"engine", "TensorRT-LLM"}});
  CHECK(s.weights == "mxfp4");
  CHECK(s.max_num_batched_tokens == 20000);
  CHECK(s.memory_share == 0.85);
}

TEST_CASE("DeepSeek on TensorRT-LLM: tokens for the clients and a prompt, in steps of 64, at least 8,192") {
  const RowText row{{"model", "DeepSeek-R1-0528"},
                    {"gpu", "B200"},
                    {"engine", "TensorRT-LLM"},
                    {"tp", "8"},
                    {"input_tokens", "8192"}};
  // (64 + 8192 + 64 + 63) / 64 * 64 = 8383 / 64 * 64 = 8320
  CHECK(setup(row).max_num_batched_tokens == 8320);
  CHECK(setup(with(row, {{"input_tokens", "1024"}})).max_num_batched_tokens == 8192);
}

TEST_CASE("attention data parallelism and experts become the serving group's own keys") {
  const auto s = setup({{"model", "DeepSeek-R1-0528"},
                        {"gpu", "B200"},
                        {"engine", "SGLang"},
                        {"tp", "1"},
                        {"attn_dp", "8"},
                        {"ep", "8"}});
  CHECK(s.gpus == 8);
  const auto text = to_scenario(s);
  CHECK(text.find("data_parallel_size: 8") != std::string::npos);
  CHECK(text.find("expert_parallel_size: 8") != std::string::npos);
}

TEST_CASE("NVIDIA's internal runs: fixed lengths, the engine's limits") {
  const auto s =
      setup({{"length_distribution", "NVIDIA internal gap-analysis runs (distribution not stated; assume fixed)"}});
  CHECK(s.input_tokens == "1024");
  CHECK_FALSE(s.max_num_batched_tokens);
  CHECK(s.requests == 640);
}

TEST_CASE("TensorRT-LLM's offline tables: as many requests as NVIDIA queued, limits by trtllm-bench's rule") {
  const RowText offline{{"id", "trtllm-1"},        {"engine", "TensorRT-LLM"},      {"engine_version", "1.0"},
                        {"load_kind", "offline"},  {"load_value", "inf"},           {"input_tokens", "128"},
                        {"output_tokens", "2048"}, {"length_distribution", "fixed"}};
  auto s = setup(offline);
  CHECK(s.requests == 3000);
  CHECK(s.memory_share == 0.95);
  CHECK(s.request_rate == "inf");
  CHECK_FALSE(s.max_concurrency);
  // 1,088,000 tokens hold 500 requests of 2,176: batch 512 = 128 * ceil(500 / 128); tokens 500 * (1 + 128 / 2048) =
  // 531.25, but at least 2,048.
  settle(s, 1'088'000);
  CHECK(s.max_num_seqs == 512);
  CHECK(s.max_num_batched_tokens == 2048);
  CHECK(setup(with(offline, {{"engine_version", "0.17"}})).chunked_prefill == true);
  CHECK(s.chunked_prefill == false);
}

TEST_CASE(
    "without chunks a prompt has room beside a full batch, and mixtures of experts run with attention ranks from 0.20 "
    "on") {
  const RowText offline{{"id", "trtllm-1"},
                        {"engine", "TensorRT-LLM"},
                        {"engine_version", "0.20"},
                        {"load_kind", "offline"},
                        {"tp", "8"},
                        {"model", "Qwen3-235B-A22B"},
                        {"input_tokens", "20000"},
                        {"output_tokens", "2000"},
                        {"length_distribution", "fixed"}};
  auto s = setup(offline);
  CHECK(s.tp == 1);
  CHECK(s.dp == 8);
  CHECK(s.ep == 8);
  CHECK(s.gpus == 8);
  // 3,520,000 tokens hold 160 requests of 22,000, 20 on each rank: batch 64, the least; tokens 20 * 11 = 220, at least
  // 2,048, and for a whole prompt 20,000 + 64.
  settle(s, 3'520'000);
  CHECK(s.max_num_seqs == 64);
  CHECK(s.max_num_batched_tokens == 20064);
}

TEST_CASE("trtllm-bench's rule at its corners") {
  // Fewer than 256: multiples of 32, at least 64; to 1,024: of 128; beyond: of 256, at most 4,096.
  CHECK(trtllm_bench_tuning(10, 100, 100).max_num_seqs == 64);
  CHECK(trtllm_bench_tuning(200, 100, 100).max_num_seqs == 224);
  CHECK(trtllm_bench_tuning(2000, 100, 100).max_num_seqs == 2048);
  CHECK(trtllm_bench_tuning(9000, 100, 100).max_num_seqs == 4096);
  // 2000 * (1 + 1) = 4,000 -> 4,096; 3000 * 2 = 6,000 -> 6,144 (steps of 512); 4096 * (1 + 16) -> 32,768, the most.
  CHECK(trtllm_bench_tuning(2000, 100, 100).max_num_batched_tokens == 4096);
  CHECK(trtllm_bench_tuning(3000, 100, 100).max_num_batched_tokens == 6144);
  CHECK(trtllm_bench_tuning(9000, 2048, 128).max_num_batched_tokens == 32768);
}

TEST_CASE("a rate: 500 requests, Poisson, an infinite one queues them all") {
  const RowText row{{"id", "trtllm-2"},      {"engine", "TensorRT-LLM + Triton"}, {"load_kind", "rate (req/s)"},
                    {"load_value", "8"},     {"length_distribution", "average"},  {"input_tokens", "467"},
                    {"output_tokens", "256"}};
  CHECK(setup(row).engine == "tensorrt-llm");
  CHECK(setup(row).request_rate == "8");
  CHECK(setup(row).requests == 500);
  CHECK(setup(with(row, {{"load_value", "inf"}})).request_rate == "inf");
}

TEST_CASE("a static batch: all together, prefilled in one step") {
  const auto s = setup({{"load_kind", "static batch"}, {"load_value", "32"}, {"length_distribution", "fixed"}});
  CHECK(s.requests == 32);
  CHECK(s.max_num_seqs == 32);
  CHECK(s.max_num_batched_tokens == 32 * 1024);
  CHECK(s.policy == "static_batch");
}

TEST_CASE("MLPerf: NVIDIA's configuration, the mean of cut lengths is the row's") {
  const RowText row{{"id", "mlperf-1"},
                    {"model", "Llama 2 70B"},
                    {"gpus_total", "8"},
                    {"tp", ""},
                    {"engine", "MLPerf v4.1 Dell: TensorRT 10.2.0"},
                    {"load_kind", "rate (req/s, Poisson)"},
                    {"load_value", "75"},
                    {"input_tokens", ""},
                    {"output_tokens", "290.1"}};
  const auto s = setup(row);
  CHECK(s.tp == 2);
  CHECK(s.gpus == 8);
  CHECK(s.max_num_seqs == 1024);
  CHECK(s.requests == 45000);  // 600 s at 75/s
  // 290.1 is the mean after answers have been cut to 1,024: E[min(X, 1024)] with mean 296.4 and sigma 0.717 is
  // 296.4 Phi(d - 0.717) + 1024 (1 - Phi(d)), d = (6.9315 - (5.6918 - 0.2570)) / 0.717 = 2.0874:
  // 296.4 * Phi(1.3704) + 1024 * (1 - Phi(2.0874)) = 296.4 * 0.91472 + 1024 * 0.01843 = 271.1 + 18.9 = 290.0.
  CHECK(s.output_tokens == "{lognormal: {mean: 296.5, sigma: 0.717, max: 1024}}");
  CHECK(setup(with(row, {{"load_kind", "offline"}})).requests == 8 * 24576);
  CHECK(reason(with(row, {{"gpu", "L40S"}})) == "the catalogue holds no system with L40S GPUs");
}

TEST_CASE("MLPerf, Mixtral: three kinds of prompts, one of them behind worked examples") {
  // Two thirds of mean 222.3 and deviation 222.3 * sqrt(exp(0.377^2) - 1) = 86.8, one third of 895 that hardly varies:
  // mean 446.5; variance 2/3 (86.8^2 + 224.2^2) + 1/3 * 448.5^2 = 105,600, sigma = sqrt(ln(1 + 105,600 / 446.5^2)) =
  // 0.652.
  const RowText row{{"id", "mlperf-1"},
                    {"model", "Mixtral 8x7B"},
                    {"gpus_total", "8"},
                    {"tp", ""},
                    {"engine", "MLPerf v4.1 Dell: TensorRT 10.2.0"},
                    {"load_kind", "rate (req/s, Poisson)"},
                    {"load_value", "348"},
                    {"input_tokens", ""},
                    {"output_tokens", "145"}};
  const auto s = setup(row);
  CHECK(s.tp == 1);
  CHECK(s.mean_input == doctest::Approx((2 * 222.3 + 895) / 3).epsilon(1e-3));
  CHECK(s.input_tokens.find("sigma: 0.652, max: 2048") != std::string::npos);
}

TEST_CASE("separate pools: as many requests are under way as there are clients, whoever of the two is slower") {
  // By Little's law throughput times the time of a request is their number. Clients that started at the pace of one
  // replica that did both would be fewer at once.
  for (const char* const notes :
       {"prefill: 1 workers x (tp1 pp1 attn_dp1 moe_tp1 moe_ep1, batch 1); decode: 2 workers x "
        "(tp4 pp1 attn_dp1 moe_tp1 moe_ep1, batch 64)",
        "prefill: 4 workers x (tp1 pp1 attn_dp1 moe_tp1 moe_ep1, batch 1); decode: 1 workers x "
        "(tp4 pp1 attn_dp1 moe_tp1 moe_ep1, batch 64)"}) {
    const std::string workers = notes;
    CAPTURE(workers);
    Setup s = setup({{"disaggregated", "yes"},
                     {"model", "Qwen3-32B"},
                     {"tp", ""},
                     {"gpus_total", ""},
                     {"input_tokens", "4000"},
                     {"output_tokens", "1000"},
                     {"length_distribution", "fixed"},
                     {"load_value", "64"},
                     {"notes", workers}});
    const Summary sum = run_in_child(load_settled(s));
    const double seconds = sum.e2el.mean / 1000;
    CHECK(sum.request_throughput * seconds > 0.8 * 64);
    CHECK(sum.request_throughput * seconds < 1.05 * 64);
  }
}

TEST_CASE("turns of conversations: lengths and cached share from the row's own figures") {
  // 1,000 output tokens per second and GPU on 2 GPUs at 4 requests per second: 500 each; 4,000 - 1,000 in: 1,500 each.
  const auto p = protocol(with(llama_on_h100(), {{"load_kind", "concurrency (closed loop, multi-turn clients)"},
                                                 {"length_distribution", "turns"},
                                                 {"throughput_output_tok_s_per_gpu", "1000"},
                                                 {"throughput_total_tok_s_per_gpu", "4000"},
                                                 {"measured_raw", "req/s 4; mean ttft 90; gpu prefix hit 87.5 %"},
                                                 {"tpot_stat", "p50 TPOT"}}));
  CHECK(p.setup.mean_output == 500);
  CHECK(p.setup.mean_input == 1500);
  CHECK(p.setup.cached_share == 0.875);
  // Of what the GPUs missed, host memory had 40 %.
  CHECK(setup(with(llama_on_h100(), {{"load_kind", "concurrency (closed loop, multi-turn clients)"},
                                     {"length_distribution", "turns"},
                                     {"throughput_output_tok_s_per_gpu", "1000"},
                                     {"throughput_total_tok_s_per_gpu", "4000"},
                                     {"measured_raw", "rps 4, gpu hit 50, cpu hit 40"}}))
            .cached_share == doctest::Approx(0.7));
  CHECK(p.tpot == Statistic::kMedian);
  CHECK_FALSE(p.notes.empty());
}

TEST_CASE("what cannot be repeated says why") {
  CHECK(reason({{"model", "Mystery 9B"}}) == "the catalogue holds no model Mystery 9B");
  CHECK(reason({{"engine", "DeepSeek production"}}) == "the catalogue holds no engine DeepSeek production");
  CHECK(reason({{"disaggregated", "yes"}}) == "the workers of prefill and decode are not stated");
  CHECK(reason({{"tp", ""}}) == "the tensor-parallel size is not stated");
  CHECK(reason({{"load_value", ""}}) == "the concurrency is not stated");
  CHECK(reason({{"load_kind", "production"}}) == "'production' is not a load that can be repeated");
  CHECK(reason({{"weight_precision", "fp7"}}) == "unknown precision of weights 'fp7'");
}
