#include "sim/scenario/scenario.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "scenarios/reader/embedded.hpp"
#include "sim/router/router.hpp"

namespace flotilla::sim {

namespace {

constexpr std::array<std::pair<Role, std::string_view>, 3> kRoles{
    {{Role::kMixed, "mixed"}, {Role::kPrefill, "prefill"}, {Role::kDecode, "decode"}}};
constexpr std::array<std::pair<Fidelity, std::string_view>, 2> kFidelities{
    {{Fidelity::kAnalytic, "analytic"}, {Fidelity::kFlows, "flows"}}};
constexpr std::array<std::pair<KvOverlap, std::string_view>, 3> kOverlaps{
    {{KvOverlap::kNone, "none"}, {KvOverlap::kChunks, "chunks"}, {KvOverlap::kLayers, "layers"}}};
constexpr std::array<std::pair<KvDirection, std::string_view>, 2> kDirections{
    {{KvDirection::kPull, "pull"}, {KvDirection::kPush, "push"}}};

}  // namespace

std::span<const std::pair<Role, std::string_view>> enum_names(Role) { return kRoles; }
std::span<const std::pair<Fidelity, std::string_view>> enum_names(Fidelity) { return kFidelities; }
std::span<const std::pair<KvOverlap, std::string_view>> enum_names(KvOverlap) { return kOverlaps; }
std::span<const std::pair<KvDirection, std::string_view>> enum_names(KvDirection) { return kDirections; }

const reader::Schema<PowerSpec>& PowerSpec::schema() {
  static const auto schema =
      reader::Schema<PowerSpec>("power", "Limits on what a pool draws: its GPUs lower their clocks to keep them")
          .key("gpu_cap", &PowerSpec::gpu_cap, "what a GPU draws at most", {.min = 0, .above_min = true})
          .key("rack_cap", &PowerSpec::rack_cap,
               "what a rack draws at most, at the wall: its GPUs share equally what its hosts leave",
               {.min = 0, .above_min = true});
  return schema;
}

const reader::Schema<ThrottleSpec>& ThrottleSpec::schema() {
  static const auto schema =
      reader::Schema<ThrottleSpec>("throttle", "A cap that holds for a while")
          .key("from", &ThrottleSpec::from, "from the first step that begins then", {.min = 0, .required = true})
          .key("to", &ThrottleSpec::to, "until the first step that begins then",
               {.min = 0, .above_min = true, .default_text = "the end of the run"})
          .key("gpu_cap", &ThrottleSpec::gpu_cap, "what a GPU draws at most meanwhile",
               {.min = 0, .above_min = true, .required = true})
          .check([](const ThrottleSpec& spec, const reader::Node& node) {
            if (spec.to && !(*spec.to > spec.from)) node.fail_for("to", "it ends before it begins", "to > from");
          });
  return schema;
}

const reader::Schema<PoolSpec>& PoolSpec::schema() {
  static const auto schema =
      reader::Schema<PoolSpec>("pool", "GPUs of one kind")
          .key("name", &PoolSpec::name, "how serving groups refer to it", {.required = true})
          .key("system", &PoolSpec::system, "hgx-h100, hgx-h200, hgx-b200, gb200-nvl72, or a file of your own",
               {.required = true})
          .key("gpus", &PoolSpec::gpus, "GPUs in the pool; give this or nodes",
               {.min = 1, .max = 1e6, .default_text = "nodes * GPUs of a node"})
          .key("nodes", &PoolSpec::nodes, "whole nodes in the pool",
               {.min = 1, .max = 1e6, .default_text = "as many as hold gpus"})
          .key("price", &PoolSpec::price,
               "a price list, {usd_per_gpu_hour: 6.03}, or what it costs to own: {owned: {...}}")
          .key("assumed_output_tok_s_per_gpu", &PoolSpec::assumed_output_tok_s_per_gpu,
               "an assumed throughput for `show cost`; the simulation does not use it",
               {.min = 0, .above_min = true, .unit = "tok/s"})
          .key("power", &PoolSpec::power, "limits on what it draws")
          .key("throttle", &PoolSpec::throttle, "caps that hold for a while; the lowest of those that hold counts");
  return schema;
}

const reader::Schema<FleetSpec>& FleetSpec::schema() {
  static const auto schema =
      reader::Schema<FleetSpec>("fleet", "Which GPUs, wired how")
          .key("fabric", &FleetSpec::fabric, "how nodes are wired: a catalogue name or a file")
          .key("pools", &FleetSpec::pools, "pools of GPUs", {.required = true})
          .key("storage", &FleetSpec::storage, "where weights and images are loaded from")
          .key("pue", &FleetSpec::pue,
               "power of the building over that of its machines; without it 1, the machines alone",
               {.min = 1, .max = 5});
  return schema;
}

const reader::Schema<SpeculationSpec>& SpeculationSpec::schema() {
  static const auto schema =
      reader::Schema<SpeculationSpec>("speculation", "Tokens that are proposed ahead and verified in one step")
          .key("draft_tokens", &SpeculationSpec::draft_tokens, "proposed in each step, per sequence; 0 = none",
               {.min = 0, .max = 64, .unit = "tokens"})
          .key("acceptance", &SpeculationSpec::acceptance, "chance that one is accepted, given those before it were",
               {.min = 0, .max = 1})
          .key("acceptance_by_position", &SpeculationSpec::acceptance_by_position,
               "instead: share of drafts accepted up to each position, as vLLM logs it: [0.85, 0.7, 0.55]",
               {.min = 0, .max = 1})
          .key("acceptance_spread", &SpeculationSpec::acceptance_spread,
               "standard deviation of acceptance between requests (a beta distribution): some are easier to guess",
               {.min = 0, .max = 0.5})
          .check([](const SpeculationSpec& spec, const reader::Node& node) {
            const std::vector<double>& shares = spec.acceptance_by_position;
            if (!shares.empty()) {
              if (static_cast<int>(shares.size()) != spec.draft_tokens)
                node.at("acceptance_by_position")
                    .fail("a share for each draft token", "draft_tokens: " + std::to_string(shares.size()));
              if (!std::is_sorted(shares.rbegin(), shares.rend()))
                node.at("acceptance_by_position")
                    .fail("a later position cannot be accepted more often than an earlier one");
              if (node.has("acceptance") && spec.acceptance > 0)
                node.at("acceptance").fail("give acceptance or acceptance_by_position, not both");
              if (spec.acceptance_spread > 0)
                node.at("acceptance_spread").fail("a spread needs acceptance", "acceptance: 0.8");
              return;
            }
            if (spec.acceptance_spread > 0 &&
                spec.acceptance_spread * spec.acceptance_spread >= spec.acceptance * (1 - spec.acceptance))
              node.at("acceptance_spread").fail("no distribution between 0 and 1 spreads so far around that mean");
            if (spec.draft_tokens > 0 && !node.has("acceptance")) {
              node.fail("how many draft tokens are accepted? acceptance is missing",
                        "DeepSeek-V3's report gives 0.85 to 0.9 for the first token of its module");
            }
          });
  return schema;
}

const reader::Schema<KvTransferSpec>& KvTransferSpec::schema() {
  static const auto schema =
      reader::Schema<KvTransferSpec>("kv_transfer", "How a prefill group hands its KV over to where it decodes")
          .key("direction", &KvTransferSpec::direction,
               "pull: the decode side takes it once it is computed; push: the decode side's memory is taken before "
               "prefill begins")
          .key("overlap", &KvTransferSpec::overlap,
               "of sending with computing, for push: none, chunks (each when it is computed) or layers")
          .key("overhead", &KvTransferSpec::overhead, "of a hand-off, before the first byte moves",
               {.min = 0, .default_text = "the engine's"})
          .key("efficiency", &KvTransferSpec::efficiency, "share of a NIC's bandwidth that one flow reaches",
               {.min = 0, .max = 1, .above_min = true, .default_text = "the engine's"})
          .check([](const KvTransferSpec& spec, const reader::Node& node) {
            if (spec.direction == KvDirection::kPull && spec.overlap != KvOverlap::kNone) {
              node.at("overlap").fail("KV that is pulled moves when all of it is computed",
                                      "overlap needs direction: push");
            }
          });
  return schema;
}

const reader::Schema<ServingSpec>& ServingSpec::schema() {
  static const auto schema =
      reader::Schema<ServingSpec>("serving_group", "Replicas of the model on a pool")
          .key("pool", &ServingSpec::pool, "the pool it runs on", {.required = true})
          .key("model", &ServingSpec::model, "the model it serves: catalogue name, or path to a config.json",
               {.default_text = "the scenario's"})
          .key("class", &ServingSpec::slo_class, "the router slo_class sends it the requests of tenants of this class",
               {.default_text = "none"})
          .key("role", &ServingSpec::role, "what it does with a request")
          .key("engine", &ServingSpec::engine, "vllm, tensorrt-llm or sglang: defaults and calibration")
          .key("engine_version", &ServingSpec::engine_version,
               "its release, such as '0.11': selects the measured set-up where there are several",
               {.default_text = "the catalogue's"})
          .key("calibration", &ServingSpec::calibration,
               "file of coefficients of one's own, as flotilla calibrate writes it",
               {.default_text = "the catalogue's nearest"})
          .key("weights", &ServingSpec::weights, "number format of the weights")
          .key("kv_cache_dtype", &ServingSpec::kv_cache_dtype, "number format of the KV cache")
          .key("tensor_parallel_size", &ServingSpec::tensor_parallel_size, "GPUs that share each layer's attention",
               {.min = 1, .max = 1024, .aliases = {"tp"}})
          .key("pipeline_parallel_size", &ServingSpec::pipeline_parallel_size,
               "pipeline stages, each with its share of the layers", {.min = 1, .max = 1024, .aliases = {"pp"}})
          .key("expert_parallel_size", &ServingSpec::expert_parallel_size,
               "groups of GPUs with whole experts of their own; divides tp * dp",
               {.min = 1, .max = 1024, .aliases = {"ep"}})
          .key("data_parallel_size", &ServingSpec::data_parallel_size,
               "attention ranks that step together, each with requests of its own",
               {.min = 1, .max = 1024, .aliases = {"dp"}})
          .key("expert_skew", &ServingSpec::expert_skew,
               "exponent of the power law by which tokens prefer experts; 0 = balanced",
               {.min = 0, .max = 10, .default_text = "what the calibration found"})
          .key("speculation", &ServingSpec::speculation, "speculative decoding")
          .key("kv_transfer", &ServingSpec::kv_transfer, "how KV is handed over, for role: prefill")
          .key("fidelity", &ServingSpec::fidelity,
               "of the collectives inside a replica. analytic: their time is part of the step, and they take nothing "
               "from others; flows: they share NVLink ports, NICs and spines with all that moves, and steps go one by "
               "one")
          .key("replicas", &ServingSpec::replicas, "copies", {.min = 1, .max = 1e6, .default_text = "as many as fit"})
          .key(
              "placement", &ServingSpec::placement,
              "packed: one NVLink domain is filled before the next; spread: domains take turns; rail_aligned: ranks of "
              "one number share a rail, replicas larger than a domain take the same GPUs of several; "
              "nvlink_domain_first: the fullest domain that has room, so that whole ones are left for who needs them; "
              "or, by hand, the pool's GPUs of each replica: [[0, 1], [8, 9]]")
          .key("gpu_memory_utilization", &ServingSpec::gpu_memory_utilization, "share of GPU memory the engine may use",
               {.min = 0, .max = 1, .above_min = true, .default_text = "the engine's"})
          .key("block_size", &ServingSpec::block_size, "tokens of a KV block",
               {.min = 1, .max = 4096, .unit = "tokens", .default_text = "the engine's"})
          .key("enable_prefix_caching", &ServingSpec::enable_prefix_caching,
               "blocks of prompts are found again where the workload says which are alike; memory that nobody uses "
               "holds them, the least recently used makes way")
          .key("prefix_cache_eviction", &ServingSpec::prefix_cache_eviction,
               "who makes way there: lru, or lfu (the least often used, among equals the least recently)")
          .key("kv_offload", &ServingSpec::kv_offload, "blocks of KV are kept beside GPU memory, too")
          .key("max_model_len", &ServingSpec::max_model_len, "longest input and output together",
               {.min = 2, .max = 1e9, .unit = "tokens", .default_text = "the model's"})
          .key("scheduler", &ServingSpec::scheduler, "what enters each step")
          .key("startup", &ServingSpec::startup, "what a replica that starts during the run waits for")
          .key("autoscale", &ServingSpec::autoscale, "replicas come and go; replicas is their number at the start");
  return schema;
}

const reader::Schema<RouterSpec>& RouterSpec::schema() {
  static const auto schema =
      reader::Schema<RouterSpec>("router", "Which replica a request goes to")
          .key("policy", &RouterSpec::policy, "router policy", {.required = true, .choices = router_names})
          .key("staleness", &RouterSpec::staleness,
               "replicas are seen as the first request after each multiple of this time saw them; what their prefix "
               "caches hold is known at once",
               {.min = 0})
          .key("overlap_weight", &RouterSpec::overlap_weight,
               "prefix_aware: weight of prompt tokens that must be computed against tokens that sequences hold",
               {.min = 0})
          .key("temperature", &RouterSpec::temperature,
               "prefix_aware: how much of the choice is left to chance; 0 = none", {.min = 0})
          .key("max_local_prefill_length", &RouterSpec::max_local_prefill_length,
               "where prefill and decode are apart: prompts up to this long are computed where they decode; 0 = none",
               {.min = 0, .max = 1e7, .unit = "tokens"})
          .key("spill", &RouterSpec::spill,
               "slo_class: where every replica of its class has more outstanding requests than max_num_seqs, a request "
               "may go to one of another class");
  return schema;
}

const reader::Schema<Scenario>& Scenario::schema() {
  static const auto schema =
      reader::Schema<Scenario>("scenario", "A fleet of LLM inference servers, its load and its promises")
          .key("name", &Scenario::name, "shown in results", {.required = true})
          .key("model", &Scenario::model, "catalogue name, or path to a Hugging Face config.json", {.required = true})
          .key("fleet", &Scenario::fleet, "which GPUs, wired how", {.required = true})
          .key("serving", &Scenario::serving, "who serves, and how", {.required = true})
          .key("router", &Scenario::router, "which replica a request goes to: a policy's name, or a mapping",
               {.default_text = "least_loaded"})
          .key("gateway", &Scenario::gateway, "whom the fleet lets in")
          .key("workload", &Scenario::workload, "the requests", {.required = true})
          .key("clients", &Scenario::clients, "when they give up, and whether they try again")
          .key("slo", &Scenario::slo, "what users were promised")
          .key("what_if", &Scenario::what_if, "hardware a little better or worse than it is")
          .key("faults", &Scenario::faults, "what breaks, and is repaired")
          .key("upgrades", &Scenario::upgrades, "rolling restarts")
          .key("seed", &Scenario::seed, "of every random stream", {.min = 0, .max = 9007199254740992.0});
  return schema;
}

}  // namespace flotilla::sim
