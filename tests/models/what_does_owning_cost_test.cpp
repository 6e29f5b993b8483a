// What does an hour of one's own GPU cost, and is it worked out as a person would?
#include <doctest/doctest.h>

#include "models/owned.hpp"
#include "models/price.hpp"

using namespace flotilla;
using namespace flotilla::models;
using doctest::Approx;

namespace {

/// Round figures to calculate with: nobody's published costs.
constexpr const char* kExample = R"(price:
  owned: {capex_per_gpu: 40000, lifetime_years: 4, interest: 0.08, colocation_per_kw_month: 150,
          electricity_per_kwh: 0.08, pue: 1.3, staff_share: 0.1, average_power: 1kW}
none: {owned: {capex_per_gpu: 40000}}
both: {usd_per_gpu_hour: 2, owned: {capex_per_gpu: 40000, lifetime_years: 4}}
neither: {}
)";

}  // namespace

TEST_CASE("an annuity repays the price with interest") {
  CHECK(annuity(40'000, 0, 4) == 10'000);
  // 40,000 * 0.08 / (1 - 1.08^-4); 1.08^4 = 1.36048896.
  CHECK(annuity(40'000, 0.08, 4) == Approx(3200 / (1 - 1 / 1.36048896)).epsilon(1e-9));
  double debt = 40'000;
  for (int year = 0; year < 4; ++year) debt = debt * 1.08 - annuity(40'000, 0.08, 4);
  CHECK(debt == Approx(0).epsilon(1).scale(1e-6));
  CHECK(annuity(40'000, 1e-12, 4) == Approx(10'000));  // no jump at no interest
}

TEST_CASE("the worked example: an H100 of 40,000 dollars costs 2.02 dollars an hour") {
  const auto document = reader::Document::from_text(kExample, "s.yaml");
  const Price price = load_price(document.root().at("price"));
  CHECK(price.kind == "owned");
  const OwnedHour hour = owned_hour(*price.owned, Watts(1730), Watts(1000));
  CHECK(hour.capital == Approx(1.37863).epsilon(1e-5));      // 12,076.83 a year / 8,760 hours
  CHECK(hour.colocation == Approx(0.355479).epsilon(1e-5));  // 150 * 1.73 kW / 730 hours
  CHECK(hour.electricity == Approx(0.104));                  // 0.08 * 1 kW * 1.3
  CHECK(hour.staff == Approx(0.183811).epsilon(1e-5));       // a tenth of the three: 1.838113
  CHECK(usd_per_gpu_hour(price, load_gpu("h100-sxm"))->value() == Approx(2.02192).epsilon(1e-5));
}

TEST_CASE("a hall reserves more than is drawn: what a run has found takes the place of the assumption") {
  const auto document = reader::Document::from_text(kExample, "s.yaml");
  const Price price = load_price(document.root().at("price"));
  const Gpu h100 = load_gpu("h100-sxm");
  CHECK(provisioned_power(h100) == Watts(1730));
  CHECK(provisioned_power(load_gpu("h100-sxm@a1")) == Watts(1730));
  const double assumed = usd_per_gpu_hour(price, h100)->value();
  // Half a kilowatt less: 0.5 * 0.08 * 1.3, and a tenth of that.
  CHECK(assumed - usd_per_gpu_hour(price, h100, Watts(500))->value() == Approx(0.0572));
  CHECK_FALSE(usd_per_gpu_hour(price, load_gpu("a100-sxm")).has_value());  // nobody has published its power
}

TEST_CASE("a price is a rate or what owning costs, not both, not neither") {
  const auto document = reader::Document::from_text(kExample, "s.yaml");
  for (const char* const name : {"none", "both", "neither"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(load_price(document.root().at(name)), InputError);
  }
}
