// What GPUs send each other in a step, worked out by hand.
#include <doctest/doctest.h>

#include <cmath>

#include "models/step_cost.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

Deployment deployment(const char* model, const char* engine, int tp, int pp, int dp) {
  Deployment d = default_deployment(load_llm(model), load_gpu("b200-hgx"), load_engine(engine));
  d.tensor_parallel_size = tp;
  d.pipeline_parallel_size = pp;
  d.data_parallel_size = d.expert_parallel_size = dp;
  return d;
}

}  // namespace

TEST_CASE("two rings a layer, of 2 (r - 1) / r of the activations") {
  // Llama 3.3 70B: 80 layers, 8192 wide, BF16.
  const CollectiveLoad load = collective_load(deployment("llama-3.3-70b", "vllm", 8, 1, 1), 100, 100);
  CHECK(load.tensor_ring == Approx(80.0 * 2 * 2 * 7 / 8 * 100 * 8192 * 2));
  CHECK(load.stage_ring + load.exchange + load.next_stage == 0);
}

TEST_CASE("a GPU of a stage hands on its share of every micro-batch that is under way") {
  const CollectiveLoad load = collective_load(deployment("llama-3.3-70b", "vllm", 4, 2, 1), 100, 100);
  CHECK(load.next_stage == Approx(2 * 100.0 * 8192 * 2 / 4));
}

TEST_CASE("tokens go to each other rank that holds one of their experts, and back") {
  // DeepSeek-R1: 58 of 61 layers with 8 experts a token, 7168 wide; to each of 7 other ranks with 1 - (7/8)^8 of
  // chance, in FP8 there and in BF16 back.
  const CollectiveLoad load = collective_load(deployment("deepseek-r1", "tensorrt-llm", 1, 1, 8), 100, 800);
  CHECK(load.exchange == Approx(58 * 100 * 7 * (1 - std::pow(7.0 / 8, 8)) * 7168 * 3));
  CHECK(load.tensor_ring + load.stage_ring == 0);
  // vLLM's gathers and scatters the tokens of all ranks.
  const CollectiveLoad gathered = collective_load(deployment("deepseek-r1", "vllm", 1, 1, 8), 100, 800);
  CHECK(gathered.stage_ring == Approx(58.0 * 2 * 7 / 8 * 800 * 7168 * 2));
  CHECK(gathered.exchange == 0);
}

TEST_CASE("the latency of a step's collectives does not depend on their bytes, and is less than their time") {
  StepCost cost(deployment("llama-3.3-70b", "vllm", 8, 1, 1));
  MixedBatch few, many;
  few.decode_seqs = 1;
  many.decode_seqs = 200;
  const CollectiveLoad one = cost.collectives(few), other = cost.collectives(many);
  CHECK(one.latency > 0);
  CHECK(one.latency == other.latency);
  CHECK(other.tensor_ring == Approx(200 * one.tensor_ring));
  CHECK(one.latency < cost.decode(1).base_by_cause.communication);
  CHECK(other.latency < cost.decode(200).base_by_cause.communication);
}

TEST_CASE("of tokens that are proposed, each output token has its share of bytes and latency") {
  // A step of 3 tokens a sequence makes 1 + 0.5 + 0.25, so that a token is 3 / 1.75 of a step without proposals; both
  // proposals pass a layer more, one of 80, as one token.
  Deployment d = deployment("llama-3.3-70b", "vllm", 8, 1, 1);
  MixedBatch batch;
  batch.decode_seqs = 40;
  const CollectiveLoad plain = StepCost(d).collectives(batch);
  d.speculation = {2, 0.5};
  const CollectiveLoad drafted = StepCost(d).collectives(batch);
  CHECK(drafted.tensor_ring == Approx(plain.tensor_ring * (3 + 2.0 / 80) / 1.75));
  CHECK(drafted.latency == Approx(plain.latency * (1 + 2.0 / 80) / 1.75));
}
