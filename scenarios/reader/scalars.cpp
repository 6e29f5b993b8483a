#include "scenarios/reader/scalars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "scenarios/reader/decimal.hpp"
#include "scenarios/reader/schema.hpp"

namespace flotilla::reader {
namespace {

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// "8O" -> "80", "1l" -> "11": letters that look like digits, where the rest is a number.
std::string with_digits_for_letters(const std::string& text) {
  std::string digits = text;
  for (char& c : digits) c = c == 'O' || c == 'o' ? '0' : c == 'l' || c == 'I' ? '1' : c;
  return digits != text && parse_decimal(digits) ? digits : "";
}

[[noreturn]] void fail_number(const Node& node, const std::string& what) {
  const std::string& text = node.text();
  const std::string shown = in_quotes(text);
  if (node.is_quoted() && parse_decimal(text)) {
    node.fail(fmt::format("{} in quotes is text, {} is expected", shown, what), "take the quotes away");
  }
  std::string hint;
  std::size_t used = 0;
  if (const std::string digits = with_digits_for_letters(text); !digits.empty()) {
    hint = fmt::format("did you mean {}? a letter stands in place of a digit", digits);
  } else if (text.find(',') != std::string::npos) {
    hint = "digits are grouped with '_' (1_000) and the decimal mark is '.'";
  } else if (parse_decimal_prefix(text, used)) {
    hint = "no unit or suffix here: write 20000, 20_000 or 2e4";
  }
  node.fail(fmt::format("{} is not {}", shown, what), hint);
}

const std::string& scalar_text(const Node& node, const std::string& what) {
  if (!node.is_scalar()) node.fail_type(what);
  return node.text();
}

bool is_infinite_word(std::string_view text) {
  return is_one_of(text, {"inf", ".inf", "+.inf", "Inf", ".Inf", "infinity"});
}

}  // namespace

bool read_bool(const Node& node) {
  const std::string& text = scalar_text(node, "true or false");
  if (!node.is_quoted()) {
    if (is_one_of(text, {"true", "True", "TRUE"})) return true;
    if (is_one_of(text, {"false", "False", "FALSE"})) return false;
  }
  std::string hint;
  if (is_one_of(text, {"yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "1", "true"})) hint = "write true";
  if (is_one_of(text, {"no", "No", "NO", "off", "Off", "OFF", "n", "N", "0", "false"})) hint = "write false";
  if (node.is_quoted() && is_one_of(text, {"true", "false"})) hint += ", without quotes";
  node.fail(fmt::format("{} is text, true or false is expected", in_quotes(text)), hint);
}

std::int64_t read_integer(const Node& node, const KeyRules& rules, std::int64_t lowest, std::int64_t highest) {
  const std::string& text = scalar_text(node, "an integer");
  const auto number = node.is_quoted() ? std::nullopt : parse_decimal(text);
  if (!number) fail_number(node, "an integer");
  std::int64_t value = 0;
  const IntegerFault fault = to_integer(*number, value);
  if (fault == IntegerFault::kNotIntegral)
    node.fail(fmt::format("{} is not an integer", in_quotes(text)), "a whole number is expected");
  if (fault == IntegerFault::kTooLarge || value < lowest || value > highest) {
    const std::string low = rules.min > static_cast<double>(lowest) ? number_text(rules.min) : std::to_string(lowest);
    const std::string high =
        rules.max < static_cast<double>(highest) ? number_text(rules.max) : std::to_string(highest);
    node.fail(fmt::format("{} is out of range", in_quotes(text)), fmt::format("valid: {} to {}", low, high));
  }
  check_range(node, static_cast<double>(value), text, rules, number_text);
  return value;
}

double read_number(const Node& node, const KeyRules& rules) {
  if (is_infinity(node, rules)) return kNoLimit;
  const std::string& text = scalar_text(node, "a number");
  const auto number = node.is_quoted() ? std::nullopt : parse_decimal(text);
  if (!number) {
    if (is_infinite_word(text) || is_one_of(text, {"-inf", "-.inf", "nan", ".nan", "NaN", ".NaN"})) {
      node.fail(fmt::format("{} cannot be used here", in_quotes(text)), "a finite number is expected");
    }
    fail_number(node, "a number");
  }
  const auto value = to_double(*number);
  if (!value) node.fail(fmt::format("{} is beyond what a number can hold", in_quotes(text)));
  check_range(node, *value, text, rules, number_text);
  return *value;
}

std::string read_text(const Node& node, const KeyRules& rules) {
  const std::string& text = scalar_text(node, "text");
  if (!rules.choices) return text;
  const auto names = rules.choices();
  return names[read_choice(node, names)];
}

std::size_t read_choice(const Node& node, const std::vector<std::string>& names) {
  if (!node.is_scalar()) node.fail_type("a name", suggest("", names));
  const auto found = std::find(names.begin(), names.end(), node.text());
  if (found == names.end())
    node.fail(fmt::format("{} is not known here", in_quotes(node.text())), suggest(node.text(), names));
  return static_cast<std::size_t>(found - names.begin());
}

bool is_infinity(const Node& node, const KeyRules& rules) {
  return rules.may_be_infinite && node.is_scalar() && is_infinite_word(node.text());
}

const std::string& quantity_text(const Node& node, const std::string& what) { return scalar_text(node, what); }

void check_range(const Node& node, double value, const std::string& shown, const KeyRules& rules, LimitText limit) {
  const bool low = value < rules.min || (rules.above_min && value <= rules.min);
  if (!low && value <= rules.max) return;
  const std::string unit = rules.unit.empty() ? "" : " " + rules.unit;
  node.fail(fmt::format("{} is out of range", in_quotes(shown)),
            fmt::format("valid: {}{}", range_text(rules, limit), unit));
}

std::string range_text(const KeyRules& rules, LimitText limit) {
  const bool low = rules.min != -kNoLimit;
  const bool high = rules.max != kNoLimit;
  if (low && high && rules.above_min) return fmt::format("above {}, at most {}", limit(rules.min), limit(rules.max));
  if (low && high) return fmt::format("{} to {}", limit(rules.min), limit(rules.max));
  if (low) return fmt::format("{} {}", rules.above_min ? "above" : "at least", limit(rules.min));
  return high ? fmt::format("at most {}", limit(rules.max)) : "";
}

std::string number_text(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return std::isnan(value) ? "nan" : to_text(shortest_decimal(value));
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  return text;
}

nlohmann::ordered_json number_schema(const char* type, const KeyRules& rules) {
  const auto limit = [](double value) {
    const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
    return whole ? nlohmann::ordered_json(static_cast<std::int64_t>(value)) : nlohmann::ordered_json(value);
  };
  nlohmann::ordered_json schema = {{"type", type}};
  if (rules.min != -kNoLimit) schema[rules.above_min ? "exclusiveMinimum" : "minimum"] = limit(rules.min);
  if (rules.max != kNoLimit) schema["maximum"] = limit(rules.max);
  if (!rules.may_be_infinite) return schema;
  return {{"anyOf", {schema, {{"const", "inf"}}}}};
}

nlohmann::ordered_json Codec<double>::json_schema(const KeyRules& rules) { return number_schema("number", rules); }

nlohmann::ordered_json Codec<std::string>::json_schema(const KeyRules& rules) {
  nlohmann::ordered_json schema = {{"type", "string"}};
  if (rules.choices) schema["enum"] = rules.choices();
  return schema;
}

std::string Codec<std::string>::range_text(const KeyRules& rules) {
  return rules.choices ? joined_names(rules.choices()) : "";
}

UsdPerHour Codec<UsdPerHour>::read(const Node& node, const KeyRules& rules) {
  KeyRules own = rules;
  if (own.min == -kNoLimit) own.min = 0;
  return UsdPerHour(read_number(node, own));
}

nlohmann::ordered_json Codec<UsdPerHour>::json_schema(const KeyRules& rules) {
  KeyRules own = rules;
  if (own.min == -kNoLimit) own.min = 0;
  return number_schema("number", own);
}

}  // namespace flotilla::reader
