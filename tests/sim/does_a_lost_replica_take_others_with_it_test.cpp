// Replicas that are lost in the middle of their work, and come back. Steps take 1 s, whatever is in them.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"
#include "topologies/route.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(1e-9); }

Setup two_replicas() {
  Setup s;
  s.replicas = 2;
  return s;
}

}  // namespace

TEST_CASE("a request whose replica is lost goes on with another, which computes prompt and answer so far anew") {
  // Replica 0: prefill until 1 (token 1), token 2 at 2; the step that began then is lost at 2.5. Replica 1 computes the
  // 16 tokens of the prompt and the 2 of the answer from 2.5 on: token 3 at 3.5, then 4.5 and 5.5.
  Setup s = two_replicas();
  s.outages = {{0, 2.5, 100}};
  const Outcome o = simulate_list(s, {{0, 16, 5}});
  const Request& r = o.requests.at(0);
  CHECK(r.first_token == 1);
  CHECK(r.last_token == 5.5);
  CHECK(r.carried == 2);
  CHECK(r.failures == 1);
  CHECK(r.preemptions == 0);
  CHECK(r.replica == 1);
  // Gaps 1, 1.5, 1, 1; both replicas worked, half a step of it for nothing.
  CHECK(o.itl_count == 4);
  CHECK(o.itl_longest == doctest::Approx(1.5).epsilon(0.006));
  CHECK(o.books.busy.total() == exactly(5.5));
  CHECK(o.books.output_tokens == 5);
  CHECK(o.books.prefill_tokens == 16 + 18);
}

TEST_CASE("a step that ends at the very instant of the loss is lost") {
  // As above, lost at 2: token 2 is not made. Replica 1 makes it at 3, the last at 6.
  Setup s = two_replicas();
  s.outages = {{0, 2, 100}};
  const Outcome o = simulate_list(s, {{0, 16, 5}});
  CHECK(o.requests.at(0).carried == 1);
  CHECK(o.requests.at(0).last_token == 6);
}

TEST_CASE("where no replica is left requests wait until one is back") {
  // Lost at 2.5 with 2 tokens made; back at 10: r0's tokens 3, 4 and 5 at 11, 12 and 13. r1 arrived at 5, and is
  // computed in the same step: token 1 at 11.
  Setup s;
  s.outages = {{0, 2.5, 10}};
  const Outcome o = simulate_list(s, {{0, 16, 5}, {5, 16, 1}});
  CHECK(o.requests.at(0).last_token == 13);
  CHECK(o.requests.at(1).scheduled == 10);
  CHECK(o.requests.at(1).last_token == 11);
  CHECK(o.requests.at(1).arrival == 5);
  CHECK(o.requests.at(1).failures == 0);
}

TEST_CASE("a repair is an event like others, however late") {
  Setup s;
  s.outages = {{0, 2.5, 1e9}};
  const Outcome o = simulate_list(s, {{0, 16, 2}, {3, 16, 1}});
  CHECK(o.completed == 2);
  CHECK(o.requests.at(1).last_token == exactly(1e9 + 1));
}

TEST_CASE("lost requests fail where their clients get errors") {
  Setup s = two_replicas();
  s.outages = {{0, 2.5, 100}};
  s.lost_requests_fail = true;
  const Outcome o = simulate_list(s, {{0, 16, 5}, {0, 16, 5}});
  CHECK(o.failed == 1);
  CHECK(o.completed == 1);
  CHECK(o.requests.at(1).last_token == 5);
}

TEST_CASE("clients behind a limit send their next request when one has failed") {
  Setup s = two_replicas();
  s.max_concurrency = 1;
  s.outages = {{0, 2.5, 100}};
  s.lost_requests_fail = true;
  const Outcome o = simulate_list(s, {{0, 16, 5}, {0, 16, 1}});
  CHECK(o.requests.at(1).arrival == 2.5);
  CHECK(o.requests.at(1).last_token == 3.5);
}

TEST_CASE("a decode replica is lost: the prompt is computed again, its longer KV moves to another") {
  // As in the tests of hand-offs: 65,536 B per token, NICs of 50 GB/s, 0.5 s of software. The KV of 160 tokens is there
  // at `there`, with token 1; token 2 is made at there + 1; the replica is lost at there + 1.5. The prefill replica
  // computes 162 tokens in 1 s, which makes token 3; 162 tokens are 11 blocks of 16, so that 176 tokens move. Token 4
  // takes one more step.
  Setup s;
  s.decode_replicas = 2;
  s.sending.overhead = 0.5;
  auto fabric = topologies::load_fabric("ib-ndr-rail");
  fabric.leaf_ports.value = 4;  // two nodes share a leaf: the second decode replica is over the spine
  const auto fleet = topologies::build_fleet({{"p", topologies::load_system("hgx-h100"), 24}}, fabric);
  const auto way = [&](std::size_t to) {
    return topologies::facts(fleet, topologies::route(fleet, fleet.gpus[0].vertex, fleet.gpus[to].vertex));
  };
  const double there = 1.5 + way(8).latency.value() + 160 * 65536 / way(8).bandwidth.value();
  s.outages = {{1, there + 1.5, 1000}};
  const Outcome o = simulate_list(s, {{0, 160, 4}});
  const Request& r = o.requests.at(0);
  CHECK(r.first_token == exactly(there));
  CHECK(r.carried == 2);
  CHECK(r.decode_replica == 1);
  const double again = there + 1.5 + 1.5 + way(16).latency.value() + 176 * 65536 / way(16).bandwidth.value();
  CHECK(r.last_token == exactly(again + 1));
  CHECK(o.hand_off.count == 2);
}

TEST_CASE("a prefill replica is lost while its KV moves: the first token is lost with it") {
  // Computed at 1, it would arrive after 1.5. At 1.2 it is lost: the other replica computes it until 2.2.
  Setup s = two_replicas();
  s.decode_replicas = 1;
  s.sending.overhead = 0.5;
  s.outages = {{0, 1.2, 1000}};
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  const Request& r = o.requests.at(0);
  CHECK(r.prefilled == exactly(2.2));
  CHECK(r.first_token > 2.7);
  CHECK(r.last_token == exactly(r.first_token + 1));
  CHECK(r.carried == 0);
  CHECK(o.completed == 1);
}

TEST_CASE("what is computed waits at the prefill side while nobody decodes") {
  Setup s;
  s.decode_replicas = 1;
  s.sending.overhead = 0.5;
  s.outages = {{1, 0.5, 20}};
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  CHECK(o.requests.at(0).prefilled == 1);
  CHECK(o.requests.at(0).first_token > 20.5);
  CHECK(o.requests.at(0).failures == 0);
  CHECK(o.completed == 1);
}
