// Clients that give up, try again or call off, and a gateway that turns away: worked out by hand. One request at a
// time; a decode step takes 1 s, a step with prefill 1 s and 0.01 s per prompt token.
#include <doctest/doctest.h>

#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {
Setup one_at_a_time() {
  Setup setup;
  setup.limits.max_num_seqs = 1;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  return setup;
}
}  // namespace

TEST_CASE("a client gives up, and its request leaves with the step under way") {
  // A: 0 .. 2, then a token each second; its client gives up at 4.5, A leaves at 5. B came at 3: 5 .. 7, in time.
  Setup setup = one_at_a_time();
  setup.clients.timeout = 4.5;
  const Outcome o = simulate_list(setup, {{0, 100, 10}, {3, 100, 1}});
  CHECK(o.timed_out == 1);
  CHECK(o.completed == 1);
  CHECK(o.requests.at(1).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.order == std::vector<std::int64_t>{0, 1});
}

TEST_CASE("a server that does not notice computes on for nobody, and others give up behind it") {
  // A is computed to its tenth token at 11, and B, given up at 7.5, after it: 11 .. 13.
  Setup setup = one_at_a_time();
  setup.clients.timeout = 4.5;
  setup.clients.server_notices = false;
  const Outcome o = simulate_list(setup, {{0, 100, 10}, {3, 100, 1}});
  CHECK(o.timed_out == 2);
  CHECK(o.completed == 0);
  CHECK(o.books.prefill_tokens == 200);
  CHECK(o.books.output_tokens == 11);
}

TEST_CASE("a wait for the first token alone ends with it") {
  // A's first token is there at 2; B's would be at 14: given up at 4, while it waits.
  Setup setup = one_at_a_time();
  setup.clients.first_token_timeout = 3;
  const Outcome o = simulate_list(setup, {{0, 100, 10}, {1, 100, 1}});
  CHECK(o.timed_out == 1);
  CHECK(o.requests.at(0).last_token == doctest::Approx(11).epsilon(1e-12));
  CHECK(o.books.prefill_tokens == 100);
}

TEST_CASE("a client that tries again waits longer each time, and what the first attempts got is lost") {
  // A takes until 11. Its client gives up at 4, tries again at 4 + 1; gives up at 9, tries again at 9 + 2 = 11, and
  // gives up for good at 15. Each attempt computes the prompt: the first leaves at 4 (a boundary: the client's word is
  // heard before the step begins), the second is taken at 5: 5 .. 7, 8, 9.
  Setup setup = one_at_a_time();
  setup.clients.timeout = 4;
  setup.clients.max_retries = 2;
  setup.clients.backoff = 1;
  const Outcome o = simulate_list(setup, {{0, 100, 10}});
  CHECK(o.timed_out == 1);
  CHECK(o.retries == 2);
  CHECK(o.sent == 1);
  CHECK(o.books.prefill_tokens == 300);
}

TEST_CASE("latency counts from the first attempt") {
  // B waits behind A (0 .. 2, 3, 4, 5, 6): given up at 1 + 4 = 5, sent again at 7, when A is gone: 7 .. 9.
  Setup setup = one_at_a_time();
  setup.clients.first_token_timeout = 4;
  setup.clients.max_retries = 1;
  setup.clients.backoff = 2;
  const Outcome o = simulate_list(setup, {{0, 100, 5}, {1, 100, 1}});
  CHECK(o.completed == 2);
  CHECK(o.requests.at(1).attempts == 1);
  CHECK(o.requests.at(1).arrival == 1);
  CHECK(o.requests.at(1).first_token == doctest::Approx(9).epsilon(1e-12));
}

TEST_CASE("the gateway turns away who is one too many") {
  // A: 0 .. 4 (2, 3, 4). B comes at 1 and C at 3.5: turned away. D at 4: A is gone only with the steps of that instant.
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.max_outstanding = 1}};
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {1, 100, 1}, {3.5, 100, 1}, {5, 100, 1}});
  CHECK(o.rejected == 2);
  CHECK(o.completed == 2);
  CHECK(o.requests.count(3) == 1);
}

TEST_CASE("who is turned away tries again, until it is let in") {
  // B comes at 1, and tries again at 1 + 2 = 3 (A is there until 4) and at 3 + 4 = 7: 7 .. 9.
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.max_outstanding = 1}};
  setup.clients.max_retries = 3;
  setup.clients.backoff = 2;
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {1, 100, 1}});
  CHECK(o.completed == 2);
  CHECK(o.retries == 2);
  CHECK(o.requests.at(1).first_token == doctest::Approx(9).epsilon(1e-12));
}

TEST_CASE("who is turned away for good makes room for the next client") {
  // One client at a time. A's 110 tokens are more than the gate ever lets in: turned away at 0, and again at 1. Then B.
  Setup setup = one_at_a_time();
  setup.max_concurrency = 1;
  setup.clients.max_retries = 1;
  setup.clients.backoff = 1;
  GateLimit limit;
  limit.max_outstanding_tokens = 60;
  setup.gate.push_back(limit);
  const Outcome o = simulate_list(setup, {{0, 100, 10}, {0, 50, 1}});
  CHECK(o.completed == 1);
  CHECK(o.requests.at(1).scheduled == doctest::Approx(1).epsilon(1e-12));
  CHECK(o.unfinished == 0);
}

TEST_CASE("tokens that are under way count, prompt and answer") {
  // 103 tokens of A, and 101 of B would be 204. C, 50 and 1, is let in.
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.max_outstanding_tokens = 160}};
  const Outcome o = simulate_list(setup, {{0, 100, 3}, {1, 100, 1}, {1, 50, 1}});
  CHECK(o.rejected == 1);
  CHECK(o.requests.count(2) == 1);
}

TEST_CASE("a rate lets in a burst, and then one after the other") {
  // One a second and two at once: at 0 two of three; at 0.5 none; at 1 one; at 2.5 one.
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.requests_per_second = 1, .burst = 2}};
  const Outcome o = simulate_list(setup, {{0, 10, 1}, {0, 10, 1}, {0, 10, 1}, {0.5, 10, 1}, {1, 10, 1}, {2.5, 10, 1}});
  CHECK(o.rejected == 2);
  CHECK(o.requests.count(2) == 0);
  CHECK(o.requests.count(3) == 0);
}

TEST_CASE("a budget of tokens a minute fills by the second") {
  // 600 a minute, 10 a second. A takes 505 of them, 95 are left: B (101) is turned away at 0, let in at 1 (105).
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.tokens_per_minute = 600}};
  const Outcome o = simulate_list(setup, {{0, 500, 5}, {0, 100, 1}, {1, 100, 1}});
  CHECK(o.rejected == 1);
  CHECK(o.requests.count(2) == 1);
}

TEST_CASE("a limit of one tenant leaves the others alone") {
  Setup setup = one_at_a_time();
  setup.gate = {GateLimit{.tenant = 1, .max_outstanding = 0}};
  const Outcome o = simulate_list(setup, {{0, 10, 1, {}, 0}, {0, 10, 1, {}, 1}, {0, 10, 1, {}, 2}});
  CHECK(o.rejected == 1);
  CHECK(o.requests.count(1) == 0);
}

TEST_CASE("what a sequence that left was foreseen to do befalls nobody who has its record now") {
  // Two replicas in turn. A would have decoded for five steps on the first; it is given up at 4.5 and leaves after
  // three. C has its record from 6.2 on, and decodes on the second; D, on the first, makes that replica's fifth
  // step: 10.3. C's client waits until 10.7.
  Setup setup = one_at_a_time();
  setup.replicas = 2;
  setup.clients.timeout = 4.5;
  const Outcome o = simulate_list(setup, {{0, 100, 6}, {6.2, 100, 4}, {6.3, 100, 3}});
  CHECK(o.timed_out == 2);
  CHECK(o.completed == 1);
  CHECK(o.requests.count(2) == 1);
}

TEST_CASE("a retry may wait beside its first attempt, in any order") {
  // X keeps the replica busy until 30. A comes at 0.5: its client gives up at 4.5, at 9.5 and at 15.5, unnoticed, so
  // that three attempts of its wait; B, at 1, alike.
  Setup setup = one_at_a_time();
  setup.queue_order = "priority";
  setup.clients.first_token_timeout = 4;
  setup.clients.max_retries = 2;
  setup.clients.backoff = 1;
  setup.clients.server_notices = false;
  const Outcome o = simulate_list(setup, {{0, 100, 29}, {0.5, 100, 1}, {1, 100, 1}});
  CHECK(o.timed_out == 2);
  CHECK(o.completed == 1);
  CHECK(o.books.prefill_tokens == 100 + 6 * 100);
}

TEST_CASE("what is called off leaves, and is no failure of the fleet") {
  // After 1 s in the mean, exponentially: answers take 100 s.
  Setup setup = one_at_a_time();
  setup.limits.max_num_seqs = 1000;
  setup.clients.cancel_share = 0.5;
  setup.clients.cancel_after = 1;
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 400; ++i) arrivals.push_back({0.01 * i, 1, 100});
  const Outcome o = simulate_list(setup, arrivals);
  CHECK(o.cancelled + o.completed == 400);
  CHECK(o.cancelled > 160);  // of 400 tosses of a coin, within four standard deviations of 200
  CHECK(o.cancelled < 240);
}

namespace {
/// Transfers slow enough, and memory small enough, for clients to give up at every stage.
Outcome impatient_at_every_stage(bool push, KvOverlap overlap) {
  Setup setup;
  setup.times.base = 0.02;
  setup.times.per_prompt_token = 1e-4;
  setup.decode_replicas = 1;
  setup.decode_kv_blocks = 40;
  setup.kv_blocks = 100;
  setup.sending = {.overhead = 0.05, .efficiency = 1e-3, .push = push, .overlap = overlap};
  setup.clients.timeout = 1.5;
  std::vector<Arrival> arrivals;
  for (int i = 0; i < 200; ++i) arrivals.push_back({0.05 * i, 100 + i % 7, 20 + i % 5});
  return simulate_list(setup, arrivals);
}
}  // namespace

TEST_CASE("whoever gives up while its KV moves, or waits to, leaves both sides with their memory") {
  // The run itself checks that: blocks return to zero, bytes arrive, books close.
  const Outcome o = impatient_at_every_stage(false, KvOverlap::kNone);
  CHECK(o.timed_out > 20);
  CHECK(o.completed > 10);
  CHECK(o.timed_out + o.completed == 200);
}

TEST_CASE("so it is where KV is pushed while prompts are computed") {
  const Outcome o = impatient_at_every_stage(true, KvOverlap::kLayers);
  CHECK(o.timed_out > 20);
  CHECK(o.completed > 10);
  CHECK(o.timed_out + o.completed == 200);
}
