// A fleet whose collectives are flows, and the same with their analytic times: whole scenarios, each run in a process
// of its own. Alone on its links a replica takes the same time either way; with others about, longer.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "sim/simulation.hpp"
#include "sim/workload/source.hpp"
#include "tests/sim/in_child.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

enum Figure { kDuration, kTtft, kKvTime, kCommunication, kMemory, kSteps, kPreemptions, kLinkBytes, kFigures };

/// What a scenario comes to, in the order of the figures, and then the last token's date of each request. Communication
/// and memory in seconds, of all steps.
std::vector<double> run(const std::string& yaml, const std::vector<std::string>& changes, bool step_by_step = false) {
  return in_child([&] {
    auto document = reader::Document::from_text(yaml, "scenario.yaml");
    for (const std::string& change : changes) document.set(change);
    Scenario scenario = reader::read<Scenario>(document.root());
    reader::Origins origins;
    const Build built = build(scenario, document, origins);
    const auto source = make_source(scenario.workload, 1);
    RunOptions options;
    options.step_by_step = step_by_step;
    std::vector<double> ends;
    options.on_request = [&](const Request& r, RequestStatus) { ends.push_back(r.last_token); };
    const RunFacts facts = simulate(scenario, built, *source, options);
    std::vector<double> figures(kFigures);
    figures[kDuration] = facts.duration;
    figures[kTtft] = facts.samples.ttft.mean();
    figures[kKvTime] = facts.hand_off.count > 0 ? facts.hand_off.times.mean() : 0;
    for (const GroupFacts& group : facts.groups) {
      figures[kCommunication] += group.books.busy.communication;
      figures[kMemory] += group.books.busy.memory;
      figures[kSteps] += static_cast<double>(group.books.steps);
      figures[kPreemptions] += static_cast<double>(group.books.preemptions);
    }
    for (const LinkFacts& link : facts.links) figures[kLinkBytes] += link.bytes;
    figures.insert(figures.end(), ends.begin(), ends.end());
    return figures;
  });
}

/// Prompts that come at once, so that steps follow from the order of tokens alone.
std::string scenario(const std::string& model, const std::string& system, int gpus, const std::string& serving) {
  return "name: t\nmodel: " + model + "\nfleet: {pools: [{name: p, system: " + system +
         ", gpus: " + std::to_string(gpus) + "}]}\nserving:\n" + serving +
         "workload: {request_rate: inf, input_tokens: 3000, output_tokens: 60, num_prompts: 24}\n";
}

const std::string kFlows = "serving[0].fidelity=flows";

struct Alone {
  const char* what;
  const char* model;
  const char* system;
  int gpus;
  const char* serving;
};
const Alone kAlone[] = {
    {"TP 2", "llama-3.1-8b", "hgx-h100", 2, "{pool: p, tensor_parallel_size: 2}"},
    {"TP 8, in-switch reduction", "llama-3.3-70b", "hgx-h100", 8, "{pool: p, tensor_parallel_size: 8, weights: fp8}"},
    {"four replicas of TP 2 side by side", "llama-3.1-8b", "hgx-h100", 8, "{pool: p, tensor_parallel_size: 2}"},
    {"TP 16 over two nodes", "llama-3.3-70b", "hgx-h100", 16, "{pool: p, tensor_parallel_size: 16, weights: fp8}"},
    {"TP 16 over two nodes, TensorRT-LLM", "llama-3.3-70b", "hgx-h200", 16,
     "{pool: p, tensor_parallel_size: 16, weights: fp8, engine: tensorrt-llm}"},
    {"TP 8 of Blackwell", "llama-3.3-70b", "hgx-b200", 8, "{pool: p, tensor_parallel_size: 8, weights: nvfp4}"},
    {"two stages in one node", "llama-3.3-70b", "hgx-h100", 8,
     "{pool: p, tensor_parallel_size: 4, pipeline_parallel_size: 2, weights: fp8}"},
    {"draft tokens", "llama-3.3-70b", "hgx-h100", 4,
     "{pool: p, tensor_parallel_size: 4, weights: fp8, speculation: {draft_tokens: 2, acceptance: 0.7}}"},
    {"experts over eight attention ranks", "deepseek-r1", "hgx-b200", 8,
     "{pool: p, data_parallel_size: 8, expert_parallel_size: 8, weights: nvfp4, engine: tensorrt-llm}"},
    {"the same, gathered", "deepseek-r1", "hgx-b200", 8,
     "{pool: p, data_parallel_size: 8, expert_parallel_size: 8, weights: nvfp4, engine: vllm}"},
    {"experts over two nodes", "deepseek-r1", "hgx-b200", 16,
     "{pool: p, data_parallel_size: 16, expert_parallel_size: 16, weights: nvfp4, engine: tensorrt-llm}"},
    {"experts of tensor-parallel ranks", "gpt-oss-120b", "hgx-h100", 4,
     "{pool: p, tensor_parallel_size: 4, weights: mxfp4}"},
};

}  // namespace

TEST_CASE("alone, a replica takes with flows what it takes without, within a per mille") {
  for (const Alone& a : kAlone) {
    CAPTURE(a.what);
    const std::string text = scenario(a.model, a.system, a.gpus, std::string("  - ") + a.serving + "\n");
    const auto analytic = run(text, {});
    const auto flows = run(text, {kFlows});
    REQUIRE(flows.size() == analytic.size());
    REQUIRE(flows.size() == kFigures + 24);
    CHECK(analytic[kCommunication] > 0);
    CHECK(flows[kLinkBytes] > 0);
    CHECK(flows[kSteps] == analytic[kSteps]);
    for (const Figure figure : {kDuration, kTtft, kMemory, kCommunication}) {
      CAPTURE(static_cast<int>(figure));
      CHECK(std::abs(flows[figure] / analytic[figure] - 1) < 1e-3);
    }
    for (std::size_t i = kFigures; i < flows.size(); ++i) CHECK(std::abs(flows[i] / analytic[i] - 1) < 1e-3);
  }
}

namespace {

/// Four nodes a leaf and one uplink on each rail: what goes from nodes 0-3 to nodes 4-7 on one rail shares 50 GB/s.
const std::string kNarrow = "fleet.fabric={like: ib-ndr-rail, leaf_ports: 5, oversubscription: 4}";

}  // namespace

TEST_CASE("rings over one uplink are slower than with a wide spine, which is as fast as without flows") {
  // Two replicas of TP 16, on nodes 0 and 4 and on nodes 1 and 5: both rings cross on rails 0 and 7, in step with each
  // other, so that bytes take twice as long while latencies stay.
  const std::string text = scenario("llama-3.3-70b", "hgx-h100", 64,
                                    "  - {pool: p, tensor_parallel_size: 16, weights: fp8, placement: "
                                    "[[0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35, 36, 37, 38, 39], "
                                    "[8, 9, 10, 11, 12, 13, 14, 15, 40, 41, 42, 43, 44, 45, 46, 47]]}\n");
  const auto analytic = run(text, {kNarrow});
  const auto wide = run(text, {kFlows});
  const auto narrow = run(text, {kFlows, kNarrow});
  CHECK(std::abs(wide[kDuration] / analytic[kDuration] - 1) < 1e-3);
  CHECK(narrow[kCommunication] > 1.2 * analytic[kCommunication]);
  CHECK(narrow[kCommunication] < 2 * analytic[kCommunication]);
  CHECK(narrow[kMemory] == doctest::Approx(analytic[kMemory]).epsilon(1e-9));
  CHECK(narrow[kDuration] > 1.1 * wide[kDuration]);
  CHECK(narrow[kLinkBytes] > wide[kLinkBytes]);  // by way of the spine
}

TEST_CASE("KV beside a spanning group's all-reduces takes longer than beside an analytic one") {
  // KV goes from node 0 to node 4 on rails 4 to 7; the ring of the group on nodes 1 and 5 goes that way on rail 7, and
  // comes back on rail 0.
  const std::string text =
      "name: t\nmodel: llama-3.1-8b\nfleet: {pools: [{name: p, system: hgx-h100, gpus: 64}]}\nserving:\n"
      "  - {pool: p, tensor_parallel_size: 16, placement: "
      "[[8, 9, 10, 11, 12, 13, 14, 15, 40, 41, 42, 43, 44, 45, 46, 47]]}\n"
      "  - {pool: p, tensor_parallel_size: 4, role: prefill, placement: [[4, 5, 6, 7]], kv_transfer: {efficiency: 1}}\n"
      "  - {pool: p, tensor_parallel_size: 4, role: decode, placement: [[36, 37, 38, 39]]}\n"
      "workload: {request_rate: 20, input_tokens: 4000, output_tokens: 60, num_prompts: 60}\n";
  const auto analytic = run(text, {kNarrow});
  const auto flows = run(text, {kFlows, kNarrow});
  CHECK(flows[kKvTime] > 1.05 * analytic[kKvTime]);
  CHECK(flows[kCommunication] > analytic[kCommunication]);
}

TEST_CASE("walking through every step changes nothing where some collectives are flows") {
  // The first group jumps, the second never does, and KV moves from one to the other. Little memory, so that some are
  // preempted.
  const std::string text =
      "name: t\nmodel: llama-3.1-8b\nfleet: {pools: [{name: p, system: hgx-h100, gpus: 16}]}\nserving:\n"
      "  - {pool: p, tensor_parallel_size: 2, role: prefill, replicas: 2}\n"
      "  - {pool: p, tensor_parallel_size: 2, role: decode, replicas: 1, gpu_memory_utilization: 0.14, "
      "scheduler: {max_num_seqs: 64}}\n"
      "workload: {request_rate: 60, input_tokens: {uniform: [500, 2000]}, output_tokens: {uniform: [50, 500]}, "
      "num_prompts: 150}\n";
  for (const std::vector<std::string>& flows :
       {std::vector<std::string>{"serving[1].fidelity=flows"}, {kFlows, "serving[1].fidelity=flows"}, {kFlows}}) {
    CAPTURE(flows.size());
    const auto jumped = run(text, flows);
    const auto walked = run(text, flows, true);
    CHECK(jumped == walked);
    CHECK(jumped == run(text, flows));
    CHECK(jumped.size() == kFigures + 150);
    CHECK(jumped[kPreemptions] > 0);
    CHECK(jumped[kKvTime] > 0);
  }
}
