// Any replica, with equal chances.
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "sim/router/router.hpp"

namespace flotilla::sim {
namespace {

class Random final : public Router {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t pick(std::span<const ReplicaLoad> replicas, const RoutedRequest&) override {
    return boost::random::uniform_int_distribution<std::size_t>(0, replicas.size() - 1)(engine_);
  }

 private:
  boost::random::mt19937_64 engine_;
};

const RouterRegistration kRegistration({"random", "any replica, with equal chances",
                                        [](std::uint64_t seed, const RouterOptions&) {
                                          return std::make_unique<Random>(seed);
                                        }});

}  // namespace
}  // namespace flotilla::sim
