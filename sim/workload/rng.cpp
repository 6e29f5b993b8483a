#include "sim/workload/rng.hpp"

#include <boost/random/exponential_distribution.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>

namespace flotilla::sim {

double draw_unit(RandomEngine& engine) { return boost::random::uniform_01<double>()(engine); }

double draw_exponential(RandomEngine& engine) { return boost::random::exponential_distribution<double>()(engine); }

double draw_normal(RandomEngine& engine) { return boost::random::normal_distribution<double>()(engine); }

double draw_gamma(RandomEngine& engine, double shape) {
  return boost::random::gamma_distribution<double>(shape)(engine);
}

std::int64_t draw_integer(RandomEngine& engine, std::int64_t low, std::int64_t high) {
  return boost::random::uniform_int_distribution<std::int64_t>(low, high)(engine);
}

}  // namespace flotilla::sim
