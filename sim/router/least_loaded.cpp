// The replica with the fewest outstanding requests; among equals the one whose turn it is, so that an idle fleet is used evenly.
#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class LeastLoaded final : public Router {
 public:
  std::size_t pick(std::span<const ReplicaLoad> replicas) override {
    std::size_t best = next_;
    for (std::size_t i = 1; i < replicas.size(); ++i) {
      const std::size_t candidate = (next_ + i) % replicas.size();
      if (replicas[candidate].outstanding < replicas[best].outstanding) best = candidate;
    }
    next_ = (best + 1) % replicas.size();
    return best;
  }

 private:
  std::size_t next_ = 0;
};

const RouterRegistration kRegistration({"least_loaded", "the replica with the fewest outstanding requests",
                                        [](std::uint64_t) { return std::make_unique<LeastLoaded>(); }});

}  // namespace
}  // namespace flotilla::sim
