#include "models/owned.hpp"

#include <cmath>

#include "models/cost.hpp"

namespace flotilla::models {

namespace {

constexpr double kHoursPerYear = 12 * kHoursPerMonth;

double kilo(Watts watts) { return watts.value() / 1000; }

}  // namespace

const reader::Schema<OwnedCosts>& OwnedCosts::schema() {
  using O = OwnedCosts;
  static const auto s =
      reader::Schema<O>("owned", "An hour of one's own GPU: annuity of the purchase, place, electricity, staff")
          .key("capex_per_gpu", &O::capex_per_gpu, "price of a GPU with its share of server and network",
               {.min = 0, .required = true, .unit = "USD"})
          .key("lifetime_years", &O::lifetime_years, "years in which it is paid off; it is worth nothing afterwards",
               {.min = 0, .max = 100, .above_min = true, .required = true, .unit = "years"})
          .key("interest", &O::interest, "of the capital, per year: 0.08 = 8 %", {.min = 0, .max = 1})
          .key("colocation_per_kw_month", &O::colocation_per_kw_month, "rent of a provisioned kW",
               {.min = 0, .unit = "USD"})
          .key("electricity_per_kwh", &O::electricity_per_kwh, "of what is drawn in the mean",
               {.min = 0, .unit = "USD"})
          .key("pue", &O::pue,
               "what the hall draws for each watt that average_power counts; 1 where that is all-in already",
               {.min = 1, .max = 10})
          .key("staff_share", &O::staff_share, "for people, on top of the sum of all else: 0.1 = 10 % of it",
               {.min = 0, .max = 10})
          .key("provisioned_power", &O::provisioned_power, "reserved for a GPU and its share of all around it",
               {.min = 0, .above_min = true, .default_text = "the GPU's in the catalogue"})
          .key("average_power", &O::average_power, "drawn by that in the mean",
               {.min = 0, .default_text = "the provisioned power: the most it can be"});
  return s;
}

double annuity(double capex, double interest, double years) {
  // -expm1(-n * log1p(i)) = 1 - (1 + i)^-n without cancellation at small rates.
  return interest > 0 ? capex * interest / -std::expm1(-years * std::log1p(interest)) : capex / years;
}

OwnedHour owned_hour(const OwnedCosts& costs, Watts provisioned, Watts average) {
  OwnedHour hour;
  hour.capital = annuity(costs.capex_per_gpu, costs.interest, costs.lifetime_years) / kHoursPerYear;
  hour.colocation = costs.colocation_per_kw_month * kilo(provisioned) / kHoursPerMonth;
  hour.electricity = costs.electricity_per_kwh * kilo(average) * costs.pue;
  hour.staff = costs.staff_share * (hour.capital + hour.colocation + hour.electricity);
  return hour;
}

}  // namespace flotilla::models
