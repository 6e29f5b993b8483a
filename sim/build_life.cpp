#include "sim/build_life.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/reader/node.hpp"
#include "sim/build_roles.hpp"
#include "topologies/component.hpp"

namespace flotilla::sim {

namespace {

void check_pool(const Scenario& scenario, const std::string& pool, const std::string& path,
                const reader::Document& document) {
  std::vector<std::string> names;
  for (const PoolSpec& p : scenario.fleet.pools) names.push_back(p.name);
  if (std::find(names.begin(), names.end(), pool) != names.end()) return;
  document.fail(path, fmt::format("there is no pool '{}'", pool), reader::suggest(pool, names));
}

void check_event(const FaultEventSpec& event, const std::string& path, const Build& build,
                 const reader::Document& document) {
  const auto part = topologies::find_component(build.fleet, event.component);
  if (!part) {
    const std::string near = reader::suggest(event.component, topologies::component_names(build.fleet));
    document.fail(path + ".component", fmt::format("the fleet has no part called '{}'", event.component),
                  near.empty() ? "`flotilla show topology` names its parts" : near);
  }
  if (event.component.rfind(kStorageName, 0) == 0)
    document.fail(path + ".component", "storage does not fail here", "only what serves does");
  if (part->has_detours && event.bandwidth <= 0) {
    document.fail(path, fmt::format("flows find a way around {}, which is not modelled", event.component),
                  "say which share of its bandwidth is left: bandwidth: 0.5");
  }
}

}  // namespace

topologies::PoolRequest storage_of(const Scenario& scenario, const reader::Document& document) {
  const StorageSpec& spec = *scenario.fleet.storage;
  for (std::size_t i = 0; i < scenario.fleet.pools.size(); ++i) {
    if (scenario.fleet.pools[i].name == kStorageName)
      document.fail(path_of("fleet.pools", i, "name"), "a pool cannot be called storage where the fleet has one",
                    "call it otherwise");
  }
  topologies::System system;
  system.name = kStorageName;
  system.gpus = {0, "storage"};
  system.nics = {1, "storage"};
  system.nic_bandwidth = {spec.bandwidth, "the scenario's fleet.storage"};
  // A NIC by PCIe, which is no bottleneck: the bandwidth that is stated counts.
  system.pcie = {{1, "storage"}, {spec.bandwidth * 2, "twice the NIC's"}, {Seconds(1e-6), "assumed"}};
  return {kStorageName, system, spec.servers};
}

void check_life(const Scenario& scenario, const Build& build, const reader::Document& document) {
  for (std::size_t i = 0; scenario.upgrades && i < scenario.upgrades->size(); ++i)
    check_pool(scenario, (*scenario.upgrades)[i].pool, path_of("upgrades", i, "pool"), document);
  if (!scenario.faults) return;
  const FaultsSpec& faults = *scenario.faults;
  for (std::size_t i = 0; i < faults.events.size(); ++i)
    check_event(faults.events[i], path_of("faults.events", i, ""), build, document);
  for (std::size_t i = 0; i < faults.random.size(); ++i) {
    const RandomFaultSpec& spec = faults.random[i];
    if (!spec.pool.empty()) check_pool(scenario, spec.pool, path_of("faults.random", i, "pool"), document);
    const auto parts = topologies::components_of_kind(build.fleet, spec.component, spec.pool);
    if (parts.empty()) {
      document.fail(path_of("faults.random", i, "component"),
                    fmt::format("the fleet has no {} to fail", spec.component),
                    spec.pool.empty() ? "" : "switches of the fabric belong to no pool");
    }
    const bool detours = std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.has_detours; });
    if (detours && spec.bandwidth <= 0) {
      document.fail(path_of("faults.random", i, ""),
                    fmt::format("flows find a way around a failed {}, which is not modelled", parts.front().name),
                    "say which share of its bandwidth is left: bandwidth: 0.5");
    }
  }
}

}  // namespace flotilla::sim
