#include "scenarios/reader/decimal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace flotilla::reader {
namespace {

constexpr int kExponentLimit = 100'000;      // far outside any double; keeps sums of exponents inside int
constexpr std::size_t kLongestInteger = 19;  // digits of the largest 64-bit integer
constexpr int kPlainLength = 21;             // longer numbers are written in scientific notation

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Appends digits from `pos` on, skipping underscores between two of them.
std::size_t take_digits(std::string_view text, std::size_t pos, std::string& digits) {
  while (pos < text.size()) {
    const bool joint =
        text[pos] == '_' && pos > 0 && is_digit(text[pos - 1]) && pos + 1 < text.size() && is_digit(text[pos + 1]);
    if (is_digit(text[pos])) {
      digits += text[pos];
    } else if (!joint) {
      break;
    }
    ++pos;
  }
  return pos;
}

/// Reads "e-3" at `pos`; returns `pos` unchanged when there is no exponent ("1EB" is an exabyte).
std::size_t take_exponent(std::string_view text, std::size_t pos, int& exponent) {
  if (pos >= text.size() || (text[pos] != 'e' && text[pos] != 'E')) return pos;
  std::size_t at = pos + 1;
  const bool negative = at < text.size() && text[at] == '-';
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  const std::size_t first = at;
  int value = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) value = std::min(kExponentLimit, value * 10 + (text[at] - '0'));
  if (at == first) return pos;
  exponent = negative ? -value : value;
  return at;
}

}  // namespace

std::optional<Decimal> parse_decimal_prefix(std::string_view text, std::size_t& used) {
  Decimal number;
  std::size_t pos = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    number.negative = text[0] == '-';
    pos = 1;
  }
  std::string digits;
  pos = take_digits(text, pos, digits);
  std::string fraction;
  if (pos < text.size() && text[pos] == '.') pos = take_digits(text, pos + 1, fraction);
  if (digits.empty() && fraction.empty()) return std::nullopt;
  pos = take_exponent(text, pos, number.exponent);

  number.exponent -= static_cast<int>(std::min<std::size_t>(fraction.size(), kExponentLimit));
  digits += fraction;
  const std::size_t first = digits.find_first_not_of('0');
  number.digits = first == std::string::npos ? "0" : digits.substr(first);
  used = pos;
  return number;
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  std::size_t used = 0;
  auto number = parse_decimal_prefix(text, used);
  if (number && used != text.size()) return std::nullopt;
  return number;
}

std::optional<double> to_double(const Decimal& number, int shift) {
  const std::string text = fmt::format("{}e{}", number.digits, number.exponent + shift);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (number.digits != "0" && (error != std::errc{} || end != text.data() + text.size())) return std::nullopt;
  if (number.digits == "0") value = 0;
  return number.negative ? -value : value;
}

Decimal shortest_decimal(double value) {
  const std::string text = fmt::format("{}", value);
  auto number = parse_decimal(text).value_or(Decimal{});
  const std::size_t last = number.digits.find_last_not_of('0');
  if (last != std::string::npos && last + 1 < number.digits.size()) {
    number.exponent += static_cast<int>(number.digits.size() - last - 1);
    number.digits.resize(last + 1);
  }
  return number;
}

std::string to_text(const Decimal& number) {
  const char* const sign = number.negative ? "-" : "";
  const std::string_view digits = number.digits;
  if (digits == "0") return fmt::format("{}0", sign);
  const int length = static_cast<int>(digits.size());
  const int point = length + number.exponent;  // digits before the decimal point
  if (number.exponent >= 0 && point <= kPlainLength) return fmt::format("{}{:0<{}}", sign, digits, point);
  if (number.exponent < 0 && point > 0)
    return fmt::format("{}{}.{}", sign, digits.substr(0, point), digits.substr(point));
  if (point <= 0 && length - point + 2 <= kPlainLength) return fmt::format("{}0.{:0>{}}", sign, digits, length - point);
  return fmt::format("{}{}{}{}e{}", sign, digits[0], length > 1 ? "." : "", digits.substr(1), point - 1);
}

IntegerFault to_integer(const Decimal& number, std::int64_t& value) {
  value = 0;
  if (number.digits == "0") return IntegerFault::kNone;
  std::string_view digits = number.digits;
  if (number.exponent < 0) {
    const auto cut = static_cast<std::size_t>(-number.exponent);
    const std::size_t last = digits.find_last_not_of('0');
    if (cut >= digits.size() || last + 1 > digits.size() - cut) return IntegerFault::kNotIntegral;
    digits.remove_suffix(cut);
  }
  const int zeros = std::max(0, number.exponent);
  if (digits.size() + static_cast<std::size_t>(zeros) > kLongestInteger) return IntegerFault::kTooLarge;
  const std::string text = fmt::format("{}{}{:0>{}}", number.negative ? "-" : "", digits, "", zeros);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? IntegerFault::kNone : IntegerFault::kTooLarge;
}

}  // namespace flotilla::reader
