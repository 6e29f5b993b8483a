#include "models/step_cost.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

Deployment deployment(const std::string& gpu, const std::string& engine, NumberFormat weights, int tp,
                      const std::string& llm = "llama-3.3-70b") {
  Deployment d;
  d.llm = load_llm(llm);
  d.gpu = load_gpu(gpu);
  d.engine = load_engine(engine);
  d.weights = weights;
  d.kv_cache = NumberFormat::kFp8;
  d.tensor_parallel_size = tp;
  return d;
}

/// Every GPU, engine, format and size that the catalogue can combine.
template <class Visit>
void for_each_cell(Visit visit) {
  for (const std::string gpu : {"h100-sxm", "h200-sxm", "b200-hgx", "gb200"}) {
    for (const std::string engine : {"vllm", "tensorrt-llm", "sglang"}) {
      for (const auto weights :
           {NumberFormat::kBf16, NumberFormat::kFp8, NumberFormat::kNvfp4, NumberFormat::kMxfp4, NumberFormat::kInt4}) {
        for (const int tp : {1, 2, 4, 8}) {
          INFO(gpu << " " << engine << " " << std::string(name_of(weights)) << " TP " << tp);
          visit(deployment(gpu, engine, weights, tp));
        }
      }
    }
  }
}

MixedBatch one_prompt(int tokens) {
  MixedBatch batch;
  batch.prefill_seqs = 1;
  batch.prefill_last_chunks = 1;
  batch.prefill_tokens = tokens;
  batch.prefill_pairs = tokens * (tokens / 2.0);
  return batch;
}

}  // namespace

TEST_CASE("no deployment beats its datasheet, and none is absurdly slow") {
  for_each_cell([](const Deployment& d) {
    StepCost cost(d);
    const double tp = d.tensor_parallel_size;
    const double weights = streamed_bytes(d.llm, d.weights).value() / tp / d.gpu.hbm_bandwidth.value();
    CHECK(cost.decode(1).base >= weights * (1 - 1e-9));
    CHECK(cost.decode(1).base < 12 * weights + 8e-3);
    const double kv =
        kv_bytes_per_token_per_gpu(d.llm, d.kv_cache, d.tensor_parallel_size) / d.gpu.hbm_bandwidth / Seconds(1);
    CHECK(cost.decode(1).slope >= kv * (1 - 1e-9));  // a fitted scale may rest at the datasheet's bound
    CHECK(cost.decode(1).slope < 3 * kv);
    const double arithmetic = 2 * parameters(d.llm).linear * 8192 / tp / peak(d.gpu, d.weights).value();
    const double prefill = cost.mixed(one_prompt(8192)).total();
    CHECK(prefill >= arithmetic * (1 - 1e-9));
    CHECK(prefill < 7 * arithmetic + 0.12);
  });
}

TEST_CASE("a step's causes sum to its length and none is negative") {
  for_each_cell([](const Deployment& d) {
    StepCost cost(d);
    const auto& decode = cost.decode(17);
    CHECK(decode.base_by_cause.total() == decode.base);
    CHECK(decode.slope_by_cause.total() == decode.slope);
    for (const auto& t : {decode.base_by_cause, decode.slope_by_cause, cost.mixed(one_prompt(777))}) {
      CHECK(t.memory >= 0);
      CHECK(t.compute >= 0);
      CHECK(t.communication >= 0);
      CHECK(t.host >= 0);
    }
    CHECK((decode.base_by_cause.communication > 0) == (d.tensor_parallel_size > 1));
  });
}

TEST_CASE("decode steps grow with sequences and with KV tokens") {
  for_each_cell([](const Deployment& d) {
    StepCost cost(d);
    double last = 0;
    bool rising = true;
    for (int n = 1; n <= 1024; ++n) {
      const auto& step = cost.decode(n);
      rising = rising && step.base >= last && step.slope > 0;
      last = step.base;
    }
    CHECK(rising);
  });
}

TEST_CASE("a mixed step is never shorter than its decoding part alone, and equals it without prompts") {
  for_each_cell([](const Deployment& d) {
    StepCost cost(d);
    for (const int n : {1, 9, 64, 300}) {
      MixedBatch batch;
      batch.decode_seqs = n;
      batch.decode_kv_tokens = 1500 * n;
      const auto& decode = cost.decode(n);
      const double alone = decode.base + decode.slope * 1500 * n;
      CHECK(cost.mixed(batch).total() == Approx(alone).epsilon(1e-12));
      for (const int tokens : {1, 100, 1000, 8000}) {
        auto mixed = one_prompt(tokens);
        mixed.decode_seqs = batch.decode_seqs;
        mixed.decode_kv_tokens = batch.decode_kv_tokens;
        CHECK(cost.mixed(mixed).total() >= alone);
      }
    }
  });
}

TEST_CASE("longer prompts, longer contexts and more samples never shorten a step") {
  for (const std::string engine : {"vllm", "tensorrt-llm"}) {
    StepCost cost(deployment("b200-hgx", engine, NumberFormat::kNvfp4, 2));
    double last = 0;
    for (int tokens = 1; tokens <= 16384; tokens += 37) {
      const double time = cost.mixed(one_prompt(tokens)).total();
      CHECK(time >= last * (1 - 1e-12));  // a floor met from below may round either way
      last = time;
    }
    auto chunk = one_prompt(4096);
    const double fresh = cost.mixed(chunk).total();
    chunk.prefill_context = 4096;
    chunk.prefill_pairs += 4096.0 * 4096;
    CHECK(cost.mixed(chunk).total() > fresh);
    chunk.prefill_last_chunks = 0;
    CHECK(cost.mixed(chunk).total() < cost.mixed(one_prompt(16384)).total());
  }
}

TEST_CASE("more GPUs shorten the same prefill") {
  for_each_cell([](const Deployment& d) {
    if (d.tensor_parallel_size == 8) return;
    auto twice = d;
    twice.tensor_parallel_size *= 2;
    // Slow all-reduces may eat up the gain, no more.
    CHECK(StepCost(twice).mixed(one_prompt(8192)).total() < 1.02 * StepCost(d).mixed(one_prompt(8192)).total());
  });
}

TEST_CASE("KV heads replicate beyond their number: 16 ranks read as much KV each as 8 do") {
  const auto eight = deployment("gb200", "tensorrt-llm", NumberFormat::kNvfp4, 8);
  const auto sixteen = deployment("gb200", "tensorrt-llm", NumberFormat::kNvfp4, 16);
  CHECK(StepCost(eight).decode(4).slope == StepCost(sixteen).decode(4).slope);
}

TEST_CASE("references to decode costs stay valid while others are asked for") {
  StepCost cost(deployment("h100-sxm", "vllm", NumberFormat::kFp8, 2));
  const auto& first = cost.decode(1);
  const double base = first.base;
  for (int n = 2; n < 5000; n += 100) CHECK(cost.decode(n).base > base);
  CHECK(first.base == base);
  CHECK(&cost.decode(1) == &first);
}

TEST_CASE("the same deployment gives the same bits, whatever was asked before") {
  const auto d = deployment("h200-sxm", "tensorrt-llm", NumberFormat::kFp8, 4);
  StepCost fresh(d), used(d);
  for (int n = 500; n > 0; n -= 7) CHECK(used.decode(n).base > 0);
  CHECK(fresh.decode(33).base == used.decode(33).base);
  CHECK(fresh.mixed(one_prompt(900)).total() == used.mixed(one_prompt(900)).total());
}

TEST_CASE("an article's variant of a GPU runs at the speed of the silicon") {
  const auto ours = deployment("b200-hgx", "vllm", NumberFormat::kNvfp4, 1);
  const auto theirs = deployment("b200-hgx@a1", "vllm", NumberFormat::kNvfp4, 1);
  CHECK(StepCost(theirs).decode(8).base == StepCost(ours).decode(8).base);
  CHECK(StepCost(theirs).mixed(one_prompt(8192)).total() == StepCost(ours).mixed(one_prompt(8192)).total());
}

TEST_CASE("the envelope says what a deployment was fitted on, and what it borrows") {
  const auto measured = StepCost(deployment("h100-sxm", "vllm", NumberFormat::kFp8, 4)).envelope();
  CHECK(measured.inside);
  CHECK(measured.reason.empty());
  CHECK(measured.expected_error > 0);
  CHECK(measured.expected_error < 0.05);
  CHECK(measured.nearest_points.find("h100-sxm, vllm, fp8") != std::string::npos);

  const auto reason = [](const Deployment& d) {
    const auto envelope = StepCost(d).envelope();
    CHECK_FALSE(envelope.inside);
    return envelope.reason;
  };
  auto unknown = deployment("h100-sxm", "vllm", NumberFormat::kFp8, 2);
  unknown.engine.name = "mine";
  CHECK(reason(unknown).find("vllm's coefficients") != std::string::npos);
  CHECK(reason(deployment("b200-hgx", "sglang", NumberFormat::kFp8, 2)).find("scales of b200-hgx") !=
        std::string::npos);
  CHECK(reason(deployment("gb200", "vllm", NumberFormat::kNvfp4, 1)).find("scales of b200-hgx") != std::string::npos);
  CHECK(reason(deployment("h100-sxm", "vllm", NumberFormat::kInt4, 1)).find("int4") != std::string::npos);
  CHECK(reason(deployment("h100-sxm", "vllm", NumberFormat::kNvfp4, 2)).find("nvfp4") != std::string::npos);
  CHECK(reason(deployment("gb200", "vllm", NumberFormat::kMxfp4, 1)).find("nvfp4") != std::string::npos);
  CHECK(reason(deployment("b200-hgx", "vllm", NumberFormat::kFp8, 16)).find("size 16") != std::string::npos);
  CHECK(reason(deployment("h200-sxm", "vllm", NumberFormat::kBf16, 2)).find("no serving points") != std::string::npos);
}

TEST_CASE("a GPU of one's own takes the efficiencies of its nearest relative") {
  auto d = deployment("h200-sxm", "vllm", NumberFormat::kFp8, 1);
  const double known = StepCost(d).decode(1).base;
  d.gpu.name = "h200-overclocked";
  d.gpu.hbm_bandwidth = BytesPerSecond(5.3e12);
  StepCost faster(d);
  CHECK(faster.decode(1).base < known);
  CHECK(faster.envelope().reason.find("h200-sxm") != std::string::npos);
}

TEST_CASE("collectives across the fabric cost at least the ring over its links") {
  auto d = deployment("h100-sxm", "vllm", NumberFormat::kFp8, 16);
  const double inside = StepCost(d).decode(64).base_by_cause.communication;
  d.links = {BytesPerSecond(50e9), Seconds(5e-6), true};
  StepCost across(d);
  CHECK(across.decode(64).base_by_cause.communication > inside);
  const double message = 64.0 * d.llm.hidden * 2;
  const double ring = 30 * (message / 16 / 50e9 + 5e-6);
  CHECK(across.decode(64).base_by_cause.communication >= Approx(2 * d.llm.layers * ring));
  CHECK(across.envelope().reason.find("fabric") != std::string::npos);
}
