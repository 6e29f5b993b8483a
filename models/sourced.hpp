// A figure together with where it comes from. Catalogue files write it as `{value: 3.35TBps, source: "datasheet ..."}`;
// a user's own file may write the bare value, whose source is then empty.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "scenarios/reader/schema.hpp"

namespace flotilla::models {

/// A quantity (Bytes, Watts, ...) with its source: use it wherever the quantity itself is expected.
template <class T, class Enable = void>
struct Sourced : T {
  Sourced() = default;
  explicit(false) Sourced(T value, std::string from = {}) : T(value), source(std::move(from)) {}
  [[nodiscard]] T get() const { return *this; }
  std::string source;
};

/// The same for bare numbers.
template <class T>
struct Sourced<T, std::enable_if_t<std::is_arithmetic_v<T>>> {
  Sourced() = default;
  explicit(false) Sourced(T initial, std::string from = {}) : number(initial), source(std::move(from)) {}
  explicit(false) operator T() const { return number; }
  [[nodiscard]] T get() const { return number; }
  T number{};
  std::string source;
};

}  // namespace flotilla::models

namespace flotilla::reader {

/// `{value: 3.35TBps, source: "datasheet"}`, or the bare value.
template <class T>
struct Codec<models::Sourced<T>> {
  static models::Sourced<T> read(const Node& node, const KeyRules& rules = {}) {
    if (!node.is_mapping()) return {read_as<T>(node, rules), ""};
    for (const auto& [key, value] : node.entries()) {
      if (key != "value" && key != "source") value.fail_at_key("unknown key '" + key + "'", "one of: value, source");
    }
    return {read_as<T>(node.at("value"), rules), node.has("source") ? read_as<std::string>(node.at("source"), {}) : ""};
  }
  static std::string write(const models::Sourced<T>& value) {
    const auto bare = Codec<T>::write(value.get());
    return value.source.empty() ? bare
                                : "{value: " + bare + ", source: " + Codec<std::string>::write(value.source) + "}";
  }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    const auto bare = json_schema_as<T>(rules);
    nlohmann::ordered_json mapping = {{"type", "object"}, {"required", {"value"}}, {"additionalProperties", false}};
    mapping["properties"] = {{"value", bare}, {"source", {{"type", "string"}}}};
    return {{"anyOf", {bare, mapping}}};
  }
  static std::string type_text() { return Codec<T>::type_text() + ", or {value, source}"; }
  static std::string range_text(const KeyRules& rules) { return range_as<T>(rules); }
};

}  // namespace flotilla::reader
