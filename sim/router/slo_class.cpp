// Serving groups kept for a class of requests: those of tenants of class X go to the groups of class X, to the replica
// with the fewest outstanding requests, among equals the one whose turn it is. What has no class goes to groups that
// have none.
//
// With spill, where every replica of its class that is open has more outstanding requests than it runs at once
// (max_num_seqs), or none is open, a request goes to the replica of another class with the fewest, if that has fewer
// than the best of its own.
#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class SloClass final : public Router {
 public:
  explicit SloClass(bool spill) : spill_(spill) {}

  [[nodiscard]] bool may_take(const ReplicaLoad& load, const RoutedRequest& request) const override {
    return spill_ || load.serves.slo_class == request.wants.slo_class;
  }

  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest& request) override {
    const std::size_t none = replicas.size();
    std::size_t own = none, other = none;
    bool room = false;
    for (std::size_t k = 0; k < replicas.size(); ++k) {
      const std::size_t i = (next_ + k) % replicas.size();
      const ReplicaLoad& load = replicas[i];
      if (!load.open) continue;
      const bool is_own = load.serves.slo_class == request.wants.slo_class;
      std::size_t& best = is_own ? own : other;
      if (best == none || load.outstanding < replicas[best].outstanding) best = i;
      room = room || (is_own && load.outstanding <= load.max_num_seqs);
    }
    const bool spills =
        spill_ && !room && other != none && (own == none || replicas[other].outstanding < replicas[own].outstanding);
    const std::size_t choice = spills ? other : own;
    next_ = choice + 1;
    return choice;
  }

 private:
  bool spill_;
  std::size_t next_ = 0;  ///< among equals the one whose turn it is
};

const RouterRegistration kRegistration(
    {"slo_class", "the least loaded replica of the serving groups of the request's class; spill",
     [](std::uint64_t, const RouterOptions& options) { return std::make_unique<SloClass>(options.spill); }});

}  // namespace
}  // namespace flotilla::sim
