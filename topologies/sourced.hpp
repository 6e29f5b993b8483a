// A figure together with where it comes from. Catalogue files write `{value: 450GBps, source: "datasheet"}`; a user's
// own file may write the bare value, whose source is then empty.
#pragma once

#include <string>

#include "scenarios/reader/schema.hpp"

namespace flotilla::topologies {

template <class T>
struct Sourced {
  T value{};
  std::string source;
};

}  // namespace flotilla::topologies

namespace flotilla::reader {

template <class T>
struct Codec<topologies::Sourced<T>> {
  using Figure = topologies::Sourced<T>;
  static Figure read(const Node& node, const KeyRules& rules = {}) {
    if (!node.is_mapping()) return {read_as<T>(node, rules), ""};
    for (const auto& [key, value] : node.entries()) {
      if (key != "value" && key != "source") value.fail_at_key("unknown key '" + key + "'", "one of: value, source");
    }
    if (!node.has("value")) node.fail("'value' is missing", "{value: ..., source: \"where it comes from\"}");
    return {read_as<T>(node.at("value"), rules), node.has("source") ? node.at("source").text() : ""};
  }
  static std::string write(const Figure& figure) {
    const auto bare = Codec<T>::write(figure.value);
    return figure.source.empty() ? bare
                                 : "{value: " + bare + ", source: " + Codec<std::string>::write(figure.source) + "}";
  }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    const auto value = json_schema_as<T>(rules);
    const nlohmann::ordered_json both = {{"type", "object"},
                                         {"properties", {{"value", value}, {"source", {{"type", "string"}}}}},
                                         {"required", {"value"}},
                                         {"additionalProperties", false}};
    return {{"anyOf", {value, both}}};
  }
  static std::string type_text() { return Codec<T>::type_text() + ", or {value, source}"; }
  static std::string range_text(const KeyRules& rules) { return range_as<T>(rules); }
};

}  // namespace flotilla::reader
