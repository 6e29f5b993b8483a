// Collectives as flows: two GPUs and one NIC a node, so that all that leaves a node has 50 GB/s. A step computes for 1
// s; its collectives take 0.25 s of latency and then move 50 GB to the other node and 50 GB back, a second alone.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla;
using namespace flotilla::sim;

namespace {

constexpr double kNic = 50e9;

doctest::Approx exactly(double value) { return doctest::Approx(value).epsilon(1e-9); }

/// Nodes with two GPUs behind one NIC, on one leaf. GPUs count through: 0 and 1 on node 0, 2 and 3 on node 1.
topologies::Fleet nodes_of_two(int nodes) {
  auto system = topologies::load_system("hgx-h100");
  system.gpus.value = 2;
  system.nics.value = 1;
  return topologies::build_fleet({{"p", system, 2 * nodes}}, topologies::load_fabric("ib-ndr-rail"));
}

Seat seat(const topologies::Fleet& fleet, const models::Deployment& d, const std::vector<topologies::GpuId>& gpus) {
  Seat s{&d, {}};
  for (const auto gpu : gpus) s.gpus.push_back(fleet.gpus[gpu].vertex);
  return s;
}

models::Deployment tensor_parallel(int ranks, bool crosses_fabric) {
  models::Deployment d;
  d.tensor_parallel_size = ranks;
  d.links.crosses_fabric = crosses_fabric;
  return d;
}

class SpanningTimes final : public models::StepTimes {
 public:
  SpanningTimes() {
    cost_.base_by_cause = {.memory = 1, .communication = 1.25};
    cost_.base = 2.25;
    cost_.valid_until = std::numeric_limits<double>::infinity();
  }
  const models::DecodeCost& decode(int /*sequences*/) override { return cost_; }
  models::CauseTimes mixed(const models::MixedBatch& /*batch*/) override { return cost_.base_by_cause; }
  models::CollectiveLoad collectives(const models::MixedBatch& /*batch*/) override {
    return {.latency = 0.25, .tensor_ring = kNic};
  }

 private:
  models::DecodeCost cost_;
};

struct Told {
  std::map<std::int64_t, Request> requests;
  ReplicaBooks books;  ///< of the first replica
  std::vector<LinkFacts> links;
  double longest_gap = 0;
};

/// A replica for each list of GPUs; requests take turns.
Told run_on(const std::vector<std::vector<topologies::GpuId>>& groups, std::vector<Arrival> arrivals,
            std::int64_t kv_blocks = 1000) {
  Clock clock;
  const topologies::Fleet fleet = nodes_of_two(2);
  const models::Deployment d = tensor_parallel(static_cast<int>(groups.front().size()), true);
  std::size_t valves = 0;
  for (const auto& gpus : groups) valves += collective_pairs(fleet, seat(fleet, d, gpus)).size();
  const topologies::Platform platform = topologies::make_platform(fleet, {}, valves);
  Transfers transfers(fleet, platform, clock);
  RequestPool pool;
  Recorder recorder({}, 0);
  Told outcome;
  recorder.on_request([&](const Request& r, RequestStatus) { outcome.requests[r.id] = r; });
  ListSource source(std::move(arrivals), 16);
  const auto router = make_router("round_robin", 1);
  Gateway gateway(source, *router, 0, std::numeric_limits<double>::infinity(), pool, clock, recorder);
  std::vector<std::unique_ptr<Collectives>> collectives;
  std::vector<std::unique_ptr<Replica>> replicas;
  valves = 0;
  for (const auto& gpus : groups) {
    collectives.push_back(std::make_unique<Collectives>(fleet, transfers, seat(fleet, d, gpus), valves));
    valves += collectives.back()->pairs();
    ReplicaSpec spec;
    spec.cost = std::make_shared<SpanningTimes>();
    spec.scheduler = make_scheduler("vllm_v1", {});
    spec.kv_blocks = kv_blocks;
    spec.collectives = collectives.back().get();
    replicas.push_back(std::make_unique<Replica>(std::move(spec), pool, clock, recorder));
    gateway.add_replica(*replicas.back(), {1 << 20, kv_blocks * 16, kv_blocks * 16, 1 << 20});
  }
  transfers.start();
  gateway.start();
  clock.run();
  for (const auto& replica : replicas) replica->close();
  outcome.books = replicas.front()->books();
  outcome.links = transfers.link_facts();
  outcome.longest_gap = recorder.itl().quantile(1);
  CHECK(transfers.bytes_sent() == transfers.bytes_delivered());
  CHECK(transfers.under_way() == 0);
  return outcome;
}

}  // namespace

TEST_CASE("alone, a step takes what its cost says") {
  const Told o = run_on({{0, 2}}, {{0, 16, 3}});
  CHECK(o.requests.at(0).first_token == exactly(2.25));
  CHECK(o.requests.at(0).last_token == exactly(6.75));
  CHECK(o.books.steps == 3);
  CHECK(o.books.busy.memory == exactly(3));
  CHECK(o.books.busy.communication == exactly(3.75));
}

TEST_CASE("two tensor-parallel groups over one pair of NICs get half each") {
  // Both begin together and stay so: 1 s + 0.25 s + 50 GB at 25 GB/s.
  const Told o = run_on({{0, 2}, {1, 3}}, {{0, 16, 3}, {0, 16, 3}});
  for (const auto& [id, r] : o.requests) {
    CHECK(r.first_token == exactly(3.25));
    CHECK(r.last_token == exactly(9.75));
  }
  CHECK(o.books.busy.memory == exactly(3));
  CHECK(o.books.busy.communication == exactly(6.75));
  CHECK(o.longest_gap == doctest::Approx(3.25).epsilon(0.01));
}

TEST_CASE("only while both move bytes do they share") {
  // Group A begins at 0, B at 0.5. A's bytes move from 1.25, alone until B's begin at 1.75: 25 GB. The other 25 GB at
  // half speed, until 2.75; B has moved 25 GB by then and has the NICs to itself: until 3.25. A's next bytes move from
  // 2.75 + 1.25 = 4, B's from 4.5: the same again, 2.75 s later.
  const Told o = run_on({{0, 2}, {1, 3}}, {{0, 16, 2}, {0.5, 16, 2}});
  CHECK(o.requests.at(0).first_token == exactly(2.75));
  CHECK(o.requests.at(1).first_token == exactly(3.25));
  CHECK(o.requests.at(0).last_token == exactly(5.5));
  CHECK(o.requests.at(1).last_token == exactly(6));
}

TEST_CASE("groups that share no link do not disturb each other") {
  // 50 GB in a second over NVLinks of 450 GB/s, each GPU's own.
  const Told o = run_on({{0, 1}, {2, 3}}, {{0, 16, 3}, {0, 16, 3}});
  for (const auto& [id, r] : o.requests) CHECK(r.last_token == exactly(6.75));
}

TEST_CASE("links carry what the steps send, each way once") {
  const Told o = run_on({{0, 2}}, {{0, 16, 3}});
  REQUIRE(o.links.size() >= 2);
  for (const LinkFacts& link : o.links) {
    CHECK(link.bytes == 2 * 3 * kNic);
    CHECK(link.busier_bytes == 3 * kNic);
  }
}

TEST_CASE("who is preempted under flows comes back and ends") {
  // 5 blocks of 16 tokens. Both prompts of 32 tokens take 4; the first growth takes the fifth, the second preempts.
  const Told o = run_on({{0, 2}}, {{0, 32, 20}, {0, 32, 20}}, 5);
  CHECK(o.books.preemptions == 1);
  CHECK(o.requests.at(1).preemptions == 1);
  CHECK(o.books.output_tokens == 40);
  // Alone on the network: every step takes 2.25 s. The first request makes its 20 tokens in 20 steps, the other is
  // computed again in the step that follows.
  CHECK(o.requests.at(0).last_token == exactly(20 * 2.25));
  CHECK(o.requests.at(1).last_token > o.requests.at(0).last_token);
}

TEST_CASE("a transfer beside a collective, and a collective beside a transfer, take longer than alone") {
  // 25 GB leave node 0 for node 1 at 1 s, when 50 GB of a collective begin to move, a second at the NIC's full speed.
  // Both have half of it until the transfer is there at 2 s; the other half of the collective then takes 0.5 s.
  Clock clock;
  const topologies::Fleet fleet = nodes_of_two(2);
  const models::Deployment d = tensor_parallel(2, true);
  const Seat ring = seat(fleet, d, {0, 2});
  const topologies::Platform platform = topologies::make_platform(fleet, {}, collective_pairs(fleet, ring).size());
  Transfers transfers(fleet, platform, clock);
  Collectives collectives(fleet, transfers, ring, 0);
  double collective_there = 0, transfer_there = 0;
  const int starter = clock.add_slot([&](double) {
    collectives.send(1, 1, {.tensor_ring = kNic}, [&](double then) { collective_there = then; });
    const Flow flow{fleet.gpus[1].vertex, fleet.gpus[3].vertex, kNic / 2};
    transfers.send_at(1, {&flow, 1}, [&](double then) { transfer_there = then; });
  });
  transfers.start();
  clock.schedule(starter, 0.5);
  clock.run();
  CHECK(transfer_there == exactly(2));
  CHECK(collective_there == exactly(2.5));
}

TEST_CASE("flows that start at one instant keep their own limits") {
  // 10 GB each: over NVLink without a limit, 450 GB/s; over the NICs at 10 GB/s, a limit of the platform's, and at 20
  // GB/s, a valve's; the NICs carry both.
  Clock clock;
  const topologies::Fleet fleet = nodes_of_two(2);
  const auto gpu = [&](std::size_t number) { return fleet.gpus[number].vertex; };
  const topologies::Platform platform = topologies::make_platform(fleet, {{gpu(0), BytesPerSecond(10e9)}}, 1);
  Transfers transfers(fleet, platform, clock);
  double there[3] = {};
  const int starter = clock.add_slot([&](double) {
    const Flow flows[] = {
        {gpu(2), gpu(3), 10e9, 0, {}}, {gpu(0), gpu(2), 10e9, 10e9, {}}, {gpu(1), gpu(3), 10e9, 20e9, 0}};
    for (std::size_t i = 0; i < 3; ++i) transfers.send_at(1, {&flows[i], 1}, [&, i](double then) { there[i] = then; });
  });
  transfers.start();
  clock.schedule(starter, 0.5);
  clock.run();
  CHECK(there[0] == exactly(1 + 10.0 / 450));
  CHECK(there[1] == exactly(2));
  CHECK(there[2] == exactly(1.5));
}

TEST_CASE("what switches add up inside is not on the links") {
  // A ring that would move 900 GB in the second that the operator takes, over NVLinks of 450 GB/s: 450 GB move.
  Clock clock;
  const topologies::Fleet fleet = nodes_of_two(2);
  const models::Deployment d = tensor_parallel(2, false);
  const topologies::Platform platform = topologies::make_platform(fleet, {}, 2);
  Transfers transfers(fleet, platform, clock);
  Collectives collectives(fleet, transfers, seat(fleet, d, {0, 1}), 0);
  double there = 0;
  const int starter = clock.add_slot(
      [&](double) { collectives.send(1, 1, {.tensor_ring = 900e9}, [&](double then) { there = then; }); });
  transfers.start();
  clock.schedule(starter, 0.5);
  clock.run();
  CHECK(there == exactly(2));
  CHECK(transfers.bytes_delivered() == exactly(2 * 450e9));
}

TEST_CASE("who sends to whom") {
  const auto fleet =
      topologies::build_fleet({{"p", topologies::load_system("hgx-h100"), 16}}, topologies::load_fabric("ib-ndr-rail"));
  const auto all = [&](const models::Deployment& d) {
    Seat s{&d, {}};
    for (std::size_t gpu = 0; gpu < static_cast<std::size_t>(d.gpus()); ++gpu) s.gpus.push_back(fleet.gpus[gpu].vertex);
    return collective_pairs(fleet, s);
  };
  const auto next = [&](const std::vector<CollectivePair>& pairs, std::size_t gpu) {
    std::vector<topologies::VertexId> to;
    for (const CollectivePair& pair : pairs)
      if (pair.from == fleet.gpus[gpu].vertex) to.push_back(pair.to);
    return to;
  };
  models::Deployment d = tensor_parallel(16, true);
  SUBCASE("a ring over two nodes leaves and comes back on one rail each") {
    const auto pairs = all(d);
    CHECK(pairs.size() == 16);
    CHECK(next(pairs, 0) == std::vector{fleet.gpus[1].vertex});
    CHECK(next(pairs, 7) == std::vector{fleet.gpus[15].vertex});
    CHECK(next(pairs, 15) == std::vector{fleet.gpus[14].vertex});
    CHECK(next(pairs, 8) == std::vector{fleet.gpus[0].vertex});
  }
  SUBCASE("stages of a pipeline hand over to the GPU in their place, and the last to nobody") {
    d.tensor_parallel_size = 4;
    d.pipeline_parallel_size = 2;
    const auto pairs = all(d);
    CHECK(next(pairs, 1) == std::vector{fleet.gpus[2].vertex, fleet.gpus[5].vertex});
    CHECK(next(pairs, 5) == std::vector{fleet.gpus[6].vertex});
  }
  SUBCASE("experts are reached from every rank of the stage") {
    d.tensor_parallel_size = 1;
    d.data_parallel_size = d.expert_parallel_size = 8;
    CHECK(all(d).size() == 8 * 7);
  }
  SUBCASE("an engine that gathers has a ring instead") {
    d.tensor_parallel_size = 1;
    d.data_parallel_size = d.expert_parallel_size = 8;
    d.engine.gathers_for_experts = {true, ""};
    CHECK(all(d).size() == 8);
  }
  SUBCASE("one GPU has nobody to send to") {
    d.tensor_parallel_size = 1;
    CHECK(all(d).empty());
  }
}
