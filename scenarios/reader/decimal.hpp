// Decimal numbers as people write them: "80", "1_000", "1e6", "0.25". Kept as digits until the unit is known, so that
// "0.1ms" becomes the double nearest to 1e-4 and not a product that was rounded twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flotilla::reader {

/// digits x 10^exponent. Digits hold no leading zeros (zero itself is "0").
struct Decimal {
  bool negative = false;
  std::string digits = "0";
  int exponent = 0;
};

/// The longest decimal at the start of `text`; its length goes to `used`. Underscores may stand between two digits.
std::optional<Decimal> parse_decimal_prefix(std::string_view text, std::size_t& used);
/// The same, when nothing may follow.
std::optional<Decimal> parse_decimal(std::string_view text);

/// The double nearest to number x 10^shift; nothing when it is too large or too small for one.
std::optional<double> to_double(const Decimal& number, int shift = 0);
/// The shortest decimal that reads back to the same finite double.
Decimal shortest_decimal(double value);
/// Plain notation ("0.02"), or scientific where that would be long ("1e-30").
std::string to_text(const Decimal& number);

enum class IntegerFault { kNone, kNotIntegral, kTooLarge };
/// "1e6" and "20000.0" are integers, "0.5" is not.
IntegerFault to_integer(const Decimal& number, std::int64_t& value);

}  // namespace flotilla::reader
