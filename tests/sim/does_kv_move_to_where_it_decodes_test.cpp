// Prefill and decode apart. One GPU per replica; Llama 3.1 8B with an FP8 cache stores 32 layers * 8 heads * 128 * 2 =
// 65,536 bytes per token. First GPUs of two nodes share a leaf: 50 GB/s, no spine.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"
#include "topologies/route.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

constexpr double kBytesPerToken = 65536;
constexpr double kNic = 50e9;

Setup two_nodes() {
  Setup s;
  s.decode_replicas = 1;
  s.sending.overhead = 0.5;
  return s;
}

/// Of the path between the first GPUs of two nodes on one leaf.
double latency() {
  auto fabric = topologies::load_fabric("ib-ndr-rail");
  const auto fleet = topologies::build_fleet({{"p", topologies::load_system("hgx-h100"), 16}}, fabric);
  return topologies::facts(fleet, topologies::route(fleet, fleet.gpus[0].vertex, fleet.gpus[8].vertex)).latency.value();
}

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(1e-9); }

}  // namespace

TEST_CASE("one request: prefill, the KV's way, then decode") {
  // Prefill: one step of 1 s. Then 0.5 s of software, the path's latency, 160 tokens * 65,536 B at 50 GB/s = 0.2097 ms.
  // The first token is there with the KV; two steps of 1 s make the other two.
  const Outcome o = simulate_list(two_nodes(), {{0, 160, 3}});
  const double there = 1.5 + latency() + 160 * kBytesPerToken / kNic;
  const Request& r = o.requests.at(0);
  CHECK(r.scheduled == 0);
  CHECK(r.prefilled == 1);
  CHECK(r.first_token == exactly(there));
  CHECK(r.last_token == exactly(there + 2));
  CHECK(o.hand_off.count == 1);
  CHECK(o.hand_off.times.mean() == exactly(there - 1));
  CHECK(o.hand_off.lone_sum == exactly(there - 1));
  CHECK(o.hand_off.bytes == 160 * kBytesPerToken);
  // Gaps between tokens: from the KV's arrival to the end of the first step, and one step.
  CHECK(o.itl_count == 2);
}

TEST_CASE("a request of one token never moves") {
  const Outcome o = simulate_list(two_nodes(), {{0, 160, 1}});
  CHECK(o.requests.at(0).last_token == 1);
  CHECK(o.hand_off.count == 0);
  CHECK(o.links.empty());
}

TEST_CASE("nor does it wait for memory that it does not need") {
  Setup s = two_nodes();
  s.sending.push = true;
  s.decode_kv_blocks = 15;
  const Outcome o = simulate_list(s, {{0, 160, 1}, {0, 160, 1}, {0, 160, 2}});
  CHECK(o.requests.at(0).last_token == 1);
  CHECK(o.requests.at(1).last_token == 1);
  CHECK(o.hand_off.count == 1);
  CHECK(o.completed == 3);
}

TEST_CASE("the engine's connector limits each flow") {
  Setup s = two_nodes();
  s.sending.efficiency = 0.25;  // 12.5 GB/s
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  CHECK(o.requests.at(0).first_token == exactly(1.5 + latency() + 160 * kBytesPerToken / (0.25 * kNic)));
  CHECK(o.hand_off.limited_by.back() == 1);
}

TEST_CASE("two tensor-parallel ranks send half each, side by side on two NICs") {
  Setup s = two_nodes();
  s.tensor_parallel_size = 2;
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  CHECK(o.requests.at(0).first_token == exactly(1.5 + latency() + 80 * kBytesPerToken / kNic));
}

TEST_CASE("a decode replica that is full holds prompts up, and in the end the prefill side too") {
  // Blocks of 16 tokens. A prompt of 160 tokens takes 10, and its answer of 4 tokens one more. The decode replica has
  // 15 blocks: one request. The prefill replica has 20: two prompts, one computed per step (the budget of a step is 160
  // tokens).
  //   r0 is prefilled at 1, moves, and decodes from t0 = 1.5 + d on, in three steps: until t0 + 3
  //   r1 is prefilled at 2, and finds room when r0 has ended: moves at t0 + 3, is there at t0 + 3 + 0.5 + d
  //   r2 finds no memory at 2, because r1 holds its 10 blocks... and r0's are free from t0 on: starts at 2
  //   r3 must wait until r1 has moved
  Setup s = two_nodes();
  s.kv_blocks = 20;
  s.decode_kv_blocks = 15;
  s.limits.max_num_batched_tokens = 160;
  const double d = latency() + 160 * kBytesPerToken / kNic;
  const double t0 = 1.5 + d, t1 = t0 + 3 + 0.5 + d, t2 = t1 + 3 + 0.5 + d;
  const Outcome o = simulate_list(s, {{0, 160, 4}, {0, 160, 4}, {0, 160, 4}, {0, 160, 4}});
  CHECK(o.requests.at(0).last_token == exactly(t0 + 3));
  CHECK(o.requests.at(1).scheduled == 1);
  CHECK(o.requests.at(1).prefilled == 2);
  CHECK(o.requests.at(1).first_token == exactly(t1));
  CHECK(o.requests.at(2).scheduled == 2);
  CHECK(o.requests.at(2).first_token == exactly(t2));
  CHECK(o.requests.at(3).scheduled == exactly(t1));
  CHECK(o.hand_off.wait_sum == exactly((t0 + 3 - 2) + (t1 + 3 - 3) + (t2 + 3 - (t1 + 1))));
  CHECK(o.books.preemptions == 0);
}

TEST_CASE("flows that meet on a cable share it") {
  // Two prefill replicas on nodes 0 and 1, one decode replica on node 2 of another leaf. Both prompts are ready at 1
  // and move at the same time; where the last cable, to the decode replica's NIC, gives each half of it, both take 2 *
  // 160 * 65,536 / 50e9 s.
  Setup s = two_nodes();
  s.replicas = 2;
  const Outcome o = simulate_list(s, {{0, 160, 2}, {0, 160, 2}});
  const double together = 2 * 160 * kBytesPerToken / kNic;
  CHECK(o.requests.at(0).first_token == o.requests.at(1).first_token);
  CHECK(o.requests.at(0).first_token - 1.5 > together);
  CHECK(o.requests.at(0).first_token - 1.5 < together + 20e-6);  // the latency of a path over the spine
  CHECK(o.hand_off.lone_sum < 2 * (0.5 + together));
}

TEST_CASE("links know what they carried") {
  const Outcome o = simulate_list(two_nodes(), {{0, 160, 2}, {5, 160, 2}});
  REQUIRE(o.links.size() >= 2);
  for (const LinkFacts& link : o.links) {
    CHECK(link.bytes == 2 * 160 * kBytesPerToken);
    CHECK(link.busier_bytes == link.bytes);
    CHECK(link.busiest_second_bytes == exactly(160 * kBytesPerToken));  // the second one came five seconds later
  }
}

TEST_CASE("a push waits for memory where it decodes, before prefill") {
  // The decode replica has room for one request: r1 is let in when r0 has ended, at t0 + 3, and prefilled in a second.
  Setup s = two_nodes();
  s.sending.push = true;
  s.decode_kv_blocks = 15;
  s.limits.max_num_batched_tokens = 160;
  const double d = latency() + 160 * kBytesPerToken / kNic, t0 = 1.5 + d;
  const Outcome o = simulate_list(s, {{0, 160, 4}, {0, 160, 4}});
  CHECK(o.requests.at(0).last_token == exactly(t0 + 3));
  CHECK(o.requests.at(1).scheduled == exactly(t0 + 3));
  CHECK(o.requests.at(1).first_token == exactly(t0 + 3 + t0));
  CHECK(o.hand_off.wait_sum == exactly(t0 + 3));
}

TEST_CASE("pushed chunk by chunk, only the last chunk is waited for") {
  // Two chunks of 80 tokens, a second each: the first is sent at 1, and long there when the second is sent at 2.
  Setup s = two_nodes();
  s.sending.push = true;
  s.sending.overlap = KvOverlap::kChunks;
  s.limits.max_num_batched_tokens = 80;
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  CHECK(o.requests.at(0).prefilled == 2);
  CHECK(o.requests.at(0).first_token == exactly(2.5 + latency() + 80 * kBytesPerToken / kNic));
  CHECK(o.hand_off.bytes == 160 * kBytesPerToken);
}

TEST_CASE("pushed layer by layer, only the last layer of the last chunk is waited for") {
  Setup s = two_nodes();
  s.sending.push = true;
  s.sending.overlap = KvOverlap::kLayers;
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  CHECK(o.requests.at(0).prefilled == 1);
  CHECK(o.requests.at(0).first_token == exactly(1.5 + latency() + 160 * kBytesPerToken / 32 / kNic));  // 32 layers
  CHECK(o.hand_off.bytes == doctest::Approx(160 * kBytesPerToken).epsilon(1e-9));
}

TEST_CASE("layers that the wires cannot keep up with are waited for") {
  // A connector of 1e-5 of a NIC, 500 kB/s: 160 tokens take 20.97 s alone, far more than the step of 1 s. The layers
  // but the last start at once, behind the fixed 0.5 s; the last starts at 1.5. Their limit is for each flow, so that
  // both move at 500 kB/s: the last to arrive are the others, at 0.5 + 31/32 * 20.97 s.
  Setup s = two_nodes();
  s.sending.push = true;
  s.sending.overlap = KvOverlap::kLayers;
  s.sending.efficiency = 1e-5;
  const Outcome o = simulate_list(s, {{0, 160, 2}});
  const double alone = 160 * kBytesPerToken / (1e-5 * kNic);
  CHECK(o.requests.at(0).first_token == doctest::Approx(0.5 + latency() + alone * 31 / 32).epsilon(1e-6));
}
