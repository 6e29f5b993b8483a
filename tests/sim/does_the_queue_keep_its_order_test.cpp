// One request at a time: who is next is the order of the queue. X comes first and keeps the others waiting.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
using Ids = std::vector<std::int64_t>;

Setup one_at_a_time(const char* order) {
  Setup setup;
  setup.queue_order = order;
  setup.limits.max_num_seqs = 1;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  return setup;
}

Arrival from_tenant(std::int64_t tenant) { return {0.5, 100, 1, {}, tenant}; }
Arrival with_priority(std::int32_t priority) { return {0.5, 100, 1, {}, -1, priority}; }
Arrival promised(double ttft) { return {0.5, 100, 1, {}, -1, 0, ttft}; }
const Arrival kFirst = {0, 100, 1};
}  // namespace

TEST_CASE("first come, first served, unless something else is said") {
  CHECK(simulate_list(one_at_a_time("fcfs"), {kFirst, with_priority(2), with_priority(0)}).order == Ids{0, 1, 2});
}

TEST_CASE("the lower priority goes first, among equals who came first") {
  const Outcome o = simulate_list(one_at_a_time("priority"),
                                  {kFirst, with_priority(2), with_priority(0), with_priority(1), with_priority(0)});
  CHECK(o.order == Ids{0, 2, 4, 3, 1});
}

TEST_CASE("the earliest deadline goes first, and who was promised nothing last") {
  const Outcome o =
      simulate_list(one_at_a_time("earliest_deadline"), {kFirst, {0.5, 100, 1}, promised(10), promised(5)});
  CHECK(o.order == Ids{0, 3, 2, 1});
}

TEST_CASE("the shortest job goes first, by its prompt and its answer") {
  const std::vector<Arrival> arrivals = {kFirst, {0.5, 100, 30}, {0.5, 120, 1}, {0.5, 50, 60}};
  CHECK(simulate_list(one_at_a_time("shortest_job_first"), arrivals).order == Ids{0, 3, 2, 1});
}

TEST_CASE("predictions without errors order as an oracle does") {
  const std::vector<Arrival> arrivals = {kFirst, {0.5, 100, 30}, {0.5, 120, 1}, {0.5, 50, 60}};
  CHECK(simulate_list(one_at_a_time("predicted_shortest_job_first"), arrivals).order == Ids{0, 3, 2, 1});
}

TEST_CASE("predictions that err mistake some") {
  std::vector<Arrival> arrivals = {kFirst};
  for (int i = 0; i < 30; ++i) arrivals.push_back({0.5, 1, 10 + i});
  Setup setup = one_at_a_time("predicted_shortest_job_first");
  setup.prediction_error = 1;
  const Outcome o = simulate_list(setup, arrivals);
  int turned = 0;  // pairs of neighbours, of which an oracle would have the second first
  for (std::size_t i = 2; i < o.order.size(); ++i) turned += o.order[i] < o.order[i - 1] ? 1 : 0;
  CHECK(turned > 5);
  CHECK(turned < 25);
}

TEST_CASE("the tenant that was served less goes first") {
  // Of 100 tokens in and 1 out, which counts twice. Tenant 0 has been served X's 102 when the others are looked at;
  // tenant 1 was lifted to the 100 that tenant 0 had when it came: C. Then 102 against 202: A. 204 against 202: D. B.
  const Outcome o = simulate_list(one_at_a_time("fair"),
                                  {{0, 100, 1, {}, 0}, from_tenant(0), from_tenant(0), from_tenant(1), from_tenant(1)});
  CHECK(o.order == Ids{0, 3, 1, 4, 2});
}

TEST_CASE("the prompt of which most is found goes first") {
  Setup setup = one_at_a_time("longest_prefix");
  setup.keeps_prefixes = true;
  setup.block_size = 16;
  // 6 whole blocks of 100 tokens. The third begins as X does, the fourth shares two blocks with it.
  const Outcome o = simulate_list(setup, {{0, 100, 1, {1, 2, 3, 4, 5, 6}},
                                          {0.5, 100, 1, {11, 12, 13, 14, 15, 16}},
                                          {0.5, 100, 1, {1, 2, 3, 4, 5, 26}},
                                          {0.5, 100, 1, {1, 2, 33, 34, 35, 36}}});
  CHECK(o.order == Ids{0, 2, 3, 1});
}

TEST_CASE("where memory runs out the lowest in rank is preempted, though it was let in first") {
  // Blocks of 4 tokens, 5 of them; A (priority 1) and B (priority 0), 7 in, 6 out. At 2.14 both need a block and one is
  // free: A goes. B ends at 6.14; A computes 9 tokens 6.14 .. 7.23 and ends at 10.23.
  Setup setup = one_at_a_time("priority");
  setup.limits.max_num_seqs = 8;
  setup.block_size = 4;
  setup.kv_blocks = 5;
  const Outcome o = simulate_list(setup, {{0, 7, 6, {}, -1, 1}, {0, 7, 6, {}, -1, 0}});
  CHECK(o.requests.at(0).preemptions == 1);
  CHECK(o.requests.at(1).last_token == doctest::Approx(6.14).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(10.23).epsilon(1e-12));
}
