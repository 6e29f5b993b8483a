// A scenario as a user writes it: which model, on what fleet, served how, under which load. Every key is declared in
// scenario.cpp, once; build.hpp turns a scenario into things that can run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/hardware_factors.hpp"
#include "models/number_format.hpp"
#include "models/owned.hpp"
#include "scenarios/reader/schema.hpp"
#include "sim/engine/kv_overlap.hpp"
#include "sim/scenario/life.hpp"
#include "sim/scenario/policies.hpp"
#include "sim/workload/spec.hpp"
#include "topologies/placement.hpp"

namespace flotilla::sim {

/// A catalogue's name, or the user's own figure.
struct PriceRef {
  std::string name;  ///< empty if one of the others is given, or nothing is known
  std::optional<double> usd_per_gpu_hour;
  std::optional<models::OwnedCosts> owned;
  [[nodiscard]] bool given() const { return !name.empty() || usd_per_gpu_hour || owned; }
};

/// Limits on what a pool draws.
struct PowerSpec {
  std::optional<Watts> gpu_cap;
  std::optional<Watts> rack_cap;
  static const reader::Schema<PowerSpec>& schema();
};

/// A cap that holds for a while: heat, or a grid that asks for less.
struct ThrottleSpec {
  Seconds from{0};
  std::optional<Seconds> to;  ///< empty: to the end
  Watts gpu_cap{0};
  static const reader::Schema<ThrottleSpec>& schema();
};

struct PoolSpec {
  std::string name;
  std::string system;  ///< catalogue name or path
  std::optional<int> gpus;
  std::optional<int> nodes;
  PriceRef price;
  std::optional<double> assumed_output_tok_s_per_gpu;
  std::optional<PowerSpec> power;
  std::optional<std::vector<ThrottleSpec>> throttle;
  static const reader::Schema<PoolSpec>& schema();
};

/// A fabric's name or path, or a mapping over one of the catalogue: kept as written, read by topologies.
struct FabricRef {
  std::string flow_text = "ib-ndr-rail";
};

struct FleetSpec {
  FabricRef fabric;
  std::vector<PoolSpec> pools;
  std::optional<StorageSpec> storage;
  std::optional<double> pue;  ///< of the building; empty = 1, the fleet alone
  static const reader::Schema<FleetSpec>& schema();
};

/// Draft tokens of a multi-token prediction module or a small model.
struct SpeculationSpec {
  int draft_tokens = 0;
  double acceptance = 0;
  std::vector<double> acceptance_by_position;
  double acceptance_spread = 0;
  static const reader::Schema<SpeculationSpec>& schema();
};

/// What a serving group does with a request.
enum class Role { kMixed, kPrefill, kDecode };
std::span<const std::pair<Role, std::string_view>> enum_names(Role);

/// How the collectives inside a replica are simulated.
enum class Fidelity {
  kAnalytic,  ///< their time is part of the step; they take nothing from others
  kFlows,     ///< as flows that share links with all others
};
std::span<const std::pair<Fidelity, std::string_view>> enum_names(Fidelity);

/// Where replicas go: by a policy's name, or each replica's GPUs by hand.
struct PlacementRef {
  topologies::PlacementPolicy policy = topologies::PlacementPolicy::kPacked;
  std::vector<std::vector<int>> gpus;  ///< by hand, if not empty: of the pool, counted from 0
};

std::span<const std::pair<KvOverlap, std::string_view>> enum_names(KvOverlap);
/// Who starts it.
enum class KvDirection {
  kPull,  ///< the decode side, once the prompt is computed and it has memory
  kPush,  ///< the prefill side; the decode side's memory is taken before prefill begins
};
std::span<const std::pair<KvDirection, std::string_view>> enum_names(KvDirection);

/// How a prefill group hands its KV over.
struct KvTransferSpec {
  KvDirection direction = KvDirection::kPull;
  KvOverlap overlap = KvOverlap::kNone;
  std::optional<Seconds> overhead;
  std::optional<double> efficiency;
  static const reader::Schema<KvTransferSpec>& schema();
};

struct ServingSpec {
  std::string pool;
  std::optional<std::string> model;      ///< that it serves; empty: the scenario's
  std::optional<std::string> slo_class;  ///< of the tenants that it is for, with the router slo_class
  Role role = Role::kMixed;
  std::string engine = "vllm";
  std::string engine_version;  ///< "" = the catalogue's
  std::string calibration;     ///< path to coefficients of one's own; "" = the catalogue's
  models::NumberFormat weights = models::NumberFormat::kBf16;
  models::NumberFormat kv_cache_dtype = models::NumberFormat::kBf16;
  int tensor_parallel_size = 1;
  int pipeline_parallel_size = 1;
  int expert_parallel_size = 1;
  int data_parallel_size = 1;
  std::optional<double> expert_skew;
  SpeculationSpec speculation;
  std::optional<KvTransferSpec> kv_transfer;  ///< of a group that prefills
  Fidelity fidelity = Fidelity::kAnalytic;
  std::optional<int> replicas;
  PlacementRef placement;
  std::optional<double> gpu_memory_utilization;
  std::optional<int> block_size;
  std::optional<int> max_model_len;
  bool enable_prefix_caching = true;
  PrefixEviction prefix_cache_eviction = PrefixEviction::kLru;
  std::optional<KvOffloadSpec> kv_offload;
  SchedulerSpec scheduler;
  std::optional<StartupSpec> startup;
  std::optional<AutoscaleSpec> autoscale;
  static const reader::Schema<ServingSpec>& schema();
};

/// Which replica a request goes to. Written as a policy's name, or as a mapping.
struct RouterSpec {
  std::string policy = "least_loaded";
  Seconds staleness{0};
  double overlap_weight = 1;
  double temperature = 0;
  int max_local_prefill_length = 0;
  bool spill = false;
  static const reader::Schema<RouterSpec>& schema();
};

struct Scenario {
  std::string name;
  std::string model;  ///< catalogue name or path to a Hugging Face config.json
  FleetSpec fleet;
  std::vector<ServingSpec> serving;
  RouterSpec router;
  std::optional<GatewaySpec> gateway;
  WorkloadSpec workload;
  std::optional<ClientsSpec> clients;
  SloSpec slo;
  std::optional<models::HardwareFactors> what_if;
  std::optional<FaultsSpec> faults;
  std::optional<std::vector<UpgradeSpec>> upgrades;
  std::int64_t seed = 1;
  static const reader::Schema<Scenario>& schema();
};

}  // namespace flotilla::sim

namespace flotilla::reader {

template <>
struct Codec<sim::FabricRef> {
  static sim::FabricRef read(const Node& node);
  static std::string write(const sim::FabricRef& fabric);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
};

template <>
struct Codec<sim::PlacementRef> {
  static sim::PlacementRef read(const Node& node);
  static std::string write(const sim::PlacementRef& placement);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
};

template <>
struct Codec<sim::RouterSpec> {
  static sim::RouterSpec read(const Node& node);
  static std::string write(const sim::RouterSpec& router);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
  static void nested(SchemaList& list);
};

template <>
struct Codec<sim::PriceRef> {
  static sim::PriceRef read(const Node& node);
  static std::string write(const sim::PriceRef& price);
  static nlohmann::ordered_json json_schema();
  static std::string type_text();
  static void nested(SchemaList& list) { nested_as<models::OwnedCosts>(list); }
};

}  // namespace flotilla::reader
