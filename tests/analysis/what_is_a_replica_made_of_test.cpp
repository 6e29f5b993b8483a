// From the keys of a serving group to GPUs, limits and memory of a replica, and to the policy that schedules it.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "analysis/run.hpp"

using namespace flotilla;
using namespace flotilla::analysis;
using doctest::Approx;

namespace {

/// A scenario on 16 H200s with one serving group.
LoadedScenario loaded(const std::string& model, const std::string& serving,
                      const std::vector<std::string>& overrides = {}) {
  const std::string text = "name: t\nmodel: " + model +
                           "\nfleet: {pools: [{name: p, system: hgx-h200, gpus: 16}]}\nserving: [{pool: p, " + serving +
                           "}]\nworkload: {request_rate: 1, input_tokens: 800, output_tokens: 100, num_prompts: 1}\n";
  return load_scenario(reader::Document::from_text(text, "t.yaml"), overrides);
}

/// What the reader says to a mistake.
std::string refusal(const std::string& model, const std::string& serving) {
  try {
    loaded(model, serving);
  } catch (const InputError& e) {
    return e.path() + ": " + e.message();
  }
  return "";
}

}  // namespace

TEST_CASE("each engine is scheduled as it does by default") {
  const auto policy = [](const char* engine) {
    return loaded("llama-3.1-8b", std::string("engine: ") + engine).build.groups[0].scheduler;
  };
  CHECK(policy("vllm") == "vllm_v1");
  CHECK(policy("tensorrt-llm") == "trtllm_inflight");
  CHECK(policy("sglang") == "sglang");
}

TEST_CASE("a replica takes the GPUs of its ranks and stages") {
  const auto all = loaded("llama-3.1-8b", "tensor_parallel_size: 2, pipeline_parallel_size: 4");
  const sim::ServingGroup& group = all.build.groups[0];
  CHECK(group.gpus_per_replica == 8);
  CHECK(group.replicas == 2);
  CHECK(group.placement[0].size() == 8);
  // A stage is two GPUs of one node: its collectives do not meet the fabric.
  CHECK_FALSE(group.deployment.links.crosses_fabric);
}

TEST_CASE("a stage that spans nodes meets the fabric, stages on different nodes do not") {
  const auto stages = loaded("llama-3.1-8b", "tensor_parallel_size: 8, pipeline_parallel_size: 2");
  CHECK_FALSE(stages.build.groups[0].deployment.links.crosses_fabric);
  const auto ranks = loaded("llama-3.1-8b", "tensor_parallel_size: 16");
  CHECK(ranks.build.groups[0].deployment.links.crosses_fabric);
}

TEST_CASE("attention ranks that step together are one batch with the limits of all, and a prompt has those of one") {
  const auto all = loaded("mixtral-8x7b",
                          "data_parallel_size: 4, expert_parallel_size: 4, expert_skew: 0.3, engine_version: '0.12', "
                          "scheduler: {max_num_batched_tokens: 2048, max_num_seqs: 100}");
  const sim::ServingGroup& group = all.build.groups[0];
  CHECK(group.gpus_per_replica == 4);
  CHECK(group.limits.max_num_batched_tokens == 8192);
  CHECK(group.limits.max_num_seqs == 400);
  CHECK(group.limits.max_chunk_tokens == 2048);
  CHECK(group.deployment.max_num_batched_tokens == 2048);
  CHECK(group.deployment.expert_parallel_size == 4);
  CHECK(*group.deployment.expert_skew == 0.3);
  CHECK(group.deployment.engine_version == "0.12");
  CHECK(run_in_child(all).kv.budget_tokens == 4 * 4 * group.memory.kv_tokens);  // four replicas of four ranks
}

TEST_CASE("draft tokens are verified along with the token of a step") {
  const auto all = loaded("llama-3.1-8b", "speculation: {draft_tokens: 3, acceptance: 0.5}");
  const sim::ServingGroup& group = all.build.groups[0];
  CHECK(group.limits.tokens_per_decode == 4);
  CHECK(group.deployment.speculation.tokens_per_step() == 1.875);  // 1 + 1/2 + 1/4 + 1/8
}

TEST_CASE("experts are divided among the ranks of a stage, evenly") {
  const std::string key = "serving[0].expert_parallel_size: ";
  CHECK(refusal("mixtral-8x7b", "tensor_parallel_size: 2, expert_parallel_size: 4") ==
        key + "4 does not divide the 2 GPUs of a stage (tensor_parallel_size 2 * data_parallel_size 1)");
  CHECK(refusal("mixtral-8x7b", "tensor_parallel_size: 16, expert_parallel_size: 16") ==
        key + "16 ranks for the 8 experts of mixtral-8x7b");
  CHECK(refusal("mixtral-8x7b", "tensor_parallel_size: 2, data_parallel_size: 2, expert_parallel_size: 4") == "");
  CHECK(refusal("mixtral-8x7b", "tensor_parallel_size: 4, expert_parallel_size: 2") == "");
}

TEST_CASE("batch waiting needs both its figures, and ranks that do not depend on each other") {
  const std::string wait =
      "engine: tensorrt-llm, scheduler: {batch_wait_max_tokens_ratio: 0.9, batch_wait_timeout_iters: ";
  const auto on = loaded("mixtral-8x7b", wait + "20}");
  CHECK(on.build.groups[0].limits.batch_wait_max_tokens_ratio == 0.9);
  CHECK(on.build.groups[0].limits.batch_wait_timeout_iters == 20);
  const auto nobody_waits = [](const LoadedScenario& all) {
    for (const std::string& warning : all.build.warnings) {
      if (warning.find("nobody waits") != std::string::npos)
        return all.build.groups[0].limits.batch_wait_timeout_iters == 0;
    }
    return false;
  };
  CHECK_FALSE(nobody_waits(on));
  CHECK(nobody_waits(loaded("mixtral-8x7b", wait + "0}")));
  CHECK(nobody_waits(loaded("mixtral-8x7b", wait + "20}, data_parallel_size: 2")));
}

TEST_CASE("the frontend of the calibration delays the first token and counts as the rest of TTFT") {
  // 50 ms and 10 us for each of 800 input tokens: 58 ms.
  const auto file = std::filesystem::temp_directory_path() / "flotilla-test-frontend.yaml";
  std::stringstream shipped;
  shipped << std::ifstream(std::string(FLOTILLA_SOURCE_DIR) + "/models/calibration/h200-sxm-vllm.yaml").rdbuf();
  const std::regex frontend("frontend: \\{[^}]*\\}");
  const auto with = [&](const char* figures) {
    std::ofstream(file) << std::regex_replace(shipped.str(), frontend, std::string("frontend: ") + figures);
    return run_in_child(loaded("llama-3.1-8b", "weights: fp8, kv_cache_dtype: fp8, calibration: " + file.string()));
  };
  const Summary without = with("{per_request: 0, per_input_token: 0}");
  const Summary delayed = with("{per_request: 0.05, per_input_token: 0.00001}");
  std::filesystem::remove(file);
  CHECK(without.ttft_share.other == 0);
  CHECK(delayed.ttft.mean == Approx(without.ttft.mean + 58).epsilon(1e-9));
  CHECK(delayed.e2el.mean == Approx(without.e2el.mean + 58).epsilon(1e-9));
  CHECK(delayed.tpot.mean == Approx(without.tpot.mean).epsilon(1e-9));
  CHECK(delayed.ttft_share.other * delayed.ttft.mean == Approx(58).epsilon(1e-9));
  CHECK(delayed.ttft_share.other + delayed.ttft_share.queue + delayed.ttft_share.prefill == Approx(1));
}

TEST_CASE("what is known to slow hand-offs between sides of different sizes, and is not simulated, is said") {
  const auto said = [](const std::string& model, const std::string& engine, int decode_tp) {
    const std::string here = "replicas: 1, engine: " + engine + ", tensor_parallel_size: ";
    const auto all = loaded(model,
                            "weights: fp8, role: prefill, " + here + "8}, {pool: p, weights: fp8, role: decode, " +
                                here + std::to_string(decode_tp),
                            {"fleet.pools[0].gpus=24"});
    std::string text;
    for (const std::string& warning : all.build.warnings)
      if (warning.find("not simulated") != std::string::npos) text += warning;
    return text;
  };
  CHECK(said("llama-3.3-70b", "sglang", 4)
            .rfind("serving[0] hands over to serving[1], tensor_parallel_size 8 to 4: under SGLang its KV moves token "
                   "by token "
                   "there, ",
                   0) == 0);
  CHECK(said("llama-3.3-70b", "sglang", 8).empty());
  CHECK(said("llama-3.3-70b", "vllm", 4).empty());
  CHECK(said("deepseek-r1", "sglang", 16).empty());  // every rank holds all of a latent cache
}

TEST_CASE("a placement is a policy's name or the GPUs themselves") {
  const auto second_gpu = [](const std::string& placement) {
    const auto all = loaded("llama-3.1-8b", "replicas: 2, tensor_parallel_size: 4, placement: " + placement);
    return all.build.groups[0].placement[1].front();
  };
  CHECK(second_gpu("packed") == 4);
  CHECK(second_gpu("rail_aligned") == 4);
  CHECK(second_gpu("nvlink_domain_first") == 4);
  CHECK(second_gpu("spread") == 8);
  CHECK(second_gpu("[[0, 1, 2, 3], [5, 6, 7, 9]]") == 5);
  CHECK(refusal("llama-3.1-8b", "placement: rail_alined").find("'rail_alined' is not known here") != std::string::npos);
}
