// The first table of "The Blackwell Migration Question" (parts 1 and 2), to the article's rounding, from its inputs in
// the catalogue.
#include "models/bounds.hpp"

#include <doctest/doctest.h>

#include "models/figures.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

struct Column {
  std::vector<Bound> rows;
  Column(const std::string& gpu, NumberFormat weights, NumberFormat kv = NumberFormat::kBf16)
      : rows(bounds(load_llm("llama-3.3-70b"), load_gpu(gpu), weights, kv)) {}
  const Bound& at(const std::string& name) const {
    for (const auto& row : rows) {
      if (row.name == name) return row;
    }
    FAIL("no bound named " << name);
    return rows.front();
  }
  std::string text(const std::string& name) const { return at(name).text; }
};

}  // namespace

TEST_CASE("the article's H100 in FP8") {
  const Column h100("h100-sxm@a1", NumberFormat::kFp8);
  CHECK(h100.text("weights streamed per step") == "72.00 GB");
  CHECK(h100.text("resident footprint") == "72.65 GB");    // 68.45 + 4.20
  CHECK(h100.text("decode floor, batch 1") == "21.5 ms");  // 72 / 3.35
  CHECK(h100.text("decode ceiling, batch 1") == "46.5 tok/s/user");
  CHECK(h100.text("KV budget") == "7-8 GB");
  CHECK(h100.text("KV bytes per token, BF16") == "327,680 B");  // 2 * 80 * 8 * 128 * 2
  CHECK(h100.text("KV bytes per token, FP8") == "163,840 B");
  CHECK(h100.text("KV tokens, BF16") == "21,000-24,500 tokens");
  CHECK(h100.text("KV tokens, FP8") == "42,000-49,000 tokens");
  CHECK(h100.text("sequences of 8,192 tokens") == "~3 sequences");
  CHECK(h100.text("sequences of 32,768 tokens") == "< 1 sequence");
  CHECK(h100.text("roofline ridge, FP8") == "591 FLOP/B");  // 1,979 / 3.35
  CHECK(h100.text("prefill ceiling") == "~10,500 tok/s");   // 0.75 * 1,979e12 / (2 * 70.55e9)
  CHECK(h100.text("TDP") == "700 W");
}

TEST_CASE("the article's H200 in FP8") {
  const Column h200("h200-sxm@a1", NumberFormat::kFp8);
  CHECK(h200.text("weights streamed per step") == "72.00 GB");
  CHECK(h200.text("KV budget") == "~67 GB");
  CHECK(h200.text("memory") == "141 GB");
  CHECK(h200.text("HBM bandwidth") == "4.8 TB/s");
}

TEST_CASE("the article's B200 in NVFP4") {
  const Column b200("b200-hgx@a1", NumberFormat::kNvfp4);
  CHECK(b200.text("linear weights") == "34.23 GB");        // 68.45e9 * 0.5
  CHECK(b200.text("block scales") == "4.28 GB");           // 68.45e9 / 16
  CHECK(b200.text("embedding and lm_head") == "4.20 GB");  // 2.10e9 * 2
  CHECK(b200.text("weights streamed per step") == "42.71 GB");
  CHECK(b200.text("resident footprint") == "43.71 GB");
  CHECK(b200.text("decode floor, batch 1") == "5.5 ms");
  CHECK(b200.text("decode ceiling, batch 1") == "180 tok/s/user");
  CHECK(b200.text("KV budget") == "~135 GB");
  CHECK(b200.text("KV tokens, BF16") == "~413,000 tokens");
  CHECK(b200.text("KV tokens, FP8") == "~825,000 tokens");
  CHECK(b200.text("sequences of 8,192 tokens") == "~50 sequences");
  CHECK(b200.text("sequences of 32,768 tokens") == "~12 sequences");
  CHECK(b200.text("roofline ridge, FP4") == "2,338 FLOP/B");  // 18e15 / 7.7e12
  CHECK(b200.text("roofline ridge, FP8") == "1,169 FLOP/B");
  CHECK(b200.text("prefill ceiling") == "~96,000 tok/s");
  CHECK(b200.text("TDP") == "1,000 W");
}

TEST_CASE("the article's GB200 in NVFP4") {
  const Column gb200("gb200@a1", NumberFormat::kNvfp4);
  CHECK(gb200.text("weights streamed per step") == "42.71 GB");
  CHECK(gb200.text("decode floor, batch 1") == "5.3 ms");
  CHECK(gb200.text("decode ceiling, batch 1") == "187 tok/s/user");
  CHECK(gb200.text("memory") == "186 GB");
  CHECK(gb200.text("TDP") == "1,200 W");
}

TEST_CASE("ours beside the article's: dense peaks, the driver's capacity, no embedding table in the stream") {
  const Column h100("h100-sxm", NumberFormat::kFp8), b200("b200-hgx", NumberFormat::kNvfp4);
  CHECK(h100.text("weights streamed per step") == "70.55 GB");  // 68.45 + 2.10
  CHECK(h100.text("decode floor, batch 1") == "21.1 ms");
  CHECK(h100.at("KV budget").value == Approx(85.52 - 72.65).epsilon(0.001));
  CHECK(b200.text("weights streamed per step") == "40.61 GB");
  CHECK(b200.text("decode floor, batch 1") == "5.3 ms");
  CHECK(b200.text("roofline ridge, FP4") == "1,169 FLOP/B");  // 9e15 / 7.7e12: half of the article's
  CHECK(b200.text("prefill ceiling") == "~48,000 tok/s");
}

TEST_CASE("columns can be laid side by side, and every row says where it comes from") {
  for (const auto kv : {NumberFormat::kBf16, NumberFormat::kFp8, NumberFormat::kNvfp4}) {
    const Column ours("b200-hgx", NumberFormat::kNvfp4, kv), article("b200-hgx@a1", NumberFormat::kNvfp4, kv);
    REQUIRE(ours.rows.size() == article.rows.size());
    for (std::size_t i = 0; i < ours.rows.size(); ++i) {
      CHECK(ours.rows[i].name == article.rows[i].name);
      for (const auto& row : {ours.rows[i], article.rows[i]}) {
        CAPTURE(row.name);
        CHECK_FALSE(row.formula.empty());
        CHECK_FALSE(row.source.empty());
        CHECK_FALSE(row.unit.empty());
      }
    }
  }
  CHECK(Column("h100-sxm@a1", NumberFormat::kFp8).at("decode floor, batch 1").formula == "72.00 GB / 3.35 TB/s");
  CHECK(Column("h100-sxm", NumberFormat::kFp8, NumberFormat::kFp8).at("sequences of 8,192 tokens").source ==
        "FP8 KV cache");
}

TEST_CASE("a model that does not fit has no KV budget") {
  const Column h100("h100-sxm", NumberFormat::kBf16);
  CHECK(h100.at("KV budget").value == 0);
  CHECK(h100.text("KV tokens, BF16") == "~0 tokens");
}

TEST_CASE("figures are rounded as articles round them") {
  CHECK(with_commas(1234567) == "1,234,567");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(-1000) == "-1,000");
  CHECK(about(412'883) == "~413,000");
  CHECK(about(825'767) == "~825,000");
  CHECK(about(95'677) == "~96,000");
  CHECK(about(47'838) == "~48,000");
  CHECK(about(10'519) == "~10,500");
  CHECK(significant(46.53, 3) == "46.5");
  CHECK(significant(180.3, 3) == "180");
  CHECK(significant(0.05889, 2) == "0.059");
}
