// What schedulers, routers and clients are known for, on the shipped scenarios: which way a figure moves, and by how
// much at least.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>

#include "analysis/run.hpp"

using namespace flotilla;
using namespace flotilla::analysis;

namespace {

Summary simulate(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return run_in_child(
      load_scenario(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/policies/" + name + ".yaml", overrides));
}

Summary scheduled(const std::string& name, const std::string& policy) {
  return simulate(name, {"serving[0].scheduler.policy=" + policy});
}

}  // namespace

TEST_CASE("chunked prefill cuts p99 ITL to a fraction of what whole prompts make it, at the same load") {
  // Sarathi-Serve's claim (OSDI 2024) and the reason for vLLM V1's default.
  const Summary v0 = simulate(
      "chunking", {"serving[0].scheduler={policy: vllm_v0, max_num_batched_tokens: 16384, max_num_seqs: 256}"});
  const Summary v1 = scheduled("chunking", "vllm_v1");
  const Summary sarathi = scheduled("chunking", "sarathi");
  CHECK(v0.verdict == Verdict::kStable);
  CHECK(v1.verdict == Verdict::kStable);
  CHECK(v1.itl.p99 < 0.5 * v0.itl.p99);
  CHECK(sarathi.itl.p99 < 0.5 * v0.itl.p99);
  CHECK(v0.failed == 0);
  CHECK(v1.ttft.mean > v0.ttft.mean);  // which is what it costs
}

TEST_CASE("iteration-level scheduling holds a load under which static batches drown") {
  // Orca's claim (OSDI 2022).
  const Summary batches = scheduled("batching", "static_batch");
  const Summary orca = scheduled("batching", "orca");
  CHECK(orca.verdict == Verdict::kStable);
  CHECK(batches.ttft.mean > 10 * orca.ttft.mean);
}

TEST_CASE("two random choices are nearly as good as the best of all, and far from one random choice") {
  // Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (1996).
  const Summary one = simulate("two-choices", {"router=random", "workload.num_prompts=50000"});
  const Summary two = simulate("two-choices", {"router=power_of_two", "workload.num_prompts=50000"});
  const Summary all = simulate("two-choices", {"router=least_loaded", "workload.num_prompts=50000"});
  CHECK(two.ttft.p99 - all.ttft.p99 < 0.1 * (one.ttft.p99 - all.ttft.p99));
  CHECK(one.ttft.p99 > 3 * all.ttft.p99);
}

TEST_CASE("clients that try again at once make a burst a collapse, and a server that notices, or a gate, ends it") {
  const Summary none = simulate("retries", {"clients.max_retries=0"});
  const Summary at_once = simulate("retries");
  const Summary noticed = simulate("retries", {"clients.server_notices=true"});
  const Summary gated = simulate("retries", {"gateway={limits: [{max_outstanding: 300}]}"});
  CHECK(none.failed < none.num_prompts / 20);
  CHECK(at_once.failed > none.num_prompts / 2);
  CHECK(noticed.failed < none.num_prompts / 500);
  CHECK(gated.failed < none.num_prompts / 50);
  CHECK(at_once.goodput_ratio < 0.5 * noticed.goodput_ratio);
  for (const Summary* s : {&none, &at_once, &noticed, &gated}) {
    const auto& c = s->conservation;
    CHECK(c.injected == c.completed + c.rejected + c.timed_out + c.cancelled + c.failed + c.unfinished);
  }
}

TEST_CASE("prefill apart pays for long prompts, and loses for short ones") {
  // DistServe's claim (Zhong et al., OSDI 2024), and its limit.
  const Summary apart = simulate("long-prompts");
  const Summary together = simulate("together");
  CHECK(apart.itl.p99 < 0.5 * together.itl.p99);
  const std::vector<std::string> short_prompts = {"workload.input_tokens=200", "workload.request_rate=100",
                                                  "workload.num_prompts=12000"};
  const Summary short_apart = simulate("long-prompts", short_prompts);
  const Summary short_together = simulate("together", short_prompts);
  CHECK(short_together.goodput_ratio > 0.95);
  CHECK(short_apart.goodput_ratio < 0.5);
}

TEST_CASE("short prompts that stay where they decode save their hand-off") {
  const std::vector<std::string> short_prompts = {"workload.input_tokens=200", "workload.request_rate=40"};
  std::vector<std::string> conditional = short_prompts;
  conditional.push_back("router={policy: least_loaded, max_local_prefill_length: 512}");
  const Summary all = simulate("long-prompts", short_prompts);
  const Summary kept = simulate("long-prompts", conditional);
  CHECK(all.kv_transfers.count == all.completed);
  CHECK(kept.kv_transfers.count == 0);
  CHECK(kept.completed == all.completed);
  // Above the limit nothing changes.
  CHECK(simulate("long-prompts", {conditional.back()}).ttft.mean == simulate("long-prompts").ttft.mean);
}

TEST_CASE(
    "on a public trace a router that knows prefixes finds more of them than one that takes turns, and answers sooner") {
  const std::string trace = std::string(FLOTILLA_SOURCE_DIR) + "/../shared/traces/mooncake/conversation_trace.jsonl.gz";
  if (!std::filesystem::exists(trace)) {
    MESSAGE("skipped: Mooncake's trace is not beside this tree");
    return;
  }
  const auto under = [&](const std::string& router) {
    const std::string text = fmt::format(
        "name: mooncake\nmodel: llama-3.3-70b\n"
        "fleet: {{pools: [{{name: p, system: hgx-b200, gpus: 8}}]}}\n"
        "serving: [{{pool: p, engine: vllm, weights: nvfp4, kv_cache_dtype: fp8}}]\n"
        "router: {}\nworkload: {{trace: {{path: '{}', format: mooncake}}}}\n",
        router, trace);
    return run_in_child(load_scenario(reader::Document::from_text(text, "mooncake.yaml"), {}));
  };
  const Summary turns = under("round_robin"), knows = under("prefix_aware");
  MESSAGE(fmt::format("found {:.3f} and {:.3f}, mean TTFT {:.0f} and {:.0f} ms", turns.kv.prefix_hit_rate,
                      knows.kv.prefix_hit_rate, turns.ttft.mean, knows.ttft.mean));
  CHECK(knows.kv.prefix_hit_rate > 1.2 * turns.kv.prefix_hit_rate);
  CHECK(knows.ttft.mean < turns.ttft.mean);
}

TEST_CASE("KV in host memory is found again where GPU memory has no room for it") {
  const std::vector<std::string> small = {"serving[0].gpu_memory_utilization=0.5", "workload.num_prompts=4000",
                                          "router=session_sticky"};
  std::vector<std::string> offloaded = small;
  offloaded.push_back("serving[0].kv_offload={host: 400GB}");
  const auto of = [](const std::vector<std::string>& overrides) {
    return run_in_child(
        load_scenario(std::string(FLOTILLA_SOURCE_DIR) + "/scenarios/cache/conversations.yaml", overrides));
  };
  const Summary without = of(small), with = of(offloaded);
  CHECK(without.kv.fetched_from_host == 0);
  CHECK(with.kv.fetched_from_host > 0);
  CHECK(with.kv.prefix_hit_rate > without.kv.prefix_hit_rate + 0.01);
}
