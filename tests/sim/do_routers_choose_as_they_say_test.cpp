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
  for (int i = 0; i < 5; ++i) choices.push_back(router->pick(loads, {}));
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
      const std::size_t choice = router->pick(loads, {});
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
    const std::size_t choice = a->pick(loads, {});
    REQUIRE(choice == b->pick(loads, {}));
    ++counts[choice];
  }
  // 2,000 each, standard deviation 39: five of them.
  CHECK(*std::min_element(counts.begin(), counts.end()) > 1800);
  CHECK(*std::max_element(counts.begin(), counts.end()) < 2200);
}

TEST_CASE("power_of_two takes the better of two, never the worst of three where it is seen") {
  std::vector<ReplicaLoad> loads(3);
  loads[0].outstanding = 5;
  loads[1].outstanding = 1;
  loads[2].outstanding = 9;
  const auto router = make_router("power_of_two", 3);
  std::vector<int> counts(3);
  for (int i = 0; i < 9000; ++i) ++counts[router->pick(loads, {})];
  // Of the three pairs, {0,1} and {1,2} give 1, {0,2} gives 0.
  CHECK(counts[2] == 0);
  CHECK(counts[0] > 2750);
  CHECK(counts[0] < 3250);
  CHECK(make_router("power_of_two", 3)->pick(std::vector<ReplicaLoad>(1), {}) == 0);
}

TEST_CASE("least_kv looks at shares of memory, not at requests") {
  std::vector<ReplicaLoad> loads(3);
  loads[0] = {2, 500, 1000, 0};
  loads[1] = {9, 900, 2000, 0};  // 45 %
  loads[2] = {1, 510, 1000, 0};
  const auto router = make_router("least_kv", 1);
  CHECK(router->looks_at() == Look::kMemory);
  CHECK(router->pick(loads, {}) == 1);
  loads[2].used_tokens = 450;  // as much, of fewer requests
  CHECK(router->pick(loads, {}) == 2);
}

TEST_CASE("session_sticky stays, whatever the load") {
  std::vector<ReplicaLoad> loads(3);
  const auto router = make_router("session_sticky", 1);
  loads[0].outstanding = 1;
  const std::size_t home = router->pick(loads, {100, 7});
  CHECK(home == 1);
  loads[1].outstanding = 50;
  CHECK(router->pick(loads, {100, 7}) == 1);
  CHECK(router->pick(loads, {100, 8}) == 2);
  CHECK(router->pick(loads, {100, -1}) == 2);  // without a session: the fewest
}

TEST_CASE("prefix_aware weighs what is missing against what is held, by hand") {
  // 1,000 tokens come. Replica 0 holds 800 of them but works on 700 others: 200 + 700. Replica 1: 1,000 + 0.
  std::vector<ReplicaLoad> loads(2);
  loads[0] = {3, 700, 10000, 800};
  loads[1] = {0, 0, 10000, 0};
  CHECK(make_router("prefix_aware", 1)->pick(loads, {1000, -1}) == 0);
  loads[0].used_tokens = 801;
  CHECK(make_router("prefix_aware", 1)->pick(loads, {1000, -1}) == 1);
  // Half the weight: 100 + 700 against 500. Twice: 400 + 801 against 2,000.
  loads[0].used_tokens = 700;
  CHECK(make_router("prefix_aware", 1, {.overlap_weight = 0.5})->pick(loads, {1000, -1}) == 1);
  loads[0].used_tokens = 801;
  CHECK(make_router("prefix_aware", 1, {.overlap_weight = 2})->pick(loads, {1000, -1}) == 0);
  // At a temperature of 1 the worse one has e^-1 of the better one's chance: 26.9 % of all.
  const auto warm = make_router("prefix_aware", 9, {.overlap_weight = 1, .temperature = 1});
  int worse = 0;
  for (int i = 0; i < 10000; ++i) worse += warm->pick(loads, {1000, -1}) == 0 ? 1 : 0;
  CHECK(worse > 2500);  // standard deviation 44
  CHECK(worse < 2890);
}

TEST_CASE("prefix_aware sees what it has sent before anything of it is stored, until it leaves") {
  // Nothing is cached. 1,000 tokens go to the first; then it would cost 1,000 more than the second, which gets the next
  // two of 400: after the first of them it costs 400. When the first's request has left, nothing is there.
  const auto router = make_router("prefix_aware", 1);
  std::vector<ReplicaLoad> loads(2);
  router->start(2);
  const auto send = [&](std::int32_t tokens) {
    const std::size_t choice = router->pick(loads, {tokens, -1, {}});
    ++loads[choice].outstanding;
    router->changed(choice, loads[choice]);
    return choice;
  };
  CHECK(send(1000) == 0);
  CHECK(send(400) == 1);
  CHECK(send(400) == 1);
  loads[0].outstanding = 0;
  router->changed(0, loads[0]);
  CHECK(send(400) == 0);
}
