// How fabrics, placements, routers and prices are written: each a name, or a mapping.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/router/router.hpp"
#include "sim/scenario/scenario.hpp"

namespace flotilla::reader {

namespace {

/// A value as it was written, on one line.
std::string flow_text(const Node& node) {
  std::string text;
  if (node.is_mapping()) {
    for (const auto& [key, value] : node.entries()) text += (text.empty() ? "" : ", ") + key + ": " + flow_text(value);
    return "{" + text + "}";
  }
  if (node.is_sequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) text += (i == 0 ? "" : ", ") + flow_text(node[i]);
    return "[" + text + "]";
  }
  return node.is_quoted() ? quoted_if_needed(node.text()) : node.text();
}

}  // namespace

sim::FabricRef Codec<sim::FabricRef>::read(const Node& node) {
  if (!node.is_scalar() && !node.is_mapping()) node.fail("a fabric is a name, a file, or a mapping of its keys");
  return {flow_text(node)};
}

std::string Codec<sim::FabricRef>::write(const sim::FabricRef& fabric) { return fabric.flow_text; }

nlohmann::ordered_json Codec<sim::FabricRef>::json_schema() { return {{"type", {"string", "object"}}}; }

std::string Codec<sim::FabricRef>::type_text() { return "name, path or mapping"; }

sim::PlacementRef Codec<sim::PlacementRef>::read(const Node& node) {
  sim::PlacementRef placement;
  if (node.is_scalar()) {
    placement.policy = Codec<topologies::PlacementPolicy>::read(node);
    return placement;
  }
  if (!node.is_sequence()) node.fail("a placement is the name of a policy, or a list of GPUs for each replica");
  for (std::size_t i = 0; i < node.size(); ++i) {
    if (!node[i].is_sequence())
      node[i].fail("the GPUs of a replica are a list", "[[0, 1], [8, 9]] places two replicas");
    placement.gpus.emplace_back();
    for (std::size_t j = 0; j < node[i].size(); ++j) placement.gpus.back().push_back(Codec<int>::read(node[i][j]));
  }
  if (placement.gpus.empty()) node.fail("no replica is placed");
  return placement;
}

std::string Codec<sim::PlacementRef>::write(const sim::PlacementRef& placement) {
  if (placement.gpus.empty()) return Codec<topologies::PlacementPolicy>::write(placement.policy);
  std::string text;
  for (const auto& gpus : placement.gpus)
    text += (text.empty() ? "" : ", ") + fmt::format("[{}]", fmt::join(gpus, ", "));
  return "[" + text + "]";
}

nlohmann::ordered_json Codec<sim::PlacementRef>::json_schema() {
  const nlohmann::ordered_json gpus = {{"type", "array"}, {"items", {{"type", "integer"}, {"minimum", 0}}}};
  return {{"oneOf", {Codec<topologies::PlacementPolicy>::json_schema(), {{"type", "array"}, {"items", gpus}}}}};
}

std::string Codec<sim::PlacementRef>::type_text() {
  return Codec<topologies::PlacementPolicy>::type_text() + ", or lists of GPUs";
}

sim::RouterSpec Codec<sim::RouterSpec>::read(const Node& node) {
  sim::RouterSpec router;
  if (!node.is_scalar()) {
    sim::RouterSpec::schema().read_over(node, router);
    return router;
  }
  router.policy = node.text();
  const std::vector<std::string> names = sim::router_names();
  if (std::find(names.begin(), names.end(), router.policy) == names.end())
    node.fail(fmt::format("'{}' is not known here", router.policy), suggest(router.policy, names));
  return router;
}

std::string Codec<sim::RouterSpec>::write(const sim::RouterSpec& router) {
  const sim::RouterSpec plain;
  std::string more;
  if (router.staleness != plain.staleness) more += ", staleness: " + Codec<Seconds>::write(router.staleness);
  if (router.overlap_weight != plain.overlap_weight) more += fmt::format(", overlap_weight: {}", router.overlap_weight);
  if (router.temperature != plain.temperature) more += fmt::format(", temperature: {}", router.temperature);
  if (router.max_local_prefill_length != plain.max_local_prefill_length)
    more += fmt::format(", max_local_prefill_length: {}", router.max_local_prefill_length);
  if (router.spill) more += ", spill: true";
  return more.empty() ? router.policy : "{policy: " + router.policy + more + "}";
}

nlohmann::ordered_json Codec<sim::RouterSpec>::json_schema() {
  return {{"anyOf", {{{"enum", sim::router_names()}}, sim::RouterSpec::schema().json_schema()}}};
}

std::string Codec<sim::RouterSpec>::type_text() { return "policy, or a mapping"; }

void Codec<sim::RouterSpec>::nested(SchemaList& list) { sim::RouterSpec::schema().collect(list); }

sim::PriceRef Codec<sim::PriceRef>::read(const Node& node) {
  sim::PriceRef price;
  if (node.is_scalar()) {
    price.name = node.text();
    return price;
  }
  if (!node.is_mapping()) node.fail("a price is the name of a price list, {usd_per_gpu_hour: 6.03} or {owned: {...}}");
  for (const auto& [key, value] : node.entries()) {
    if (key == "owned") {
      price.owned = read_as<models::OwnedCosts>(value, {});
      continue;
    }
    if (key != "usd_per_gpu_hour")
      value.fail_at_key(fmt::format("unknown key '{}'", key), suggest(key, {"usd_per_gpu_hour", "owned"}));
    price.usd_per_gpu_hour = Codec<double>::read(value);
    if (*price.usd_per_gpu_hour < 0) value.fail("a price cannot be negative");
  }
  if (price.owned && price.usd_per_gpu_hour) node.fail("give usd_per_gpu_hour or owned, not both");
  if (!price.given()) node.fail("usd_per_gpu_hour is missing");
  return price;
}

std::string Codec<sim::PriceRef>::write(const sim::PriceRef& price) {
  if (price.owned) return fmt::format("{{owned: {}}}", write_flow(*price.owned));
  if (!price.usd_per_gpu_hour) return price.name.empty() ? "''" : price.name;
  return fmt::format("{{usd_per_gpu_hour: {}}}", *price.usd_per_gpu_hour);
}

nlohmann::ordered_json Codec<sim::PriceRef>::json_schema() {
  using Json = nlohmann::ordered_json;
  const auto mapping = [](const char* key, const Json& value) {
    return Json{{"type", "object"},
                {"properties", {{key, value}}},
                {"required", Json::array({key})},
                {"additionalProperties", false}};
  };
  return {{"oneOf",
           Json::array({Json{{"type", "string"}}, mapping("usd_per_gpu_hour", {{"type", "number"}, {"minimum", 0}}),
                        mapping("owned", json_schema_as<models::OwnedCosts>({}))})}};
}

std::string Codec<sim::PriceRef>::type_text() { return "price list, {usd_per_gpu_hour: number} or {owned: {...}}"; }

}  // namespace flotilla::reader
