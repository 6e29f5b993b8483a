// Async scheduling, worked out by hand: while a step runs the next is put together, and who comes meanwhile is in the
// one after that. A decode step takes 1 s, and a step with prefill 1 s and 0.01 s per prompt token.
#include <doctest/doctest.h>

#include "models/engine.hpp"
#include "tests/sim/fleet_of_one.hpp"

using namespace flotilla::sim;

namespace {

Setup ahead(const std::string& scheduler) {
  Setup setup;
  setup.scheduler = scheduler;
  setup.times.base = 1;
  setup.times.per_prompt_token = 0.01;
  setup.limits.async_scheduling = true;
  return setup;
}

}  // namespace

TEST_CASE("a newcomer waits for the step under way and for the one that is planned already") {
  // A: prefill 0 .. 2, token 2 at 3. B arrives at 2.5: the step 3 .. 4 was planned at 2, so B is in 4 .. 6, with A's
  // fourth token. A (5 tokens) ends at 7; B (3 tokens) at 8.
  const Outcome o = simulate_list(ahead("vllm_v1"), {{0, 100, 5}, {2.5, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(1).first_token == doctest::Approx(6).epsilon(1e-12));
  CHECK(o.requests.at(0).last_token == doctest::Approx(7).epsilon(1e-12));
  CHECK(o.requests.at(1).last_token == doctest::Approx(8).epsilon(1e-12));
}

TEST_CASE("who comes when a step begins is in the next one") {
  // The plan of 3 .. 4 is made at 2, when B comes.
  const Outcome o = simulate_list(ahead("vllm_v1"), {{0, 100, 5}, {2, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(3).epsilon(1e-12));
}

TEST_CASE("an engine with nothing planned takes who is there at once") {
  // A makes one token, 0 .. 2. B comes at 1: nothing runs after A, so that B need not wait for it: 2 .. 4.
  const Outcome o = simulate_list(ahead("vllm_v1"), {{0, 100, 1}, {1, 100, 1}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(2).epsilon(1e-12));
}

TEST_CASE("seats that are free are for who was there when the step was planned") {
  // A and B: prefill 0 .. 3; B (2 tokens) ends at 4. Two at a time: C, who came at 0.5, enters at 4, not D. A (4
  // tokens) makes its third in C's step, 4 .. 6, and ends at 7: then D enters, who came at 3.5.
  Setup setup = ahead("vllm_v1");
  setup.limits.max_num_seqs = 2;
  const Outcome o = simulate_list(setup, {{0, 100, 4}, {0, 100, 2}, {0.5, 100, 2}, {3.5, 100, 2}});
  CHECK(o.requests.at(2).scheduled == doctest::Approx(4).epsilon(1e-12));
  CHECK(o.requests.at(3).scheduled == doctest::Approx(7).epsilon(1e-12));
}

TEST_CASE("one who comes too late stays behind though the first of the queue enters") {
  // Three at a time, the first step takes 0 .. 4 with A, B and C; C ends there. D, who came at 1, was not there at 0,
  // when 4 .. 5 was planned; E came at 4.5. At 5 D enters (5 .. 7); E is seen by the plan of 7 .. only.
  Setup setup = ahead("vllm_v1");
  setup.limits.max_num_seqs = 3;
  const Outcome o = simulate_list(setup, {{0, 100, 9}, {0, 100, 2}, {0, 100, 1}, {1, 100, 3}, {4.5, 100, 3}});
  CHECK(o.requests.at(3).scheduled == doctest::Approx(5).epsilon(1e-12));
  CHECK(o.requests.at(4).scheduled == doctest::Approx(7).epsilon(1e-12));
}

TEST_CASE("SGLang's newcomers wait as long") {
  const Outcome o = simulate_list(ahead("sglang"), {{0, 100, 5}, {2.5, 100, 3}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(4).epsilon(1e-12));
}

TEST_CASE("TensorRT-LLM's newcomers wait as long, and its count of them begins as late") {
  // A: 0 .. 2, then a token each second. B comes at 2.5 and is seen by the plan of 4 .. 5 first. Two steps are waited:
  // 4 .. 5 and 5 .. 6.
  Setup setup = ahead("trtllm_inflight");
  setup.limits.max_num_batched_tokens = 100;
  setup.limits.batch_wait_max_tokens_ratio = 0.5;
  setup.limits.batch_wait_timeout_iters = 2;
  const Outcome o = simulate_list(setup, {{0, 100, 9}, {2.5, 20, 2}});
  CHECK(o.requests.at(1).scheduled == doctest::Approx(6).epsilon(1e-12));
}

TEST_CASE("engines plan ahead from the release on that has it by default") {
  using flotilla::models::default_async_scheduling;
  const auto vllm = flotilla::models::load_engine("vllm");
  CHECK_FALSE(default_async_scheduling(vllm, ""));  // its defaults are those of 0.11
  CHECK_FALSE(default_async_scheduling(vllm, "0.13.1"));
  CHECK(default_async_scheduling(vllm, "0.14.0"));
  CHECK(default_async_scheduling(vllm, "0.15"));
  const auto trtllm = flotilla::models::load_engine("tensorrt-llm");
  CHECK_FALSE(default_async_scheduling(trtllm, "0.18.2"));
  CHECK(default_async_scheduling(trtllm, ""));
  const auto sglang = flotilla::models::load_engine("sglang");
  CHECK_FALSE(default_async_scheduling(sglang, "0.3.6"));
  CHECK(default_async_scheduling(sglang, ""));
}
