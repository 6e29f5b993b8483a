// The articles' arithmetic, to their rounding, through the command line: bounds of Llama 3.3 70B and the cost of the
// example's fleets.
#include <doctest/doctest.h>

#include "tests/cli/command_line.hpp"

using namespace flotilla::test;

namespace {

constexpr std::size_t kNameWidth = 34;
constexpr std::size_t kColumnWidth = 24;

/// Of the line that starts with `name`: what stands in the article's column.
std::string article(const std::string& bounds, const std::string& name) {
  const std::string line = line_of(bounds, name + " ");
  REQUIRE_MESSAGE(line.size() > kNameWidth + 2, name);
  std::string text = line.substr(kNameWidth + 2, kColumnWidth);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string bounds_of(const std::string& gpu, const std::string& weights) {
  const Outcome outcome =
      command({"bounds", "--model", "llama-3.3-70b", "--gpu", gpu, "--weights", weights, "--brief"});
  REQUIRE(outcome.code == 0);
  return outcome.out;
}

}  // namespace

TEST_CASE("the bounds of one H100 with FP8 weights") {
  const std::string bounds = bounds_of("h100-sxm", "fp8");
  CHECK(article(bounds, "weights streamed per step") == "72.00 GB");
  CHECK(article(bounds, "decode floor, batch 1") == "21.5 ms");
  CHECK(article(bounds, "decode ceiling, batch 1") == "46.5 tok/s/user");
  CHECK(article(bounds, "KV budget") == "7-8 GB");
  CHECK(article(bounds, "KV bytes per token, BF16") == "327,680 B");
  CHECK(article(bounds, "KV bytes per token, FP8") == "163,840 B");
  CHECK(article(bounds, "KV tokens, BF16") == "21,000-24,500 tokens");
  CHECK(article(bounds, "KV tokens, FP8") == "42,000-49,000 tokens");
  CHECK(article(bounds, "sequences of 8,192 tokens") == "~3 sequences");
  CHECK(article(bounds, "sequences of 32,768 tokens") == "< 1 sequence");
  CHECK(article(bounds, "roofline ridge, FP8") == "591 FLOP/B");
  CHECK(article(bounds, "prefill ceiling") == "~10,500 tok/s");
}

TEST_CASE("the bounds of one B200 with NVFP4 weights, beside what the datasheet's dense peak gives") {
  const std::string bounds = bounds_of("b200-hgx", "nvfp4");
  CHECK(article(bounds, "linear weights") == "34.23 GB");
  CHECK(article(bounds, "block scales") == "4.28 GB");
  CHECK(article(bounds, "embedding and lm_head") == "4.20 GB");
  CHECK(article(bounds, "weights streamed per step") == "42.71 GB");
  CHECK(article(bounds, "resident footprint") == "43.71 GB");
  CHECK(article(bounds, "decode floor, batch 1") == "5.5 ms");
  CHECK(article(bounds, "decode ceiling, batch 1") == "180 tok/s/user");
  CHECK(article(bounds, "KV budget") == "~135 GB");
  CHECK(article(bounds, "KV tokens, BF16") == "~413,000 tokens");
  CHECK(article(bounds, "KV tokens, FP8") == "~825,000 tokens");
  CHECK(article(bounds, "sequences of 8,192 tokens") == "~50 sequences");
  CHECK(article(bounds, "sequences of 32,768 tokens") == "~12 sequences");
  CHECK(article(bounds, "roofline ridge, FP4") == "2,338 FLOP/B");
  CHECK(article(bounds, "prefill ceiling") == "~96,000 tok/s");
  // Half of it: the article took the peak with sparsity.
  CHECK(contains(line_of(bounds, "roofline ridge, FP4"), "1,169 FLOP/B"));
  CHECK(contains(line_of(bounds, "prefill ceiling"), "~48,000 tok/s"));
}

TEST_CASE("the bounds of one H200 and one GB200") {
  CHECK(article(bounds_of("h200-sxm", "fp8"), "KV budget") == "~67 GB");
  const std::string gb200 = bounds_of("gb200", "nvfp4");
  CHECK(article(gb200, "decode floor, batch 1") == "5.3 ms");
  CHECK(article(gb200, "decode ceiling, batch 1") == "187 tok/s/user");
}

TEST_CASE("a month of the example's fleets, on demand and spot") {
  struct Bill {
    const char* fleet;
    const char* price;
    const char* month;
    const char* million;
  };
  for (const Bill& bill : {Bill{"article-h100", "spheron-on-demand", "26,981", "0.489"},
                           Bill{"article-h100", "spheron-spot", "16,965", "0.307"},
                           Bill{"article-b200", "spheron-on-demand", "8,804", "0.168"},
                           Bill{"article-b200", "spheron-spot", "3,095", "0.059"}}) {
    const Outcome outcome = command({"show", "cost", shipped(std::string("migration/") + bill.fleet),
                                     std::string("fleet.pools[0].price=") + bill.price});
    REQUIRE(outcome.code == 0);
    CHECK(contains(outcome.out, std::string("$") + bill.month + "/month of 730 hours"));
    CHECK(contains(line_of(outcome.out, "chat "), bill.million));
  }
}

TEST_CASE("what the simulation says of the article's fleets: neither keeps up") {
  for (const char* const fleet : {"article-h100", "article-b200"}) {
    const Outcome outcome = command({"run", shipped(std::string("migration/") + fleet)});
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, " GPUs: SATURATED: the backlog grows by "));
  }
}
