#include "sim/router/router.hpp"

#include <algorithm>
#include <utility>

#include "sim/engine/registry.hpp"

namespace flotilla::sim {

RouterRegistration::RouterRegistration(RouterEntry entry) { Registry<RouterEntry>::instance().add(std::move(entry)); }

std::size_t count_open(std::span<const ReplicaLoad> replicas) {
  return static_cast<std::size_t>(
      std::count_if(replicas.begin(), replicas.end(), [](const ReplicaLoad& load) { return load.open; }));
}

std::size_t nth_open(std::span<const ReplicaLoad> replicas, std::size_t n) {
  std::size_t i = 0;
  while (!replicas[i].open || n-- > 0) ++i;
  return i;
}

const std::vector<RouterEntry>& routers() { return Registry<RouterEntry>::instance().entries(); }

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  for (const RouterEntry& entry : routers()) names.push_back(entry.name);
  return names;
}

std::unique_ptr<Router> make_router(const std::string& name, std::uint64_t seed, const RouterOptions& options) {
  return Registry<RouterEntry>::instance().at(name).make(seed, options);
}

}  // namespace flotilla::sim
