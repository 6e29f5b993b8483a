// A session stays with the replica that its first request went to, where its KV may still be; what begins a session, or
// has none, goes to the replica with the fewest outstanding requests.
#include <unordered_map>

#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class SessionSticky final : public Router {
 public:
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest& request) override {
    if (request.session < 0) return fewest(replicas);
    const auto [found, is_new] = homes_.try_emplace(request.session, 0);
    // Where its home has closed it finds another, for good.
    if (is_new || !replicas[found->second].open) found->second = fewest(replicas);
    return found->second;
  }

 private:
  std::size_t fewest(std::span<const ReplicaLoad> replicas) {
    std::size_t best = replicas.size();
    for (std::size_t k = 0; k < replicas.size(); ++k) {
      const std::size_t i = (next_ + k) % replicas.size();
      if (!replicas[i].open) continue;
      if (best == replicas.size() || replicas[i].outstanding < replicas[best].outstanding) best = i;
    }
    next_ = best + 1;
    return best;
  }

  std::unordered_map<std::int64_t, std::size_t> homes_;
  std::size_t next_ = 0;  ///< among equals the one whose turn it is
};

const RouterRegistration kRegistration(
    {"session_sticky", "where the session's first request went; new sessions to the least loaded",
     [](std::uint64_t, const RouterOptions&) { return std::make_unique<SessionSticky>(); }});

}  // namespace
}  // namespace flotilla::sim
