// Of two replicas drawn at random the one with fewer outstanding requests (Mitzenmacher, "The Power of Two Choices in
// Randomized Load Balancing", IEEE TPDS 12, 2001): nearly as even as looking at all of them, and no herd where what is
// known is old.
#include "sim/router/router.hpp"
#include "sim/workload/rng.hpp"

namespace flotilla::sim {
namespace {

class PowerOfTwo final : public Router {
 public:
  explicit PowerOfTwo(std::uint64_t seed) : engine_(seed) {}
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    const std::size_t open = count_open(replicas);
    if (open == 1) return nth_open(replicas, 0);
    const std::size_t drawn = draw(open);
    const std::size_t other = draw(open - 1);
    const std::size_t first = nth_open(replicas, drawn);
    const std::size_t second = nth_open(replicas, other < drawn ? other : other + 1);
    return replicas[second].outstanding < replicas[first].outstanding ? second : first;
  }

 private:
  std::size_t draw(std::size_t count) {
    return static_cast<std::size_t>(draw_integer(engine_, 0, static_cast<std::int64_t>(count) - 1));
  }
  RandomEngine engine_;
};

const RouterRegistration kRegistration(
    {"power_of_two", "of two replicas drawn at random the one with fewer outstanding requests",
     [](std::uint64_t seed, const RouterOptions&) { return std::make_unique<PowerOfTwo>(seed); }});

}  // namespace
}  // namespace flotilla::sim
