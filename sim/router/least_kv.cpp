// The replica whose sequences use the smallest share of its KV memory; among equals the one with fewer outstanding
// requests. Long prompts count for what they are, where counts of requests take them for short ones.
#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class LeastKv final : public Router {
 public:
  [[nodiscard]] Look looks_at() const override { return Look::kMemory; }
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    std::size_t best = nth_open(replicas, 0);
    for (std::size_t i = best + 1; i < replicas.size(); ++i)
      if (replicas[i].open && less(replicas[i], replicas[best])) best = i;
    return best;
  }

 private:
  static bool less(const ReplicaLoad& a, const ReplicaLoad& b) {
    const double left = static_cast<double>(a.used_tokens) * static_cast<double>(b.kv_tokens);
    const double right = static_cast<double>(b.used_tokens) * static_cast<double>(a.kv_tokens);
    return left != right ? left < right : a.outstanding < b.outstanding;
  }
};

const RouterRegistration kRegistration(
    {"least_kv", "the replica whose sequences use the smallest share of its KV memory",
     [](std::uint64_t, const RouterOptions&) { return std::make_unique<LeastKv>(); }});

}  // namespace
}  // namespace flotilla::sim
