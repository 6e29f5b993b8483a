// Several models and classes in one fleet: which replica each request goes to. Replicas of a fleet are counted from 0
// in the order of serving groups.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "sim/router/by_model.hpp"
#include "sim/simulation.hpp"
#include "sim/workload/source.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

struct Result {
  std::vector<Request> requests;  ///< in the order of ending
  RunFacts facts;
};

/// Once per process.
Result run(const std::string& yaml) {
  const auto document = reader::Document::from_text(yaml, "scenario.yaml");
  auto scenario = reader::read<Scenario>(document.root());
  reader::Origins origins;
  const Build built = build(scenario, document, origins);
  const auto source = make_source(scenario.workload, 1);
  Result result;
  RunOptions options;
  options.on_request = [&](const Request& r, RequestStatus) { result.requests.push_back(r); };
  result.facts = simulate(scenario, built, *source, options);
  return result;
}

std::set<std::int32_t> replicas_of(const Result& result, std::int32_t tenant) {
  std::set<std::int32_t> replicas;
  for (const Request& r : result.requests)
    if (r.tenant == tenant) replicas.insert(r.replica);
  return replicas;
}

std::string refusal(const std::string& yaml) {
  try {
    const auto document = reader::Document::from_text(yaml, "scenario.yaml");
    auto scenario = reader::read<Scenario>(document.root());
    reader::Origins origins;
    build(scenario, document, origins);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kHead = "name: t\nmodel: llama-3.1-8b\nfleet: {pools: [{name: p, system: hgx-h200, gpus: 8}]}\n";
const std::string kLoad = "request_rate: 40, input_tokens: 300, output_tokens: 20, num_prompts: 60";
const std::string kTwoModels =
    "serving:\n- {pool: p, replicas: 2}\n- {pool: p, model: llama-3.3-70b, weights: fp8, tensor_parallel_size: 2, "
    "replicas: 2}\n";

}  // namespace

TEST_CASE("a router for each model knows its replicas alone") {
  // Models a b a b: of a there are 0 and 2, of b 1 and 3.
  const std::vector<std::string> models{"a", "b"};
  const std::vector<Serves> serves{{0}, {1}, {0}, {1}};
  const auto router = make_router("least_loaded", 1, "routing", {}, models, serves);
  std::vector<ReplicaLoad> loads(4);
  for (std::size_t i = 0; i < 4; ++i) loads[i].serves = serves[i];
  router->start(4);
  const auto change = [&](std::size_t replica, std::int64_t outstanding, bool open = true) {
    loads[replica].outstanding = outstanding;
    loads[replica].open = open;
    router->changed(replica, loads[replica]);
  };
  const RoutedRequest for_a{100, -1, {0}}, for_b{100, -1, {1}};
  change(0, 5);
  change(1, 9);
  change(2, 7);
  change(3, 8);
  CHECK(router->pick(loads, for_a) == 0);
  CHECK(router->pick(loads, for_b) == 3);
  change(0, 8);
  CHECK(router->pick(loads, for_a) == 2);
  change(3, 0, false);
  CHECK(router->pick(loads, for_b) == 1);
  CHECK(router->may_take(loads[1], for_b));
  CHECK(!router->may_take(loads[0], for_b));
}

TEST_CASE("policies that look at memory see that of their model's replicas") {
  const std::vector<std::string> models{"a", "b"};
  const std::vector<Serves> serves{{1}, {0}, {1}};
  const auto router = make_router("least_kv", 1, "routing", {}, models, serves);
  router->start(3);
  CHECK(router->looks_at() == Look::kMemory);
  std::vector<ReplicaLoad> loads{{0, 300, 1000, 0}, {0, 10, 1000, 0}, {0, 200, 1000, 0}};
  CHECK(router->pick(loads, {100, -1, {1}}) == 2);
  loads[2].used_tokens = 400;  // nobody is told of this
  CHECK(router->pick(loads, {100, -1, {1}}) == 0);
  CHECK(router->pick(loads, {100, -1, {0}}) == 1);
}

TEST_CASE("model is least_loaded by another name") {
  std::vector<ReplicaLoad> loads(3);
  const auto router = make_router("model", 1);
  router->start(3);
  loads[0].outstanding = loads[2].outstanding = 4;
  router->changed(0, loads[0]);
  router->changed(2, loads[2]);
  CHECK(router->pick(loads, {}) == 1);
}

TEST_CASE("slo_class keeps to its class, and spills only when told to and full") {
  // Two replicas of class 0 that run 4 at once, one of class 1, one of none.
  std::vector<ReplicaLoad> loads(4);
  loads[0].serves = loads[1].serves = {0, 0};
  loads[2].serves = {0, 1};
  for (ReplicaLoad& load : loads) load.max_num_seqs = 4;
  const RoutedRequest mine{100, -1, {0, 0}}, classless{100, -1, {0, -1}};
  loads[0].outstanding = 6;
  loads[1].outstanding = 5;
  loads[2].outstanding = 1;
  loads[3].outstanding = 2;
  const auto strict = make_router("slo_class", 1);
  CHECK(strict->pick(loads, mine) == 1);
  CHECK(strict->pick(loads, classless) == 3);
  CHECK(!strict->may_take(loads[2], mine));

  const auto spilling = make_router("slo_class", 1, {.spill = true});
  CHECK(spilling->may_take(loads[2], mine));
  CHECK(spilling->pick(loads, mine) == 2);
  loads[1].outstanding = 4;  // it runs four and none waits: not more than max_num_seqs
  CHECK(spilling->pick(loads, mine) == 1);
  loads[1].outstanding = 5;
  loads[2].outstanding = loads[3].outstanding = 5;  // the others are no better
  CHECK(spilling->pick(loads, mine) == 1);
  loads[0].open = loads[1].open = false;
  CHECK(spilling->pick(loads, mine) == 2);
  // Among equals the one whose turn it is.
  std::vector<ReplicaLoad> idle(3);
  const auto turns = make_router("slo_class", 1);
  CHECK(turns->pick(idle, {}) == 0);
  CHECK(turns->pick(idle, {}) == 1);
}

TEST_CASE("requests go to replicas of their tenant's model, the scenario's where it names none") {
  for (const char* policy : {"least_loaded", "round_robin", "random", "power_of_two", "least_kv"}) {
    // One run per process: only whether it builds; the last is run.
    CHECK(refusal(kHead + kTwoModels + "router: " + policy + "\nworkload: {tenants: [{name: a, " + kLoad + "}]}\n") ==
          "");
  }
  const Result result = run(kHead + kTwoModels + "router: random\nworkload: {tenants: [{name: a, " + kLoad +
                            "}, {name: b, model: llama-3.3-70b, " + kLoad + "}]}\n");
  CHECK(result.facts.completed == 120);
  CHECK(replicas_of(result, 0) == std::set<std::int32_t>{0, 1});
  CHECK(replicas_of(result, 1) == std::set<std::int32_t>{2, 3});
  REQUIRE(result.facts.tenants.size() == 2);
  CHECK(result.facts.tenants[0].completed == 60);
  CHECK(result.facts.tenants[1].tokens.input == 60 * 300);
}

TEST_CASE("each model's prefill hands KV to replicas that decode that model") {
  const Result result = run(
      "name: t\nmodel: llama-3.1-8b\nfleet: {pools: [{name: p, system: hgx-h200, gpus: 8}]}\nserving:\n"
      "- {pool: p, role: prefill, replicas: 1}\n- {pool: p, role: prefill, model: llama-3.3-70b, weights: fp8, "
      "tensor_parallel_size: 2, replicas: 1}\n- {pool: p, role: decode, model: llama-3.3-70b, weights: fp8, "
      "tensor_parallel_size: 2, replicas: 1}\n- {pool: p, role: decode, replicas: 2}\nworkload: {tenants: [{name: a, " +
      kLoad + "}, {name: b, model: llama-3.3-70b, " + kLoad + "}]}\n");
  CHECK(result.facts.completed == 120);
  for (const Request& r : result.requests) {
    CHECK(r.replica == r.tenant);
    if (r.tenant == 0) CHECK(r.decode_replica >= 1);
    if (r.tenant == 1) CHECK(r.decode_replica == 0);
  }
}

TEST_CASE("a model without a replica waits for one, and nobody waits with it") {
  // The only replica of the 70B fails at 1 s, is repaired at 5 s and starts in no time.
  const Result result =
      run(kHead +
          "serving:\n- {pool: p, replicas: 1, placement: [[0]]}\n- {pool: p, model: llama-3.3-70b, weights: fp8, "
          "tensor_parallel_size: 2, placement: [[2, 3]]}\nfaults: {events: [{at: 1s, component: p/node0/gpu2, "
          "repair_after: "
          "4s}]}\nworkload: {tenants: [{name: a, arrivals: constant, request_rate: 10, input_tokens: 300, "
          "output_tokens: 20, "
          "num_prompts: 60}, {name: b, model: llama-3.3-70b, arrivals: constant, request_rate: 10, input_tokens: 300, "
          "output_tokens: 20, num_prompts: 60}]}\n");
  CHECK(result.facts.completed == 120);
  for (const Request& r : result.requests) {
    CAPTURE(r.arrival);
    CHECK(r.replica == r.tenant);
    if (r.tenant == 0) CHECK(r.last_token - r.arrival < 1);
    if (r.tenant == 1 && r.arrival > 1 && r.arrival < 5) CHECK(r.first_token >= 5);
  }
}

TEST_CASE("what no group serves is refused, with what there is") {
  const std::string load = "workload: {tenants: [{name: a, " + kLoad + "}";
  CHECK(contains(refusal(kHead + kTwoModels + load + ", {name: b, model: llama-3.3-7b, " + kLoad + "}]}\n"),
                 "no serving group serves 'llama-3.3-7b'"));
  CHECK(contains(refusal(kHead + kTwoModels + load + ", {name: b, model: llama-3.3-7b, " + kLoad + "}]}\n"),
                 "did you mean 'llama-3.3-70b'?"));
  CHECK(refusal(kHead + kTwoModels + load + ", {name: b, model: Llama_3.3-70B, " + kLoad + "}]}\n") ==
        "");  // the same by another name
  const std::string only = "serving: [{pool: p, model: llama-3.3-70b, weights: fp8, tensor_parallel_size: 2}]\n";
  CHECK(contains(refusal(kHead + only + load + "]}\n"),
                 "tenant 'a' asks for the scenario's model, llama-3.1-8b, which no serving group serves"));
  CHECK(contains(refusal(kHead + only + "workload: {" + kLoad + "}\n"), "there are no tenants to ask for another"));
  const std::string apart =
      "serving:\n- {pool: p, role: prefill}\n- {pool: p, role: decode, model: llama-3.3-70b, weights: fp8, "
      "tensor_parallel_size: 2}\n";
  CHECK(contains(refusal(kHead + apart + load + "]}\n"), "nobody decodes what this group prefills"));
  CHECK(contains(refusal(kHead + apart + load + "]}\n"), "the same model and class"));
}

TEST_CASE("with slo_class every tenant's class is served by a group, and every group's by itself") {
  const std::string serving = "serving:\n- {pool: p, class: interactive, replicas: 1}\n- {pool: p, class: batch}\n";
  const auto with = [&](const std::string& tenant) {
    return refusal(kHead + serving + "router: slo_class\nworkload: {tenants: [{name: a, " + tenant + kLoad + "}]}\n");
  };
  CHECK(with("class: batch, ") == "");
  CHECK(contains(with("class: btach, "), "no serving group of llama-3.1-8b takes requests of class 'btach'"));
  CHECK(contains(with("class: btach, "), "did you mean 'batch'?"));
  CHECK(contains(with(""), "takes requests of no class"));
  CHECK(contains(with(""), "interactive, batch"));
  CHECK(
      contains(refusal(kHead + serving + "router: slo_class\nworkload: {" + kLoad + "}\n"), "requests have no class"));
  CHECK(
      contains(refusal(kHead +
                       "serving:\n- {pool: p, replicas: 1, autoscale: {policy: ttft, target_ttft: 1s}}\n- {pool: p, "
                       "model: llama-3.3-70b, weights: fp8, tensor_parallel_size: 2}\nworkload: {tenants: [{name: a, " +
                       kLoad + "}]}\n"),
               "it looks at all requests of the fleet"));
}

namespace {

/// Each replica runs two at once; of the interactive class ten come at once, of the other one.
std::vector<std::int32_t> where_ten_go(const std::string& router) {
  const Result result = run(
      kHead + "serving:\n- {pool: p, class: interactive, replicas: 1, scheduler: {max_num_seqs: 2}}\n- {pool: p, " +
      "class: batch, replicas: 1, scheduler: {max_num_seqs: 2}}\nrouter: " + router +
      "\nworkload: {tenants: [{name: chat, class: interactive, request_rate: inf, input_tokens: 300, output_tokens: " +
      "20, num_prompts: 10}, {name: sums, class: batch, request_rate: inf, input_tokens: 300, output_tokens: 20, " +
      "num_prompts: 1}]}\n");
  CHECK(result.facts.completed == 11);
  std::vector<std::int32_t> where(11);
  for (const Request& r : result.requests) where[static_cast<std::size_t>(r.id)] = r.replica;
  return where;
}

}  // namespace

TEST_CASE("requests of a class go to its groups, however full they are") {
  CHECK(where_ten_go("slo_class") == std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

TEST_CASE("with spill they go to others, where those are better off") {
  // Their own takes three, and has more than two then. The other takes three and has as many; from then on they take
  // turns. The one of the other class finds five and five, and room nowhere: it stays with its own.
  CHECK(where_ten_go("{policy: slo_class, spill: true}") == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1});
}
