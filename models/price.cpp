#include "models/price.hpp"

#include <fmt/format.h>

#include "models/catalog.hpp"

namespace flotilla::models {
namespace {

/// {usd_per_gpu_hour: 6.03} in a scenario.
struct OwnRate {
  double usd_per_gpu_hour = 0;
  static const reader::Schema<OwnRate>& schema() {
    static const auto s = reader::Schema<OwnRate>("own_rate", "A rate of your own")
                              .key("usd_per_gpu_hour", &OwnRate::usd_per_gpu_hour, "of one GPU",
                                   {.min = 0, .required = true, .unit = "USD/h"});
    return s;
  }
};

void check_rates(const Price& price, const reader::Node& root) {
  for (const auto& [gpu, rate] : price.rates) {
    const auto node = root.at("usd_per_gpu_hour").at(gpu);
    if (rate < 0) node.fail(fmt::format("a rate cannot be negative: {}", rate));
    if (catalog_name("gpus", gpu).empty() && !looks_like_path(gpu)) {
      node.fail_at_key(fmt::format("unknown GPU '{}'", gpu), reader::suggest(gpu, catalog_names("gpus")));
    }
  }
}

Price load(const Reference& reference) {
  const auto document = find_document("prices", reference);
  const auto price = reader::read<Price>(document.root());
  check_rates(price, document.root());
  return price;
}

}  // namespace

const reader::Schema<Price>& Price::schema() {
  static const auto s =
      reader::Schema<Price>("price", "Rates per GPU-hour")
          .key("name", &Price::name, "name in scenarios", {.required = true})
          .key("kind", &Price::kind, "on-demand, spot, reserved or owned")
          .key("date", &Price::date, "when the rates were published")
          .key("source", &Price::source, "where the rates were published")
          .key("usd_per_gpu_hour", &Price::rates, "US dollars per hour, by GPU", {.required = true, .unit = "USD/h"});
  return s;
}

std::optional<UsdPerHour> usd_per_gpu_hour(const Price& price, const Gpu& gpu) {
  if (price.flat_rate) return UsdPerHour(*price.flat_rate);
  for (const auto& [name, rate] : price.rates) {
    const auto known = catalog_name("gpus", name);
    if ((known.empty() ? name : known) == datasheet_name(gpu)) return UsdPerHour(rate);
  }
  return std::nullopt;
}

std::string priced_gpus(const Price& price) {
  std::string list;
  for (const auto& [name, rate] : price.rates) list += (list.empty() ? "" : ", ") + name;
  return list;
}

Price load_price(const std::string& name_or_path) { return load(Reference(name_or_path)); }

Price load_price(const reader::Node& node) {
  if (!node.is_mapping()) return load(Reference(node));
  Price price;
  price.name = "own rate";
  price.kind = "stated";
  price.source = node.where().file;
  price.flat_rate = reader::read<OwnRate>(node).usd_per_gpu_hour;
  return price;
}

}  // namespace flotilla::models
