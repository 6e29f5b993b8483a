// The cost tables of "The Blackwell Migration Question", parts 3.1 and 3.3.
#include "models/cost.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "models/catalog.hpp"
#include "models/figures.hpp"
#include "models/price.hpp"

using namespace flotilla;
using namespace flotilla::models;

namespace {

// The article's assumed throughput of one GPU at 50 tok/s per user.
constexpr double kH100 = 1500, kH200 = 2500, kB200 = 10000;

std::string per_million(const std::string& price, const std::string& gpu, double tokens_per_second) {
  return significant(usd_per_million_tokens(*usd_per_gpu_hour(load_price(price), load_gpu(gpu)), tokens_per_second), 2);
}

double per_month(const std::string& price, const std::string& gpu, int gpus) {
  return std::round(usd_per_month(*usd_per_gpu_hour(load_price(price), load_gpu(gpu)), gpus));
}

}  // namespace

TEST_CASE("dollars per million tokens are the article's") {
  CHECK(per_million("spheron-on-demand", "h100-sxm", kH100) == "0.49");  // 2.64 / (1,500 * 3,600) * 1e6
  CHECK(per_million("spheron-spot", "h100-sxm", kH100) == "0.31");
  CHECK(per_million("spheron-on-demand", "h200-sxm", kH200) == "0.51");
  CHECK(per_million("spheron-spot", "h200-sxm", kH200) == "0.21");
  CHECK(per_million("spheron-on-demand", "b200-hgx", kB200) == "0.17");
  CHECK(per_million("spheron-spot", "b200-hgx", kB200) == "0.059");
  CHECK(usd_per_million_tokens(UsdPerHour(1), 0) == std::numeric_limits<double>::infinity());
}

TEST_CASE("the example's fleets and their months are the article's") {
  const double demand = 50 * 400;  // requests per second, output tokens each
  const int h100s = gpus_for(demand, kH100), b200s = gpus_for(demand, kB200);
  CHECK(h100s == 14);
  CHECK(b200s == 2);
  CHECK(gpus_for(2 * demand, kH100) == 27);  // the article doubles 14 to 28 at a peak-to-average ratio of 2
  CHECK(gpus_for(2 * demand, kB200) == 4);
  CHECK(per_month("spheron-on-demand", "h100-sxm", h100s) == 26'981);  // 14 * 2.64 * 730
  CHECK(per_month("spheron-spot", "h100-sxm", h100s) == 16'965);
  CHECK(per_month("spheron-on-demand", "b200-hgx", b200s) == 8'804);
  CHECK(per_month("spheron-spot", "b200-hgx", b200s) == 3'095);
  CHECK_THROWS_AS(gpus_for(1, 0), std::invalid_argument);
}

TEST_CASE("every price of the catalogue has a date, a source and GPUs that exist") {
  for (const auto& name : catalog_names("prices")) {
    CAPTURE(name);
    const auto price = load_price(name);
    CHECK(price.name == name);
    CHECK_FALSE(price.date.empty());
    CHECK_FALSE(price.source.empty());
    CHECK_FALSE(price.kind.empty());
    CHECK_FALSE(price.rates.empty());
    for (const auto& [gpu, rate] : price.rates) {
      CHECK(usd_per_gpu_hour(price, load_gpu(gpu)) == UsdPerHour(rate));
      CHECK(rate > 0);
    }
  }
}

TEST_CASE("a price knows which GPUs it names, an article's variant costs what its GPU costs") {
  const auto gmi = load_price("gmi-on-demand");
  CHECK(usd_per_gpu_hour(gmi, load_gpu("gb200")) == UsdPerHour(8.0));
  CHECK(usd_per_gpu_hour(gmi, load_gpu("b200-hgx@a1")) == UsdPerHour(4.0));
  CHECK_FALSE(usd_per_gpu_hour(gmi, load_gpu("h100-sxm")).has_value());
  CHECK(priced_gpus(gmi) == "b200-hgx, gb200");
}

TEST_CASE("a scenario may state a rate of its own") {
  const auto document =
      reader::Document::from_text("price: {usd_per_gpu_hour: 6.03}\nbad: {usd_per_hour: 1}\nnone: spheron\n", "s.yaml");
  const auto own = load_price(document.root().at("price"));
  CHECK(usd_per_gpu_hour(own, load_gpu("h100-sxm")) == UsdPerHour(6.03));
  CHECK_THROWS_AS(load_price(document.root().at("bad")), InputError);
  CHECK_THROWS_WITH_AS(load_price(document.root().at("none")), doctest::Contains("unknown price 'spheron'"),
                       InputError);
}
