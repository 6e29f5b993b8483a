// The replica with the fewest outstanding requests among those that serve the model which the request asks for. Every
// policy keeps to the replicas of that model; this one adds nothing to least_loaded but the name by which it is looked
// for.
#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

const RouterRegistration kRegistration({"model",
                                        "the replica with the fewest outstanding requests among those of the request's "
                                        "model: least_loaded by another name",
                                        [](std::uint64_t seed, const RouterOptions& options) {
                                          return make_router("least_loaded", seed, options);
                                        }});

}  // namespace
}  // namespace flotilla::sim
