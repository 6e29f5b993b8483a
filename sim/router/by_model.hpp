// Several models in one fleet: a router for each, over the replicas that serve it. So any policy chooses among those
// only, and one that keeps an order of its replicas keeps one for each model.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/router/router.hpp"

namespace flotilla::sim {

/// `replicas`: whom each serves, in the order in which they will be known by. With one model that is the policy itself,
/// seeded by the stream called `stream`; with several, each has a stream "STREAM of MODEL".
std::unique_ptr<Router> make_router(const std::string& policy, std::uint64_t seed, const std::string& stream,
                                    const RouterOptions& options, std::span<const std::string> models,
                                    std::span<const Serves> replicas);

}  // namespace flotilla::sim
