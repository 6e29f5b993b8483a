#include "models/llm.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "models/catalog.hpp"
#include "reference_data.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

TEST_CASE("Llama 3.3 70B has the parameters that its shape says") {
  const auto p = parameters(load_llm("llama-3.3-70b"));
  // A layer: q and o 8192*64*128 each, k and v 8192*8*128 each, gate, up and down 8192*28672 each.
  const double layer = 2 * 8192.0 * 8192 + 2 * 8192.0 * 1024 + 3 * 8192.0 * 28672;
  CHECK(layer == 855'638'016);
  CHECK(p.linear == 80 * layer);
  CHECK(p.embedding == 128256.0 * 8192);
  CHECK(p.lm_head == p.embedding);
  CHECK(p.norms == 161.0 * 8192);
  CHECK(p.total() == Approx(70.55e9).epsilon(1e-4));  // the model card's "70B"
}

TEST_CASE("weights carry their scales, embedding and lm_head stay BF16") {
  const auto llm = load_llm("llama-3.3-70b");
  const double linear = 80 * 855'638'016.0;
  const double rest = 2 * (2 * 128256.0 * 8192 + 161 * 8192);
  CHECK(weight_bytes(llm, NumberFormat::kBf16).value() == Approx(2 * linear + rest));
  CHECK(weight_bytes(llm, NumberFormat::kFp8).value() == Approx(linear + rest));
  CHECK(weight_bytes(llm, NumberFormat::kNvfp4).value() == Approx(linear * (0.5 + 1.0 / 16) + rest));
  CHECK(weight_bytes(llm, NumberFormat::kMxfp4).value() == Approx(linear * (0.5 + 1.0 / 32) + rest));
  CHECK(weight_bytes(llm, NumberFormat::kInt4).value() == Approx(linear * (0.5 + 2.0 / 128) + rest));
}

TEST_CASE("a step streams all but the embedding table") {
  const auto llm = load_llm("llama-3.3-70b");
  const auto resident = weight_bytes(llm, NumberFormat::kFp8);
  CHECK((resident - streamed_bytes(llm, NumberFormat::kFp8)).value() == Approx(2 * 128256.0 * 8192));
  auto tied = llm;
  tied.tied_embeddings = true;  // the one table is the lm_head and is streamed
  CHECK(streamed_bytes(tied, NumberFormat::kFp8).value() == Approx(streamed_bytes(llm, NumberFormat::kFp8).value()));
  CHECK(weight_bytes(tied, NumberFormat::kFp8).value() == Approx(streamed_bytes(tied, NumberFormat::kFp8).value()));
}

TEST_CASE("tensor parallelism divides weights, and KV heads replicate beyond their number") {
  const auto llm = load_llm("llama-3.3-70b");
  CHECK(kv_heads_per_gpu(llm, 1) == 8);
  CHECK(kv_heads_per_gpu(llm, 2) == 4);
  CHECK(kv_heads_per_gpu(llm, 8) == 1);
  CHECK(kv_heads_per_gpu(llm, 16) == 1);
  const double whole = weight_bytes(llm, NumberFormat::kFp8).value();
  const double norms = 161.0 * 8192 * 2;
  CHECK(weight_bytes_per_gpu(llm, NumberFormat::kFp8, 1).value() == Approx(whole));
  CHECK(weight_bytes_per_gpu(llm, NumberFormat::kFp8, 8).value() == Approx((whole - norms) / 8 + norms));
  // At 16, k and v of one head each stand twice: 2 * 8192 * 128 elements in 80 layers instead of half as many.
  const double twice = 80 * 2 * 8192.0 * 128 / 2;
  CHECK(weight_bytes_per_gpu(llm, NumberFormat::kFp8, 16).value() == Approx((whole - norms) / 16 + norms + twice));
  CHECK(kv_bytes_per_token(llm, NumberFormat::kBf16).value() == 2 * 80 * 8 * 128 * 2);
  CHECK(kv_bytes_per_token(llm, NumberFormat::kFp8).value() == 163'840);
  CHECK(kv_bytes_per_token_per_gpu(llm, NumberFormat::kFp8, 4).value() == 163'840 / 4);
  CHECK(kv_bytes_per_token_per_gpu(llm, NumberFormat::kFp8, 16).value() == 163'840 / 8);
}

TEST_CASE("every model of the catalogue loads under its name, with a source") {
  const auto names = catalog_names("llms");
  CHECK(names.size() >= 5);
  for (const auto& name : names) {
    CAPTURE(name);
    const auto llm = load_llm(name);
    CHECK(llm.name == name);
    CHECK_FALSE(llm.source.empty());
    CHECK(unmodelled(llm).empty());
  }
}

TEST_CASE("sparse models have the parameters that their shapes say") {
  struct Expected {
    std::string name;
    double total, active;
  };
  // By hand: layers * (attention + experts + router) + dense layers + 2 * vocab * hidden, without norms and biases.
  // Mixtral 8x7B: 32 * (41,943,040 + 8 * 3 * 4096 * 14336 + 4096 * 8) + 2 * 32000 * 4096; 2 of 8 experts active.
  // gpt-oss-120b: 36 * (2880 * (4096 + 1024) + 4096 * 2880 + 128 * 3 * 2880 * 2880 + 128 * 2880) + 2 * 201088 * 2880.
  // DeepSeek-V3: 61 * 187,105,280 (7168*1536 + 1536*24576 + 7168*576 + 512*32768 + 16384*7168)
  //   + 3 * 3 * 7168 * 18432 + 58 * (257 * 3 * 7168 * 2048 + 256 * 7168) + 2 * 129280 * 7168.
  // Qwen3-235B: 94 * (2 * 4096 * 8192 + 2 * 4096 * 512 + 128 * 3 * 4096 * 1536 + 128 * 4096) + 2 * 151936 * 4096.
  // Llama 4 Maverick: 48 * 62,914,560 + 24 * (129 * 3 * 5120 * 8192 + 128 * 5120) + 24 * 3 * 5120 * 16384 + 2 * 202048
  // * 5120.
  for (const auto& e : std::vector<Expected>{{"mixtral-8x7b", 46'702'526'464, 12'879'659'008},
                                             {"gpt-oss-120b", 116'788'838'400, 5'710'233'600},
                                             {"deepseek-v3", 671'025'397'760, 37'551'276'032},
                                             {"qwen3-235b-a22b", 235'092'836'352, 22'189'965'312},
                                             {"llama-4-maverick", 400'711'352'320, 17'184'194'560}}) {
    CAPTURE(e.name);
    const auto llm = load_llm(e.name);
    const double norms = parameters(llm).norms;
    CHECK(parameters(llm).total() - norms == Approx(e.total).epsilon(1e-12));
    CHECK(active_parameters(llm) - norms == Approx(e.active).epsilon(1e-12));
  }
}

TEST_CASE("biases and norms of gpt-oss are counted") {
  const auto llm = load_llm("gpt-oss-20b");
  // A layer: two norms; biases of q, k and v (64 + 2 * 8) * 64; of each expert 2 * 2880 + 2880 and its router's one.
  CHECK(parameters(llm).norms == 24 * (2 * 2880 + 80 * 64 + 32 * (3 * 2880 + 1.0)) + 2880);
}

TEST_CASE("attention has its own format where the checkpoint leaves it unquantised") {
  const auto oss = load_llm("gpt-oss-120b");
  CHECK(attention_format(oss, NumberFormat::kMxfp4) == NumberFormat::kBf16);
  const double attention = 36 * (2880.0 * 5120 + 4096 * 2880), experts = 36 * 128.0 * 3 * 2880 * 2880;
  const double rest = parameters(oss).total() - attention - experts;
  CHECK(weight_bytes(oss, NumberFormat::kMxfp4).value() == Approx(2 * (attention + rest) + experts * (0.5 + 1.0 / 32)));
  // The model card's table 1: checkpoints of 60.8 and 12.8 GiB.
  CHECK(weight_bytes(oss, NumberFormat::kMxfp4).value() / 1073741824.0 == Approx(60.8).epsilon(0.002));
  CHECK(weight_bytes(load_llm("gpt-oss-20b"), NumberFormat::kMxfp4).value() / 1073741824.0 ==
        Approx(12.8).epsilon(0.004));
  const auto r1 = load_llm("deepseek-r1");
  CHECK(attention_format(r1, NumberFormat::kFp8) == NumberFormat::kFp8);
  CHECK(attention_format(r1, NumberFormat::kNvfp4) == NumberFormat::kBf16);
}

TEST_CASE("the catalogue agrees with an independent count of parameters and KV bytes") {
  const auto path = tests::reference_file("models.csv");
  if (!path) return;
  const std::map<std::string, std::vector<std::string>> ours{{"Llama 3.1 8B", {"llama-3.1-8b"}},
                                                             {"Llama 3.1/3.3 70B", {"llama-3.1-70b", "llama-3.3-70b"}},
                                                             {"Llama 3.1 405B", {"llama-3.1-405b"}},
                                                             {"Mixtral 8x7B", {"mixtral-8x7b"}},
                                                             {"Mixtral 8x22B", {"mixtral-8x22b"}},
                                                             {"DeepSeek-V3", {"deepseek-v3"}},
                                                             {"DeepSeek-R1", {"deepseek-r1"}},
                                                             {"Qwen3-32B", {"qwen3-32b"}},
                                                             {"Qwen3-8B", {"qwen3-8b"}},
                                                             {"Qwen3-30B-A3B", {"qwen3-30b-a3b"}},
                                                             {"Qwen3-235B-A22B", {"qwen3-235b-a22b"}},
                                                             {"Qwen3-Coder-480B-A35B", {"qwen3-coder-480b-a35b"}},
                                                             {"Kimi-K2", {"kimi-k2"}},
                                                             {"Llama 4 Maverick", {"llama-4-maverick"}},
                                                             {"Llama 4 Scout", {"llama-4-scout"}},
                                                             {"MiniMax-M2.5", {"minimax-m2.5"}},
                                                             {"GLM-5", {"glm-5"}},
                                                             {"gpt-oss-120b", {"gpt-oss-120b"}},
                                                             {"gpt-oss-20b", {"gpt-oss-20b"}},
                                                             {"Llama 2 70B", {"llama-2-70b"}}};
  int compared = 0;
  for (const auto& row : tests::rows_of(*path)) {
    const auto found = ours.find(row[0]);
    if (found == ours.end()) continue;
    for (const auto& name : found->second) {
      CAPTURE(name);
      const auto llm = load_llm(name);
      const double norms = parameters(llm).norms;
      // Billions with two decimals, without norms and biases.
      CHECK(std::abs((parameters(llm).total() - norms) / 1e9 - std::stod(row[22])) < 0.0051);
      CHECK(std::abs((active_parameters(llm) - norms) / 1e9 - std::stod(row[23])) < 0.0051);
      CHECK(kv_bytes_per_token(llm, NumberFormat::kBf16).value() == std::stod(row[25]));
      CHECK(llm.max_position_embeddings == std::stoi(row[15]));
      ++compared;
    }
  }
  CHECK(compared == 21);
}

TEST_CASE("a slip in a model's name is answered with the name that was meant") {
  try {
    load_llm("llama-3.3-70bb");
    FAIL("accepted");
  } catch (const InputError& error) {
    CHECK(error.message() == "unknown model 'llama-3.3-70bb'");
    CHECK(error.hint().find("llama-3.3-70b") != std::string::npos);
  }
  CHECK(load_llm("Llama-3.3-70B").name == "llama-3.3-70b");
}

TEST_CASE("number formats have the names users write") {
  CHECK(name_of(NumberFormat::kNvfp4) == "nvfp4");
  CHECK(enum_names(NumberFormat{}).size() == 5);
}
