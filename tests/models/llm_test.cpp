#include "models/llm.hpp"

#include <doctest/doctest.h>

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

TEST_CASE("the catalogue agrees with an independent count of parameters and KV bytes") {
  const auto path = tests::reference_file("models.csv");
  if (!path) return;
  const std::map<std::string, std::vector<std::string>> ours{{"Llama 3.1 8B", {"llama-3.1-8b"}},
                                                             {"Llama 3.1/3.3 70B", {"llama-3.1-70b", "llama-3.3-70b"}},
                                                             {"Llama 3.1 405B", {"llama-3.1-405b"}},
                                                             {"Llama 2 70B", {"llama-2-70b"}}};
  int compared = 0;
  for (const auto& row : tests::rows_of(*path)) {
    const auto found = ours.find(row[0]);
    if (found == ours.end()) continue;
    for (const auto& name : found->second) {
      CAPTURE(name);
      const auto llm = load_llm(name);
      const auto p = parameters(llm);
      CHECK((p.total() - p.norms) / 1e9 ==
            Approx(std::stod(row[22])).epsilon(0.0001));  // billions, two decimals, without norms
      CHECK(kv_bytes_per_token(llm, NumberFormat::kBf16).value() == std::stod(row[25]));
      CHECK(llm.max_position_embeddings == std::stoi(row[15]));
      ++compared;
    }
  }
  CHECK(compared == 5);
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
