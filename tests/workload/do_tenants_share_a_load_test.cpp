// Several tenants: their requests in the order of arrival, each as if it were alone.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/workload/load.hpp"

using namespace flotilla::sim;

namespace {

const std::string kChat =
    "{name: chat, request_rate: 5, input_tokens: {uniform: [10, 900]}, output_tokens: {lognormal: {mean: 300, sigma: "
    "0.5}}, num_prompts: 200}";
const std::string kBatch =
    "{name: batch, request_rate: 20, burstiness: 0.5, input_tokens: 5000, output_tokens: {uniform: [1, 50]}, "
    "num_prompts: 300}";
const std::string kTalk =
    "{name: talk, request_rate: 9, input_tokens: 100, output_tokens: 60, num_prompts: 300, sessions: {turns: 3, "
    "think_time: 2s}, shared_prefix: {tokens: 160}}";

std::string tenants(const std::vector<std::string>& list) {
  std::string text = "tenants:\n";
  for (const std::string& tenant : list) text += "- " + tenant + "\n";
  return text;
}

std::vector<ArrivingRequest> of_tenant(const Load& load, std::int64_t tenant) {
  std::vector<ArrivingRequest> its;
  for (const ArrivingRequest& r : load.requests)
    if (r.tenant == tenant) its.push_back(r);
  return its;
}

}  // namespace

TEST_CASE("two tenants merge in the order of arrival, and as they are listed where they come together") {
  // Every second at 0, 1, 2; every half second at 0, 0.5, 1.
  const Load two = load(tenants(
      {"{name: slow, request_rate: 1, arrivals: constant, input_tokens: 10, output_tokens: 1, num_prompts: 3, "
       "priority: "
       "7, slo: {ttft: 2s}}",
       "{name: fast, request_rate: 2, arrivals: constant, input_tokens: 20, output_tokens: 2, num_prompts: 3}"}));
  const std::vector<double> arrivals{0, 0, 0.5, 1, 1, 2};
  const std::vector<std::int64_t> whose{0, 1, 1, 0, 1, 0};
  REQUIRE(two.requests.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CAPTURE(i);
    const ArrivingRequest& r = two.requests[i];
    CHECK(r.id == static_cast<std::int64_t>(i));
    CHECK(r.arrival == arrivals[i]);
    CHECK(r.tenant == whose[i]);
    CHECK(r.input_tokens == (whose[i] == 0 ? 10 : 20));
    CHECK(r.priority == (whose[i] == 0 ? 7 : 0));
    CHECK(r.ttft_promise == (whose[i] == 0 ? 2 : std::numeric_limits<double>::infinity()));
  }
}

TEST_CASE("a tenant's requests are the same whoever else there is") {
  const auto alone = of_tenant(load(tenants({kChat})), 0);
  const auto among = of_tenant(load(tenants({kBatch, kChat, kTalk})), 1);
  REQUIRE(alone.size() == 200);
  REQUIRE(among.size() == 200);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    CHECK(alone[i].arrival == among[i].arrival);
    CHECK(alone[i].input_tokens == among[i].input_tokens);
    CHECK(alone[i].output_tokens == among[i].output_tokens);
  }
  const auto talk_alone = of_tenant(load(tenants({kTalk})), 0);
  const auto talk_among = of_tenant(load(tenants({kBatch, kChat, kTalk})), 2);
  REQUIRE(talk_alone.size() == talk_among.size());
  for (std::size_t i = 0; i < talk_alone.size(); ++i) {
    CHECK(talk_alone[i].session == talk_among[i].session);
    CHECK(talk_alone[i].hash_ids == talk_among[i].hash_ids);
  }
}

TEST_CASE("two tenants with the same load send different requests, and share neither sessions nor texts") {
  std::string other = kTalk;
  other.replace(other.find("talk"), 4, "them");
  const Load both = load(tenants({kTalk, other}));
  const auto ours = of_tenant(both, 0), theirs = of_tenant(both, 1);
  CHECK(ours.front().arrival != theirs.front().arrival);
  std::set<std::int64_t> sessions;
  std::set<std::uint64_t> names;
  for (const ArrivingRequest& r : ours) {
    CHECK(r.session >= 0);
    sessions.insert(r.session);
    names.insert(r.hash_ids.begin(), r.hash_ids.end());
  }
  for (const ArrivingRequest& r : theirs) {
    CHECK(sessions.count(r.session) == 0);
    for (const std::uint64_t name : r.hash_ids) CHECK(names.count(name) == 0);
  }
  // A hundred sessions of three turns; the system prompt's ten blocks are those of the tenant's other sessions.
  CHECK(sessions.size() >= 100);
  CHECK(ours.front().hash_ids[9] == ours.back().hash_ids[9]);
  CHECK(ours.front().hash_ids[10] != ours.back().hash_ids[10]);
}

TEST_CASE("a trace is one tenant's, and reported") {
  const TemporaryFile file("t.csv", "arrived_at,num_prefill_tokens,num_decode_tokens\n0.0,11,2\n1.0,12,2\n2.0,13,2\n");
  const auto spec = workload(tenants(
      {"{name: recorded, trace: {path: '" + file.path() + "', time_unit: s}}",
       "{name: drawn, request_rate: 1, arrivals: constant, input_tokens: 5, output_tokens: 1, num_prompts: 2}"}));
  const auto source = make_source(spec, 1);
  std::vector<std::int32_t> inputs;
  for (ArrivingRequest r; source->next(r);) inputs.push_back(r.input_tokens);
  CHECK(inputs == std::vector<std::int32_t>{11, 5, 12, 5, 13});
  REQUIRE(source->reports().size() == 1);
  CHECK(source->reports()[0]->requests == 3);
}

TEST_CASE("what holds for all loads together") {
  const auto spec = workload("max_concurrency: 9\n" + tenants({kChat, kBatch}));
  CHECK(spec.total_rate().value() == 25);
  CHECK(!spec.open_loop());
  CHECK(!spec.closed_loop());
  CHECK(workload(tenants({kChat, kBatch})).open_loop());
  CHECK(workload(tenants({kTalk})).loads().front()->mean_tokens() == 320);
}
