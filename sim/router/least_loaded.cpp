// The replica with the fewest outstanding requests; among equals the one whose turn it is, so that an idle fleet is
// used evenly. A tournament tree over the replicas makes a choice, and a change of load, logarithmic in their number.
#include <algorithm>
#include <limits>

#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class LeastLoaded final : public Router {
 public:
  void start(std::size_t replicas) override {
    leaves_ = 1;
    while (leaves_ < replicas) leaves_ *= 2;
    least_.assign(2 * leaves_, std::numeric_limits<std::int64_t>::max());
    for (std::size_t i = 0; i < replicas; ++i) changed(i, {});
  }

  void changed(std::size_t replica, const ReplicaLoad& load) override {
    std::size_t node = leaves_ + replica;
    least_[node] = load.open ? load.outstanding : std::numeric_limits<std::int64_t>::max();
    for (node /= 2; node >= 1; node /= 2) {
      const std::int64_t least = std::min(least_[2 * node], least_[2 * node + 1]);
      if (least == least_[node]) return;  // and so for all above
      least_[node] = least;
    }
  }

  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    std::size_t choice = first_least_from(next_);
    if (choice == leaves_) choice = first_least_from(0);
    next_ = (choice + 1) % replicas.size();
    return choice;
  }

 private:
  /// The first replica at or after `begin` with the least load of all, or leaves_ if it is before `begin`.
  [[nodiscard]] std::size_t first_least_from(std::size_t begin) const {
    const std::int64_t least = least_[1];
    // Climb from `begin` until a subtree to the right holds it, then descend to its first.
    std::size_t node = leaves_ + begin;
    while (least_[node] != least) {
      while (node % 2 == 1) {
        node /= 2;
        if (node <= 1) return leaves_;
      }
      if (node == 0) return leaves_;
      ++node;
    }
    while (node < leaves_) node = least_[2 * node] == least ? 2 * node : 2 * node + 1;
    return node - leaves_;
  }

  std::size_t leaves_ = 1;
  std::vector<std::int64_t> least_;  ///< least load below each node; node 1 is the root, leaves begin at leaves_
  std::size_t next_ = 0;
};

const RouterRegistration kRegistration({"least_loaded", "the replica with the fewest outstanding requests",
                                        [](std::uint64_t, const RouterOptions&) {
                                          return std::make_unique<LeastLoaded>();
                                        }});

}  // namespace
}  // namespace flotilla::sim
