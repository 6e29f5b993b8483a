#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "sim/router/router.hpp"

using namespace flotilla::sim;

TEST_CASE("round_robin takes each in turn") {
  const auto router = make_router("round_robin", 1);
  const std::vector<ReplicaLoad> loads(3);
  router->start(loads.size());
  std::vector<std::size_t> choices;
  for (int i = 0; i < 5; ++i) choices.push_back(router->pick(loads));
  CHECK(choices == std::vector<std::size_t>{0, 1, 2, 0, 1});
}

TEST_CASE("least_loaded chooses what a walk over all replicas would, for any number of them") {
  std::mt19937_64 engine(7);
  for (const std::size_t replicas : {1, 2, 3, 5, 8, 13, 64, 100}) {
    CAPTURE(replicas);
    const auto router = make_router("least_loaded", 1);
    std::vector<ReplicaLoad> loads(replicas);
    router->start(replicas);
    std::size_t turn = 0;
    for (int i = 0; i < 2000; ++i) {
      std::size_t expected = turn;
      for (std::size_t k = 1; k < replicas; ++k) {
        const std::size_t candidate = (turn + k) % replicas;
        if (loads[candidate].outstanding < loads[expected].outstanding) expected = candidate;
      }
      const std::size_t choice = router->pick(loads);
      REQUIRE(choice == expected);
      turn = (choice + 1) % replicas;
      ++loads[choice].outstanding;
      router->changed(choice, loads[choice]);
      const std::size_t leaver = engine() % replicas;
      if (engine() % 2 == 0 && loads[leaver].outstanding > 0) {
        --loads[leaver].outstanding;
        router->changed(leaver, loads[leaver]);
      }
    }
  }
}

TEST_CASE("random draws every replica about as often, and the same for the same seed") {
  const std::vector<ReplicaLoad> loads(4);
  const auto a = make_router("random", 5);
  const auto b = make_router("random", 5);
  std::vector<int> counts(4);
  for (int i = 0; i < 8000; ++i) {
    const std::size_t choice = a->pick(loads);
    REQUIRE(choice == b->pick(loads));
    ++counts[choice];
  }
  // 2,000 each, standard deviation 39: five of them.
  CHECK(*std::min_element(counts.begin(), counts.end()) > 1800);
  CHECK(*std::max_element(counts.begin(), counts.end()) < 2200);
}
