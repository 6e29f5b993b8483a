// What an hour of one's own GPU costs: the annuity of its purchase, its place, its electricity, and the people around
// it.
#pragma once

#include <optional>

#include "scenarios/reader/schema.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// Per GPU, with its share of server and network.
struct OwnedCosts {
  double capex_per_gpu = 0;                ///< US dollars
  double lifetime_years = 0;               ///< after which it is worth nothing
  double interest = 0;                     ///< per year: 0.08 = 8 %
  double colocation_per_kw_month = 0;      ///< US dollars, of provisioned power
  double electricity_per_kwh = 0;          ///< US dollars
  double pue = 1;                          ///< power of the hall / power that average watts count
  double staff_share = 0;                  ///< of all the rest, on top of it
  std::optional<Watts> provisioned_power;  ///< instead of the GPU's
  std::optional<Watts> average_power;      ///< drawn over time; else the provisioned power, which is the most
  static const reader::Schema<OwnedCosts>& schema();
};

/// What the hour is made of.
struct OwnedHour {
  double capital = 0, colocation = 0, electricity = 0, staff = 0;  ///< US dollars
  [[nodiscard]] UsdPerHour total() const { return UsdPerHour(capital + colocation + electricity + staff); }
};

/// Payment per year that repays `capex` with interest, at the end of each year:
/// capex * i / (1 - (1 + i)^-years), and capex / years where i = 0.
double annuity(double capex, double interest, double years);

/// annuity / 8760 + colocation * provisioned kW / 730 + electricity * average kW * pue, and staff_share of that sum.
OwnedHour owned_hour(const OwnedCosts&, Watts provisioned, Watts average);

}  // namespace flotilla::models
