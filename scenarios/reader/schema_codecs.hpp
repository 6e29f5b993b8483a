// The built-in codecs: bool, integers, double, text, quantities, enums, structs, optionals, lists and maps. Included by
// schema.hpp.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "scenarios/reader/codec.hpp"
#include "scenarios/reader/scalars.hpp"
#include "scenarios/reader/units.hpp"

namespace flotilla::reader {

template <class M>
concept HasSchema = requires {
  M::schema().title();
};

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  enum_names(e);
};

template <>
struct Codec<bool> {
  static bool read(const Node& node) { return read_bool(node); }
  static std::string write(bool value) { return value ? "true" : "false"; }
  static nlohmann::ordered_json json_schema() { return {{"type", "boolean"}}; }
  static std::string type_text() { return "true or false"; }
};

/// Unsigned 64-bit integers are read up to the largest signed one.
template <class M>
struct Codec<M, std::enable_if_t<std::is_integral_v<M> && !std::is_same_v<M, bool>>> {
  static M read(const Node& node, const KeyRules& rules = {}) {
    constexpr bool kWide = sizeof(M) == sizeof(std::int64_t);
    constexpr auto kLowest = static_cast<std::int64_t>(std::numeric_limits<M>::min());
    constexpr auto kHighest =
        kWide ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(std::numeric_limits<M>::max());
    return static_cast<M>(read_integer(node, rules, kLowest, kHighest));
  }
  static std::string write(M value) { return std::to_string(value); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    KeyRules own = rules;
    if (std::is_unsigned_v<M> && own.min < 0) own.min = 0;
    return number_schema("integer", own);
  }
  static std::string type_text() { return "integer"; }
  static std::string range_text(const KeyRules& rules) { return reader::range_text(rules, number_text); }
};

template <>
struct Codec<double> {
  static double read(const Node& node, const KeyRules& rules = {}) { return read_number(node, rules); }
  static std::string write(double value) { return number_text(value); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {});
  static std::string type_text() { return "number"; }
  static std::string range_text(const KeyRules& rules) { return reader::range_text(rules, number_text); }
};

template <>
struct Codec<std::string> {
  static std::string read(const Node& node, const KeyRules& rules = {}) { return read_text(node, rules); }
  static std::string write(const std::string& value) { return quoted_if_needed(value); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {});
  static std::string type_text() { return "text"; }
  static std::string range_text(const KeyRules& rules);
};

/// How each quantity is parsed and called.
template <class Q>
struct QuantityText;

#define FLOTILLA_QUANTITY(Type, parser, name, article)                \
  template <>                                                         \
  struct QuantityText<Type> {                                         \
    static Type parse(std::string_view text) { return parser(text); } \
    static constexpr const char* kName = name;                        \
    static constexpr const char* kWithArticle = article " " name;     \
  }
FLOTILLA_QUANTITY(Seconds, parse_seconds, "time", "a");
FLOTILLA_QUANTITY(Bytes, parse_bytes, "bytes", "an amount of");
FLOTILLA_QUANTITY(BytesPerSecond, parse_bytes_per_second, "bandwidth", "a");
FLOTILLA_QUANTITY(Flops, parse_flops, "operations", "a number of");
FLOTILLA_QUANTITY(FlopsPerSecond, parse_flops_per_second, "operations per second", "a number of");
FLOTILLA_QUANTITY(Watts, parse_watts, "power", "a");
#undef FLOTILLA_QUANTITY

template <class Tag>
struct Codec<Quantity<Tag>> {
  using Q = Quantity<Tag>;
  static Q read(const Node& node, const KeyRules& rules = {}) {
    if (is_infinity(node, rules)) return Q(kNoLimit);
    const std::string& text = quantity_text(node, QuantityText<Q>::kWithArticle);
    try {
      const Q value = QuantityText<Q>::parse(text);
      check_range(node, value.value(), text, with_floor(rules), limit_text);
      return value;
    } catch (const UnitError& error) {
      node.fail(error.message(), error.hint());
    }
  }
  static std::string write(const Q& value) { return to_text(value); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    nlohmann::ordered_json text = {{"type", "string"}, {"pattern", unit_pattern(Q())}};
    if (rules.may_be_infinite) return {{"anyOf", {text, {{"enum", {"inf", 0}}}}}};
    return {{"anyOf", {text, {{"const", 0}}}}};
  }
  static std::string type_text() { return QuantityText<Q>::kName; }
  static std::string range_text(const KeyRules& rules) { return reader::range_text(rules, limit_text); }

 private:
  static std::string limit_text(double value) { return to_text(Q(value)); }
  static KeyRules with_floor(KeyRules rules) {
    if (rules.min == -kNoLimit) rules.min = 0;
    return rules;
  }
};

/// Prices are bare numbers: everybody writes them so.
template <>
struct Codec<UsdPerHour> {
  static UsdPerHour read(const Node& node, const KeyRules& rules = {});
  static std::string write(const UsdPerHour& value) { return number_text(value.value()); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {});
  static std::string type_text() { return "number (USD per hour)"; }
  static std::string range_text(const KeyRules& rules) { return reader::range_text(rules, number_text); }
};

/// `std::span<const std::pair<E, std::string_view>> enum_names(E)` is found beside E. A value's first name is the one
/// written.
template <class E>
struct Codec<E, std::enable_if_t<NamedEnum<E>>> {
  static E read(const Node& node) { return enum_names(E{})[read_choice(node, names())].first; }
  static std::string write(E value) {
    for (const auto& [known, name] : enum_names(E{})) {
      if (known == value) return quoted_if_needed(name);
    }
    throw std::logic_error("an enum value without a name");
  }
  static nlohmann::ordered_json json_schema() { return {{"enum", names()}}; }
  static std::string type_text() { return "one of " + joined_names(names()); }

 private:
  static std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& [value, name] : enum_names(E{})) all.emplace_back(name);
    return all;
  }
};

template <class M>
struct Codec<M, std::enable_if_t<HasSchema<M>>> {
  static M read(const Node& node) {
    M value{};
    M::schema().read_over(node, value);
    return value;
  }
  static void read_over(const Node& node, M& value) { M::schema().read_over(node, value); }
  static Written written(const M& value) { return M::schema().written(&value); }
  static std::string write(const M& value) { return to_flow(written(value)); }
  static nlohmann::ordered_json json_schema() { return M::schema().json_schema(); }
  static std::string type_text() { return "mapping `" + M::schema().title() + "`"; }
  static void nested(SchemaList& list) { M::schema().collect(list); }
};

template <class M>
struct Codec<std::optional<M>> {
  static std::optional<M> read(const Node& node, const KeyRules& rules = {}) {
    if (node.is_null()) return std::nullopt;
    return read_as<M>(node, rules);
  }
  static Written written(const std::optional<M>& value) { return value ? written_as<M>(*value) : Written{}; }
  static std::string write(const std::optional<M>& value) { return to_flow(written(value)); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    return {{"anyOf", {json_schema_as<M>(rules), {{"type", "null"}}}}};
  }
  static std::string type_text() { return Codec<M>::type_text(); }
  static std::string range_text(const KeyRules& rules) { return range_as<M>(rules); }
  static void nested(SchemaList& list) { nested_as<M>(list); }
};

template <class M>
struct Codec<std::vector<M>> {
  static std::vector<M> read(const Node& node, const KeyRules& rules = {}) {
    if (!node.is_sequence()) node.fail_type("a list", "write [a, b], or one '- ' line per element");
    std::vector<M> values;
    values.reserve(node.size());
    for (std::size_t i = 0; i < node.size(); ++i) values.push_back(read_as<M>(node[i], rules));
    return values;
  }
  static Written written(const std::vector<M>& values) {
    Written list = Written::list();
    for (const auto& value : values) list.entries.push_back({.value = written_as<M>(value)});
    return list;
  }
  static std::string write(const std::vector<M>& values) { return to_flow(written(values)); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    return {{"type", "array"}, {"items", json_schema_as<M>(rules)}};
  }
  static std::string type_text() { return "list of " + Codec<M>::type_text(); }
  static std::string range_text(const KeyRules& rules) { return range_as<M>(rules); }
  static void nested(SchemaList& list) { nested_as<M>(list); }
};

template <class M>
struct Codec<std::map<std::string, M>> {
  static std::map<std::string, M> read(const Node& node, const KeyRules& rules = {}) {
    if (!node.is_mapping()) node.fail_type("a mapping (name: value)");
    std::map<std::string, M> values;
    for (const auto& [name, value] : node.entries()) values.emplace(name, read_as<M>(value, rules));
    return values;
  }
  static Written written(const std::map<std::string, M>& values) {
    Written mapping = Written::mapping();
    for (const auto& [name, value] : values) mapping.entries.push_back({.key = name, .value = written_as<M>(value)});
    return mapping;
  }
  static std::string write(const std::map<std::string, M>& values) { return to_flow(written(values)); }
  static nlohmann::ordered_json json_schema(const KeyRules& rules = {}) {
    return {{"type", "object"}, {"additionalProperties", json_schema_as<M>(rules)}};
  }
  static std::string type_text() { return "mapping of names to " + Codec<M>::type_text(); }
  static std::string range_text(const KeyRules& rules) { return range_as<M>(rules); }
  static void nested(SchemaList& list) { nested_as<M>(list); }
};

}  // namespace flotilla::reader
