// What an hour of a GPU costs: published rates with their dates, or a user's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/gpu.hpp"
#include "models/owned.hpp"
#include "scenarios/reader/node.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::models {

/// US dollars per GPU-hour: by GPU, or one rate for all of them.
struct Price {
  std::string name;  ///< "spheron-on-demand"; "own rate" where a scenario states a number
  std::string kind;  ///< on-demand, spot, reserved, owned
  std::string date;  ///< of publication: "2026-05-22"
  std::string source;
  std::map<std::string, double> rates;  ///< by GPU catalogue name
  std::optional<double> flat_rate;
  std::optional<OwnedCosts> owned;  ///< of any GPU, instead of rates

  static const reader::Schema<Price>& schema();
};

/// The rate for this GPU; an article's variant costs what its datasheet GPU costs. Empty where the price names other
/// GPUs only, or where owned hardware has no known power. `drawn` is a GPU's share of the mean power where a run has
/// found it; only electricity of owned hardware depends on it.
std::optional<UsdPerHour> usd_per_gpu_hour(const Price&, const Gpu&, std::optional<Watts> drawn = std::nullopt);
/// What a hall reserves for it; an article's variant has its datasheet GPU's. 0 = unknown.
Watts provisioned_power(const Gpu&);
/// "h100-sxm, h200-sxm", for errors.
std::string priced_gpus(const Price&);

/// A catalogue name or a path. Throws InputError with "did you mean".
Price load_price(const std::string& name_or_path);
/// The same, or a mapping of the scenario's own: {usd_per_gpu_hour: 6.03} or {owned: {...}}.
Price load_price(const reader::Node&);

}  // namespace flotilla::models
