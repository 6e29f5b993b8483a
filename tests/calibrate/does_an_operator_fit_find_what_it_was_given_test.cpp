#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "analysis/calibrate/kernel_stage.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;
using models::NumberFormat;

namespace {

Table table_of(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / fmt::format("flotilla_operator_fit_{}.csv", getpid());
  std::ofstream(path) << text;
  const auto table = Table::load(path.string());
  std::filesystem::remove(path);
  return table;
}

KernelCell h200() { return {models::load_gpu("h200-sxm"), "H200", "trtllm"}; }
models::Roofline bf16() { return {h200().gpu.bf16.value(), h200().gpu.hbm_bandwidth.value()}; }

}  // namespace

TEST_CASE("experts timed by the formula under both routings give its coefficients back") {
  const models::MoeCoefficients truth{0.5, 0.8, 20e-6, 5e-6, 2, 20, 1e6, 6, 2};
  const models::Roofline roof{h200().gpu.fp8.value(), h200().gpu.hbm_bandwidth.value()};
  CollectedLoads loads;
  std::string csv =
      "gpu,framework,version,kernel,dtype,model,num_tokens,hidden,inter,topk,experts,moe_tp,moe_ep,routing,time_us\n";
  for (const int tp : {1, 4}) {
    for (const int ep : {1, 4}) {
      for (const int tokens : {1, 4, 16, 64, 256, 1024, 4096, 16384}) {
        for (const std::string routing : {"balanced", "power_law_1.2"}) {
          models::MoeShape shape;
          shape.hidden = 4096, shape.intermediate = 1536.0 / tp, shape.experts = 128, shape.experts_per_token = 8;
          shape.ranks = ep, shape.weight_bytes_per_element = 1;
          const auto load = loads.load(shape, routing, tokens);
          const double time = moe_time(truth, shape, roof, load).total() * 1e6;
          csv += fmt::format("H200,trtllm,1,fast,fp8_block,M,{},4096,1536,8,128,{},{},{},{}\n", tokens, tp, ep, routing,
                             time);
          csv += fmt::format("H200,trtllm,1,slow,fp8_block,M,{},4096,1536,8,128,{},{},{},{}\n", tokens, tp, ep, routing,
                             3 * time);
        }
      }
    }
  }
  MoeFitError error;
  const auto found = fit_moe(table_of(csv), h200(), kKernelFormats[2], "", loads, error);
  CHECK(error.all.rows == 64);
  CHECK(error.decoding.rows == 40);
  CHECK(error.all.p90 < 0.02);
  CHECK(found.memory_efficiency == Approx(truth.memory_efficiency).epsilon(0.05));
  CHECK(found.compute_efficiency == Approx(truth.compute_efficiency).epsilon(0.05));
  CHECK(found.launch == Approx(truth.launch).epsilon(0.1));
  fit_moe(table_of(csv), h200(), kKernelFormats[2], "slow", loads, error);
  CHECK(error.all.rows == 64);
  fit_moe(table_of(csv), h200(), kKernelFormats[3], "", loads, error);
  CHECK(error.all.rows == 0);
}

TEST_CASE("latent decode timed by the formula gives its coefficients back") {
  const models::MlaDecodeCoefficients truth{12e-6, 10e-9, 0.5e-9, 0.8, 0.6, 0.4e-9};
  std::string csv =
      "gpu,framework,version,scope,batch,isl_or_new_tokens,past_kv_len,num_heads,tp_size,mla_dtype,kv_dtype,gemm_dtype,"
      "time_us\n";
  for (const int heads : {8, 16, 64, 128}) {
    for (const int batch : {1, 4, 32, 256}) {
      for (const int context : {256, 2048, 16384, 65536}) {
        const auto time = mla_decode_time(truth, {static_cast<double>(heads), 512, 128, 64, 128, 2}, bf16(), batch);
        const double us = 1e6 * (time.base.total() + time.slope.total() * batch * context);
        csv += fmt::format("H200,trtllm,1,attention kernel,{},1,{},{},1,bfloat16,bfloat16,,{}\n", batch, context - 1,
                           heads, us);
      }
    }
  }
  KernelFitError error;
  const auto found = fit_mla_decode(table_of(csv), h200(), NumberFormat::kBf16, {}, error);
  CHECK(error.rows == 64);
  CHECK(error.p90 < 0.01);
  CHECK(found.memory_efficiency == Approx(truth.memory_efficiency).epsilon(0.03));
  CHECK(found.per_token == Approx(truth.per_token).epsilon(0.1));
  CHECK(found.per_head == Approx(truth.per_head).epsilon(0.1));
}

TEST_CASE("an exchange is the sum of its phases, with the fastest number of SMs") {
  const models::ExchangeCoefficients truth{20e-6, 0.4};
  std::string csv = "gpu,library,version,phase,dtype,nodes,ep_size,num_tokens,hidden,topk,experts,sms,time_us\n";
  for (const int tokens : {1, 16, 256, 4096}) {
    for (const int hidden : {2048, 7168}) {
      const double us =
          1e6 * expert_exchange_time(truth, h200().gpu.nvlink.value(), 8, 8, hidden, 1, static_cast<double>(tokens));
      for (const double share : {0.4, 0.6}) {
        const auto* phase = share < 0.5 ? "dispatch" : "combine";
        csv += fmt::format("H200,DeepEP normal,1,{},,1,,{},{},8,256,20,{}\n", phase, tokens, hidden, share * us);
        csv += fmt::format("H200,DeepEP normal,1,{},,1,,{},{},8,256,4,{}\n", phase, tokens, hidden, 5 * us);
        csv += fmt::format("H200,DeepEP normal,1,{},,2,,{},{},8,256,20,{}\n", phase, tokens, hidden, 9 * us);
      }
    }
  }
  KernelFitError error;
  const auto found = fit_exchange(table_of(csv), h200(), {"deepep_normal", "DeepEP normal"}, error);
  CHECK(error.rows == 8);
  CHECK(found.latency == Approx(truth.latency).epsilon(0.02));
  CHECK(found.efficiency == Approx(truth.efficiency).epsilon(0.02));
}

TEST_CASE("windowed rows read no more than the window") {
  const models::AttentionDecodeCoefficients truth{10e-6, 2e-9, 0.8};
  const models::AttentionShape shape{64, 8, 64, 2};
  std::string csv =
      "gpu,framework,kernel,batch,isl_or_new_tokens,past_kv_len,q_heads_per_gpu,kv_heads_per_gpu,head_dim,window,"
      "attn_dtype,kv_dtype,time_us\n";
  for (const int batch : {1, 32, 512}) {
    for (const int context : {128, 1024, 8192}) {
      const auto time = attention_decode_time(truth, shape, bf16().bandwidth, batch);
      const double us = 1e6 * (time.base.total() + time.slope.total() * batch * 128);
      csv += fmt::format("H200,trtllm,k,{},1,{},64,8,64,128,bfloat16,bfloat16,{}\n", batch, context - 1, us);
    }
  }
  const auto error = error_of(truth, table_of(csv), h200(), {NumberFormat::kBf16, 64, 128});
  CHECK(error.rows == 9);
  CHECK(error.p90 < 1e-6);
}

TEST_CASE("a cell without serving points takes its relative's scales, not its points") {
  models::Calibration relative;
  relative.gpu = "b200-hgx", relative.engine = "vllm";
  relative.formats["fp8"].scales = {0.5, 1.1, 0.9, 1.3, 0.8};
  relative.formats["fp8"].tpot.points = 40;
  relative.expert_scales["fp8"].skew = 1.1;
  relative.expert_scales["fp8"].memory = 1.2;
  const CellNames same{"b300-hgx", "B300", "vllm", "vllm", "kernels 1", "b200-hgx-vllm"};
  const auto b300 = start_cell(same, &relative);
  CHECK(b300.scales_from == "b200-hgx");
  CHECK(b300.formats.at("fp8").scales.attention == 1.3);
  CHECK(b300.formats.at("fp8").tpot.points == 0);
  CHECK(b300.expert_scales.at("fp8").memory == 1.2);
  // Another engine multiplies alike, but attends and routes with kernels of its own.
  const CellNames other{"b200-hgx", "B200", "sglang", "sglang", "kernels 1", "b200-hgx-vllm"};
  const auto sglang = start_cell(other, &relative);
  CHECK(sglang.scales_from == "b200-hgx with vllm");
  CHECK(sglang.formats.at("fp8").scales.gemm_memory == 1.1);
  CHECK(sglang.formats.at("fp8").scales.attention == 1);
  CHECK(sglang.expert_scales.at("fp8").memory == 1);
  CHECK(sglang.expert_scales.at("fp8").skew == 1.1);
}
