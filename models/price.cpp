#include "models/price.hpp"

#include <fmt/format.h>

#include "models/catalog.hpp"

namespace flotilla::models {
namespace {

/// {usd_per_gpu_hour: 6.03} or {owned: {...}} in a scenario.
struct OwnRate {
  std::optional<double> usd_per_gpu_hour;
  std::optional<OwnedCosts> owned;
  static const reader::Schema<OwnRate>& schema() {
    static const auto s =
        reader::Schema<OwnRate>("own_rate", "A rate of your own")
            .key("usd_per_gpu_hour", &OwnRate::usd_per_gpu_hour, "of one GPU", {.min = 0, .unit = "USD/h"})
            .key("owned", &OwnRate::owned, "hardware of one's own")
            .check([](const OwnRate& rate, const reader::Node& node) {
              if (rate.usd_per_gpu_hour.has_value() == rate.owned.has_value())
                node.fail("give usd_per_gpu_hour or owned",
                          "a rate such as {usd_per_gpu_hour: 6.03}, or what it costs "
                          "to own: {owned: {capex_per_gpu: ..., lifetime_years: 4}}");
            });
    return s;
  }
};

void check_rates(const Price& price, const reader::Node& root) {
  if (price.rates.empty() != price.owned.has_value())
    root.fail("a price has either usd_per_gpu_hour, a rate for each GPU, or owned");
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
  auto price = reader::read<Price>(document.root());
  check_rates(price, document.root());
  return price;
}

}  // namespace

const reader::Schema<Price>& Price::schema() {
  static const auto s = reader::Schema<Price>("price", "Rates per GPU-hour")
                            .key("name", &Price::name, "name in scenarios", {.required = true})
                            .key("kind", &Price::kind, "on-demand, spot, reserved or owned")
                            .key("date", &Price::date, "when the rates were published")
                            .key("source", &Price::source, "where the rates were published")
                            .key("usd_per_gpu_hour", &Price::rates, "US dollars per hour, by GPU", {.unit = "USD/h"})
                            .key("owned", &Price::owned, "what it costs to own one, instead of rates");
  return s;
}

Watts provisioned_power(const Gpu& gpu) {
  if (gpu.provisioned_power.value() > 0 || datasheet_name(gpu) == gpu.name) return gpu.provisioned_power.get();
  return load_gpu(datasheet_name(gpu)).provisioned_power.get();
}

std::optional<UsdPerHour> usd_per_gpu_hour(const Price& price, const Gpu& gpu, std::optional<Watts> drawn) {
  if (price.owned) {
    const Watts provisioned = price.owned->provisioned_power.value_or(provisioned_power(gpu));
    if (provisioned.value() <= 0) return std::nullopt;
    const Watts average = drawn ? *drawn : price.owned->average_power.value_or(provisioned);
    return owned_hour(*price.owned, provisioned, average).total();
  }
  if (price.flat_rate) return UsdPerHour(*price.flat_rate);
  for (const auto& [name, rate] : price.rates) {
    const auto known = catalog_name("gpus", name);
    if ((known.empty() ? name : known) == datasheet_name(gpu)) return UsdPerHour(rate);
  }
  return std::nullopt;
}

std::string priced_gpus(const Price& price) {
  std::string list;
  if (price.owned) return "GPUs whose provisioned_power is known";
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
  const auto own = reader::read<OwnRate>(node);
  price.flat_rate = own.usd_per_gpu_hour;
  price.owned = own.owned;
  if (own.owned) price.kind = "owned";
  return price;
}

}  // namespace flotilla::models
