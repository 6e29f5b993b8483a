#include "sim/router/router.hpp"

#include <utility>

#include "sim/engine/registry.hpp"

namespace flotilla::sim {

RouterRegistration::RouterRegistration(RouterEntry entry) { Registry<RouterEntry>::instance().add(std::move(entry)); }

const std::vector<RouterEntry>& routers() { return Registry<RouterEntry>::instance().entries(); }

std::unique_ptr<Router> make_router(const std::string& name, std::uint64_t seed, const RouterOptions& options) {
  return Registry<RouterEntry>::instance().at(name).make(seed, options);
}

}  // namespace flotilla::sim
