#include "sim/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/calibration.hpp"
#include "models/fit_advice.hpp"
#include "sim/build_life.hpp"
#include "sim/build_models.hpp"
#include "sim/build_roles.hpp"
#include "sim/build_scheduler.hpp"
#include "topologies/placement.hpp"

namespace flotilla::sim {

namespace {

/// The key that makes a replica as large as it is.
const char* largest_size(const ServingSpec& spec) {
  if (spec.data_parallel_size > spec.tensor_parallel_size && spec.data_parallel_size >= spec.pipeline_parallel_size) {
    return "data_parallel_size";
  }
  return spec.pipeline_parallel_size > spec.tensor_parallel_size ? "pipeline_parallel_size" : "tensor_parallel_size";
}

/// Builds one scenario; keeps what every part of the work refers to.
class Builder {
 public:
  Builder(Scenario& scenario, const reader::Document& document, reader::Origins& origins)
      : scenario_(scenario), document_(document), root_(document.root()), origins_(origins) {}

  Build take() {
    build_pools();
    build_groups();
    place_replicas();
    check_life(scenario_, build_, document_);
    check_ways(build_, document_);
    warn_about_ways(build_);
    for (std::size_t i = 0; i < build_.groups.size(); ++i) finish_group(i);
    std::vector<std::string> tenants;
    if (scenario_.workload.tenants)
      for (const TenantSpec& tenant : *scenario_.workload.tenants) tenants.push_back(tenant.name);
    build_.gate_limits = gate_limits(scenario_, tenants, document_);
    return std::move(build_);
  }

 private:
  void build_pools();
  Pool build_pool(std::size_t index);
  void build_groups();
  [[nodiscard]] std::size_t pool_called(const std::string& name, const std::string& path) const;
  ServingGroup build_group(std::size_t index);
  void place_replicas();
  void set_startup(ServingGroup& group, std::size_t index);
  void place_group(std::size_t index);
  void finish_group(std::size_t index);
  void warn_about_memory(const ServingGroup& group, const std::string& where);

  template <class T>
  T resolved(std::optional<T>& value, T fallback, const std::string& path, const std::string& origin) {
    if (!value) {
      value = fallback;
      origins_[path] = origin;
    }
    return *value;
  }

  Scenario& scenario_;
  const reader::Document& document_;
  reader::Node root_;
  reader::Origins& origins_;
  Build build_;
  std::vector<topologies::GpuId> taken_;
};

void Builder::build_pools() {
  const auto& pools = scenario_.fleet.pools;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (pools[j].name == pools[i].name) {
        document_.fail(path_of("fleet.pools", i, "name"), fmt::format("two pools are called '{}'", pools[i].name),
                       fmt::format("the other is at {}; serving groups refer to pools by name",
                                   document_.origin(path_of("fleet.pools", j, "name"))));
      }
    }
    build_.pools.push_back(build_pool(i));
  }
  if (pools.empty()) document_.fail("fleet.pools", "a fleet needs at least one pool");
}

Pool Builder::build_pool(std::size_t index) {
  PoolSpec& spec = scenario_.fleet.pools[index];
  const reader::Node node = root_.at("fleet").at("pools")[index];
  Pool pool;
  pool.system = topologies::load_system(node.at("system"));
  pool.gpu = models::load_gpu(pool.system.gpu);
  const int per_node = pool.system.gpus.value;
  if (spec.gpus && spec.nodes && *spec.gpus != *spec.nodes * per_node) {
    document_.fail(path_of("fleet.pools", index, "gpus"),
                   fmt::format("{} GPUs are not {} nodes of {}", *spec.gpus, *spec.nodes, per_node),
                   "give gpus or nodes, not both");
  }
  if (!spec.gpus && !spec.nodes) document_.fail(path_of("fleet.pools", index, ""), "how many GPUs? give gpus or nodes");
  if (!spec.gpus) {
    spec.gpus = *spec.nodes * per_node;
    origins_[path_of("fleet.pools", index, "gpus")] = fmt::format("nodes * {} GPUs", per_node);
  }
  pool.gpus = *spec.gpus;
  pool.power = pool_power(spec, pool.system, pool.gpu, pool.gpus, document_, path_of("fleet.pools", index, ""));
  if (spec.price.given()) {
    pool.price = models::load_price(node.at("price"));
    if (const auto rate = models::usd_per_gpu_hour(*pool.price, pool.gpu)) {
      pool.usd_per_gpu_hour = rate->value();
    } else {
      node.at("price").fail(
          spec.price.owned ? fmt::format("what does {} take? its provisioned_power is not known", pool.gpu.name)
                           : fmt::format("'{}' has no rate for {}", spec.price.name, pool.gpu.name),
          spec.price.owned
              ? std::string("give owned.provisioned_power, such as 1.73kW")
              : fmt::format("it prices {}; or give {{usd_per_gpu_hour: ...}}", models::priced_gpus(*pool.price)));
    }
  }
  return pool;
}

void Builder::build_groups() {
  if (scenario_.serving.empty()) document_.fail("serving", "nobody serves: give at least one serving group");
  const std::vector<Serves> serves = served_by_groups(scenario_, document_, build_);
  check_roles(scenario_, build_, serves, document_);
  for (std::size_t i = 0; i < scenario_.serving.size(); ++i) {
    build_.groups.push_back(build_group(i));
    build_.groups.back().serves = serves[i];
  }
  build_tenants(scenario_, document_, origins_, build_);
}

std::size_t Builder::pool_called(const std::string& name, const std::string& path) const {
  std::vector<std::string> names;
  for (const PoolSpec& p : scenario_.fleet.pools) names.push_back(p.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    document_.fail(path, fmt::format("there is no pool '{}'", name), reader::suggest(name, names));
  return static_cast<std::size_t>(found - names.begin());
}

ServingGroup Builder::build_group(std::size_t index) {
  ServingSpec& spec = scenario_.serving[index];
  const auto path = [&](const std::string& key) { return path_of("serving", index, key); };
  ServingGroup group;
  group.pool = pool_called(spec.pool, path("pool"));
  group.role = spec.role;
  group.fidelity = spec.fidelity;

  models::Deployment& d = group.deployment;
  d.llm = models::load_llm(model_of_group(scenario_, document_, index));
  d.gpu = build_.pools[group.pool].gpu;
  if (scenario_.what_if) d.what_if = *scenario_.what_if;
  const reader::Node node = root_.at("serving")[index];
  d.engine = node.has("engine") ? models::load_engine(node.at("engine")) : models::load_engine(spec.engine);
  const std::string engine_origin = fmt::format("engine {} {}", d.engine.name, d.engine.version);
  d.weights = spec.weights;
  d.kv_cache = spec.kv_cache_dtype;
  d.engine_version = spec.engine_version;
  if (!spec.calibration.empty()) {
    d.calibration = models::load_calibration(node.at("calibration"));
    const std::string missing = models::missing_kernels(*d.calibration, d.llm);
    if (!missing.empty()) node.at("calibration").fail(fmt::format("it has no {}, which {} needs", missing, d.llm.name));
  }
  d.tensor_parallel_size = spec.tensor_parallel_size;
  d.pipeline_parallel_size = spec.pipeline_parallel_size;
  d.expert_parallel_size = spec.expert_parallel_size;
  d.data_parallel_size = spec.data_parallel_size;
  d.expert_skew = spec.expert_skew;
  d.speculation = {spec.speculation.draft_tokens, spec.speculation.acceptance, spec.speculation.acceptance_by_position,
                   spec.speculation.acceptance_spread};
  if (d.speculation.spread > 0 && spec.role != Role::kMixed) {
    document_.fail(path("speculation.acceptance_spread"),
                   "requests with acceptance of their own are not modelled where prefill and decode are apart",
                   "acceptance alone");
  }
  check_parallelism(d, index, document_);
  d.gpu_memory_utilization =
      resolved(spec.gpu_memory_utilization, models::default_gpu_memory_utilization(d.engine, d.gpu),
               path("gpu_memory_utilization"), engine_origin);
  d.block_size = resolved(spec.block_size, d.engine.block_size.get(), path("block_size"), engine_origin);
  d.max_num_batched_tokens =
      resolved(spec.scheduler.max_num_batched_tokens, models::default_max_num_batched_tokens(d.engine, d.gpu),
               path("scheduler.max_num_batched_tokens"), engine_origin);
  d.max_num_seqs = resolved(spec.scheduler.max_num_seqs, models::default_max_num_seqs(d.engine, d.gpu),
                            path("scheduler.max_num_seqs"), engine_origin);
  // What decodes only gets its KV from elsewhere, all of it.
  group.keeps_prefixes = spec.enable_prefix_caching && spec.role != Role::kDecode;
  set_scheduler(group, spec.scheduler, document_, path("scheduler"), engine_origin, origins_, build_.warnings);
  if (spec.role == Role::kPrefill) {
    if (!spec.kv_transfer) spec.kv_transfer.emplace();
    resolved(spec.kv_transfer->overhead, Seconds(d.engine.kv_transfer_overhead), path("kv_transfer.overhead"),
             engine_origin);
    resolved(spec.kv_transfer->efficiency, d.engine.kv_transfer_efficiency.get(), path("kv_transfer.efficiency"),
             engine_origin);
    group.kv_transfer = *spec.kv_transfer;
  } else if (node.has("kv_transfer")) {
    node.at("kv_transfer").fail("only a group that prefills hands KV over", "say it there: role: prefill");
  }
  if (d.max_num_batched_tokens < d.max_num_seqs) {
    document_.fail(path("scheduler"),
                   fmt::format("max_num_batched_tokens ({}) is less than max_num_seqs ({})", d.max_num_batched_tokens,
                               d.max_num_seqs),
                   "every running sequence needs a token in each step");
  }
  group.gpus_per_replica = d.gpus();
  set_startup(group, index);
  return group;
}

void Builder::set_startup(ServingGroup& group, std::size_t index) {
  const bool storage = scenario_.fleet.storage.has_value();
  std::optional<StartupSpec>& said = scenario_.serving[index].startup;
  const auto weights_from = storage ? WeightsFrom::kStorage : WeightsFrom::kNowhere;
  if (said) {
    resolved(said->weights_from, weights_from, path_of("serving", index, "startup.weights_from"),
             storage ? "fleet.storage" : "no fleet.storage");
  }
  StartupSpec spec = said.value_or(StartupSpec());
  spec.weights_from = spec.weights_from.value_or(weights_from);
  if (!storage && (spec.weights_from == WeightsFrom::kStorage || spec.image.value() > 0)) {
    document_.fail(path_of("serving", index, "startup"), "the fleet has no storage to load from",
                   "fleet: {storage: {servers: 2, bandwidth: 25GBps}, ...}");
  }
  if (spec.weights_from == WeightsFrom::kStorage && build_.pools[group.pool].system.nics.value == 0) {
    document_.fail(path_of("serving", index, "startup"),
                   fmt::format("{} has no NICs to load from storage by", build_.pools[group.pool].system.name),
                   "weights_from: host");
  }
  group.startup = spec;
}

/// Replicas share the GPUs of their pool; without a number a group takes as many as the others leave.
void Builder::place_replicas() {
  std::vector<topologies::PoolRequest> requests;
  for (std::size_t p = 0; p < build_.pools.size(); ++p) {
    requests.push_back({scenario_.fleet.pools[p].name, build_.pools[p].system, build_.pools[p].gpus});
  }
  const reader::Node fleet = root_.at("fleet");
  if (scenario_.fleet.storage) requests.push_back(storage_of(scenario_, document_));
  build_.fleet = topologies::build_fleet(requests, fleet.has("fabric") ? topologies::load_fabric(fleet.at("fabric"))
                                                                       : topologies::load_fabric("ib-ndr-rail"));
  if (scenario_.what_if) {
    for (topologies::Link& link : build_.fleet.links) link.bandwidth = link.bandwidth * scenario_.what_if->network;
  }

  // Groups that state their number go first; the others share what is left, in order.
  for (const bool stated : {true, false}) {
    for (std::size_t i = 0; i < build_.groups.size(); ++i) {
      const ServingSpec& spec = scenario_.serving[i];
      if ((spec.replicas.has_value() || !spec.placement.gpus.empty()) == stated) place_group(i);
    }
  }
  for (std::size_t p = 0; p < build_.pools.size(); ++p) {
    int used = 0;
    for (const ServingGroup& group : build_.groups)
      used += group.pool == p ? group.replicas * group.gpus_per_replica : 0;
    if (used == build_.pools[p].gpus) continue;
    build_.warnings.push_back(fmt::format("{} of the {} GPUs of pool '{}' serve nobody (they are paid for)",
                                          build_.pools[p].gpus - used, build_.pools[p].gpus,
                                          scenario_.fleet.pools[p].name));
  }
}

void Builder::place_group(std::size_t index) {
  ServingGroup& group = build_.groups[index];
  ServingSpec& spec = scenario_.serving[index];
  const auto by_hand = static_cast<int>(spec.placement.gpus.size());
  if (by_hand > 0 && spec.replicas && *spec.replicas != by_hand) {
    document_.fail(path_of("serving", index, "placement"),
                   fmt::format("{} replicas are placed, {} are asked for", by_hand, *spec.replicas),
                   "leave replicas out, or place each");
  }
  try {
    // Room for as many as there may ever be.
    const std::optional<int> room = spec.autoscale ? spec.autoscale->max_replicas : spec.replicas;
    const topologies::Placement placement =
        spec.placement.gpus.empty()
            ? topologies::place(build_.fleet, spec.pool, group.gpus_per_replica, room, taken_, spec.placement.policy)
            : topologies::place_by_hand(build_.fleet, spec.pool, group.gpus_per_replica, spec.placement.gpus, taken_);
    const topologies::System& system = build_.pools[group.pool].system;
    for (const auto& replica : placement.replicas) {
      if (replica.crosses_domains && system.nics.value == 0) {
        document_.fail(path_of("serving", index, largest_size(spec)),
                       fmt::format("a replica of {} GPUs spans nodes of {}, which has no NICs to leave them by",
                                   group.gpus_per_replica, system.name),
                       "give the system NICs, or keep replicas within a node");
      }
      group.placement.push_back(replica.gpus);
      taken_.insert(taken_.end(), replica.gpus.begin(), replica.gpus.end());
    }
    build_.warnings.insert(build_.warnings.end(), placement.notes.begin(), placement.notes.end());
  } catch (const topologies::PlacementError& e) {
    if (e.about == topologies::PlacementError::About::kByHand)
      document_.fail(path_of("serving", index, "placement"), e.what(), e.hint);
    const bool blame_size = e.about == topologies::PlacementError::About::kGpusPerReplica;
    document_.fail(path_of("serving", index, blame_size ? largest_size(spec) : "replicas"), e.what(), e.hint);
  }
  group.replicas = static_cast<int>(group.placement.size());
  group.initial_replicas =
      spec.autoscale ? resolved(spec.replicas, std::min(group.replicas, spec.autoscale->min_replicas),
                                path_of("serving", index, "replicas"), "autoscale.min_replicas")
                     : resolved(spec.replicas, group.replicas, path_of("serving", index, "replicas"), "as many as fit");
  if (spec.autoscale) {
    resolved(spec.autoscale->max_replicas, group.replicas, path_of("serving", index, "autoscale.max_replicas"),
             "as many as fit");
    if (group.initial_replicas > group.replicas) {
      document_.fail(path_of("serving", index, "replicas"),
                     fmt::format("{} at the start are more than {} at most", group.initial_replicas, group.replicas),
                     "see autoscale.max_replicas");
    }
  }
  // Collectives run inside a stage; the stages of a replica take its GPUs in order.
  const std::vector<topologies::GpuId>& gpus = group.placement.front();
  const topologies::GroupLinks links =
      topologies::group_links(build_.fleet, {gpus.begin(), gpus.begin() + group.deployment.expert_ranks()});
  group.deployment.links = {links.bandwidth, links.latency, links.crosses_fabric};
}

void Builder::finish_group(std::size_t index) {
  ServingGroup& group = build_.groups[index];
  ServingSpec& spec = scenario_.serving[index];
  const auto path = [&](const std::string& key) { return path_of("serving", index, key); };
  models::Deployment& d = group.deployment;
  group.memory = models::memory_ledger(d);
  if (!group.memory.fits()) {
    std::string advice;
    for (const std::string& line : models::fit_advice(d))
      advice += (advice.empty() ? "what would fit:\n  - " : "\n  - ") + line;
    document_.fail(path("weights"),
                   fmt::format("{} in {} does not fit on {} x {}: {:.1f} GB short on each GPU ({:.1f} GB of weights, "
                               "{:.1f} of activations, {:.1f} "
                               "of runtime; {:.1f} usable of {:.1f} GB)",
                               d.llm.name, models::name_of(d.weights), d.gpus(), d.gpu.name,
                               -group.memory.kv_budget.value() / 1e9, group.memory.weights.value() / 1e9,
                               group.memory.activations.value() / 1e9, group.memory.runtime.value() / 1e9,
                               group.memory.usable.value() / 1e9, group.memory.capacity.value() / 1e9),
                   advice);
  }
  const int model_limit = d.llm.max_position_embeddings;
  if (spec.max_model_len && *spec.max_model_len > model_limit) {
    document_.fail(path("max_model_len"),
                   fmt::format("{} tokens are beyond the context of {}", *spec.max_model_len, d.llm.name),
                   fmt::format("at most {}", model_limit));
  }
  if (spec.max_model_len && *spec.max_model_len > group.memory.kv_longest) {
    document_.fail(path("max_model_len"),
                   fmt::format("the KV cache holds {} tokens, less than one request of {}", group.memory.kv_longest,
                               *spec.max_model_len),
                   "lower max_model_len, or raise gpu_memory_utilization or tensor_parallel_size");
  }
  const auto memory_limit = static_cast<int>(std::min<std::int64_t>(group.memory.kv_longest, model_limit));
  group.max_model_len = resolved(spec.max_model_len, memory_limit, path("max_model_len"),
                                 memory_limit < model_limit ? "what the KV cache holds" : "model " + d.llm.name);
  set_swap_space(group, spec.scheduler);
  set_kv_offload(group, spec, scenario_, document_, path("kv_offload"));
  warn_about_memory(group, path(""));
}

void Builder::warn_about_memory(const ServingGroup& group, const std::string& where) {
  constexpr std::int64_t kFewSequences = 32;
  const auto tokens = static_cast<std::int64_t>(std::ceil(typical_tokens(scenario_, build_, group)));
  if (tokens > 0) {
    const std::int64_t sequences = models::sequences_that_fit(group.deployment, tokens);
    if (sequences < kFewSequences) {
      std::string text = fmt::format("{}: KV for {} tokens only, {} sequences of {} tokens at once", where,
                                     group.memory.kv_tokens, sequences, tokens);
      for (const std::string& line : models::fit_advice(group.deployment)) text += "\n        would help: " + line;
      build_.warnings.push_back(text);
    }
  }
  for (const std::string& note : models::memory_notes(group.deployment)) build_.warnings.push_back(where + ": " + note);
}

}  // namespace

Build build(Scenario& scenario, const reader::Document& document, reader::Origins& origins) {
  return Builder(scenario, document, origins).take();
}

}  // namespace flotilla::sim
