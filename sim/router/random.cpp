// Any replica, with equal chances.
#include "sim/router/router.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {
namespace {

class Random final : public Router {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    const auto open = static_cast<std::int64_t>(count_open(replicas));
    return nth_open(replicas, static_cast<std::size_t>(draw_integer(engine_, 0, open - 1)));
  }

 private:
  RandomEngine engine_;
};

const RouterRegistration kRegistration({"random", "any replica, with equal chances",
                                        [](std::uint64_t seed, const RouterOptions&) {
                                          return std::make_unique<Random>(seed);
                                        }});

}  // namespace
}  // namespace flotilla::sim
