#include "analysis/validate/launch.hpp"

#include <algorithm>
#include <cmath>

namespace flotilla::analysis {
namespace {

struct Shape {
  int input = 0, output = 0, clients = 0;
  [[nodiscard]] bool equal() const { return input == output; }  // "1k/1k" in the scripts
};

/// 70b_fp8_h100_slurm.sh, 70b_fp4_b200_docker.sh and others, October 2025.
void llama_on_vllm(Setup& s, const Shape& shape) {
  const bool blackwell = s.gpu != "h100-sxm" && s.gpu != "h200-sxm";
  s.memory_share = 0.9;
  s.max_num_batched_tokens = 8192;
  s.max_num_seqs = blackwell ? 512 : shape.clients;
  s.kv_cache = s.gpu == "h100-sxm" ? "bf16" : "fp8";
}

/// 70b_fp8_h200_trt_slurm.sh, 70b_fp4_b200_trt_slurm.sh: max_num_tokens is the maximum model length.
void llama_on_trtllm(Setup& s, const Shape& shape) {
  s.memory_share = 0.9;
  s.max_num_batched_tokens = shape.input + shape.output + (shape.equal() ? 20 : 200);
  s.kv_cache = "fp8";
  if (shape.equal() && s.tp < 8) s.batch_wait_ratio = 0.9, s.batch_wait_steps = 20;
}

/// gptoss_fp4_b200.sh, gptoss_fp4_h100.sh.
void gpt_oss_on_vllm(Setup& s, const Shape& shape) {
  const bool hopper = s.gpu == "h100-sxm" || s.gpu == "h200-sxm";
  s.memory_share = 0.9;
  s.max_num_batched_tokens = 8192;
  s.max_num_seqs = hopper ? shape.clients : 512;
  s.kv_cache = hopper ? "bf16" : "fp8";
}

/// gptoss_fp4_b200_trt.sh.
void gpt_oss_on_trtllm(Setup& s, const Shape&) {
  s.memory_share = 0.85;
  s.max_num_batched_tokens = 20000;
  s.max_num_seqs = 512;
  s.kv_cache = "fp8";
}

/// minimaxm2.5_fp8_*.sh, minimaxm2.5_fp4_b200.sh: the engine's token limit. The KV format is not in the rows; those of
/// B200 hold 128 clients with 8k prompts on two GPUs without queueing, which only FP8 leaves room for.
void minimax_on_vllm(Setup& s, const Shape& shape) {
  const bool fp4 = s.weights == "nvfp4";
  s.memory_share = fp4 || s.gpu == "h100-sxm" ? 0.9 : 0.95;
  if (fp4) s.max_num_seqs = shape.clients;
  if (s.gpu == "h100-sxm") s.max_num_seqs = 256;
  if (s.gpu != "h100-sxm" && s.gpu != "h200-sxm") s.kv_cache = "fp8";
}

/// dsr1_fp4_b200_trt.sh, dsr1_fp8_b200_trt.sh, dsr1_fp8_h200_trt.sh.
void deepseek_on_trtllm(Setup& s, const Shape& shape) {
  constexpr int kUnit = 64;
  s.memory_share = s.gpu == "h200-sxm" ? 0.75 : 0.8;
  s.max_num_batched_tokens = std::max(8192, (shape.clients + shape.input + kUnit + kUnit - 1) / kUnit * kUnit);
  s.max_num_seqs = std::min(2048, *s.max_num_batched_tokens);
  s.kv_cache = "fp8";
  const bool waits = shape.equal() && shape.clients >= 64 && shape.clients < 256;
  if (s.weights == "fp8" && s.gpu == "b200-hgx" && waits) s.batch_wait_ratio = 0.8, s.batch_wait_steps = 40;
}

/// dsr1_fp4_b200.sh, dsr1_fp8_b200.sh, dsr1_fp8_h200.sh.
void deepseek_on_sglang(Setup& s, const Shape& shape) {
  const bool h200 = s.gpu == "h200-sxm", fp4 = s.weights == "nvfp4";
  s.memory_share = fp4 ? 0.85 : s.tp == 4 && !h200 ? 0.95 : 0.82;
  s.max_num_batched_tokens = fp4 ? 16384 : s.tp == 4 && !h200 ? 8192 : 32768;
  s.max_num_seqs = h200 ? (shape.equal() ? 512 : 256) : fp4 ? 256 : s.tp == 4 ? 32 : 128;
  s.kv_cache = h200 ? "bf16" : "fp8";
}

using Flags = void (*)(Setup&, const Shape&);

struct Script {
  const char* model;  ///< start of the catalogue name
  const char* engine;
  Flags use;
};

constexpr Script kScripts[] = {
    {"llama-3", "vllm", llama_on_vllm},         {"llama-3", "tensorrt-llm", llama_on_trtllm},
    {"gpt-oss", "vllm", gpt_oss_on_vllm},       {"gpt-oss", "tensorrt-llm", gpt_oss_on_trtllm},
    {"minimax", "vllm", minimax_on_vllm},       {"deepseek", "tensorrt-llm", deepseek_on_trtllm},
    {"deepseek", "sglang", deepseek_on_sglang},
};

}  // namespace

void use_default_flags(Setup& s, const MeasuredPoint&) {
  const bool quantised = s.weights != "bf16";
  s.kv_cache = s.engine == "tensorrt-llm" && quantised ? "fp8" : "bf16";
}

void use_inferencex_flags(Setup& s, const MeasuredPoint& p) {
  use_default_flags(s, p);
  const Shape shape{static_cast<int>(p.input_tokens.value_or(0)), static_cast<int>(p.output_tokens.value_or(0)),
                    s.max_concurrency.value_or(1)};
  for (const Script& script : kScripts) {
    if (s.model.rfind(script.model, 0) == 0 && s.engine == script.engine) script.use(s, shape);
  }
}

}  // namespace flotilla::analysis
