#include "scenarios/reader/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "scenarios/reader/decimal.hpp"
#include "scenarios/reader/node.hpp"

namespace flotilla {
namespace {

using reader::Decimal;

/// One unit = 10^decimal x 2^binary x factor of the base unit.
struct Unit {
  std::string suffix;
  int decimal = 0;
  int binary = 0;
  double factor = 1;
  bool written = true;  ///< to_text may choose it
};

struct Dimension {
  std::string a_name;  ///< with its article: "a time"
  std::string noun;    ///< "a unit of ..."
  std::string examples;
  std::vector<Unit> units;
};

struct Prefix {
  const char* text;
  int decimal;
  int binary;
};
constexpr std::array<Prefix, 15> kPrefixes{{{"", 0, 0},
                                            {"k", 3, 0},
                                            {"K", 3, 0},
                                            {"M", 6, 0},
                                            {"G", 9, 0},
                                            {"T", 12, 0},
                                            {"P", 15, 0},
                                            {"E", 18, 0},
                                            {"Ki", 0, 10},
                                            {"ki", 0, 10},
                                            {"Mi", 0, 20},
                                            {"Gi", 0, 30},
                                            {"Ti", 0, 40},
                                            {"Pi", 0, 50},
                                            {"Ei", 0, 60}}};

/// Every prefix before each of `suffixes`; only the first suffix is written, and "kB" rather than "KB".
std::vector<Unit> prefixed(const std::vector<std::string>& suffixes, int binary, bool written,
                           bool with_binary_prefixes) {
  std::vector<Unit> units;
  for (const auto& suffix : suffixes) {
    for (const auto& prefix : kPrefixes) {
      if (prefix.binary != 0 && !with_binary_prefixes) continue;
      const bool choose =
          written && &suffix == &suffixes.front() && prefix.text[0] != 'K' && std::string_view(prefix.text) != "ki";
      const bool kibi = written && &suffix == &suffixes.front() && std::string_view(prefix.text) == "Ki";
      units.push_back({prefix.text + suffix, prefix.decimal, prefix.binary + binary, 1, choose || kibi});
    }
  }
  return units;
}

std::vector<Unit> joined(std::vector<Unit> a, const std::vector<Unit>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A bit is 2^-3 bytes.
const Dimension& seconds_dimension() {
  static const Dimension d{"a time",
                           "time",
                           "30s, 20ms, 10min",
                           {{"s"},
                            {"ms", -3},
                            {"us", -6},
                            {"ns", -9},
                            {"min", 0, 0, 60},
                            {"h", 0, 0, 3600},
                            {"d", 0, 0, 86400},
                            {"\xC2\xB5s", -6, 0, 1, false}}};
  return d;
}
const Dimension& bytes_dimension() {
  static const Dimension d{"an amount of bytes", "bytes", "80GiB, 180GB, 512MiB",
                           joined(prefixed({"B"}, 0, true, true), prefixed({"b"}, -3, false, true))};
  return d;
}
const Dimension& bandwidth_dimension() {
  static const Dimension d{
      "a bandwidth", "bandwidth", "450GBps, 400Gbps, 3.35TBps",
      joined(prefixed({"Bps", "B/s"}, 0, true, true), prefixed({"bps", "b/s", "bit/s"}, -3, true, true))};
  return d;
}
const Dimension& flops_dimension() {
  static const Dimension d{"a number of operations", "operations", "140GFLOP, 2.5TFLOP",
                           prefixed({"FLOP", "flop"}, 0, true, false)};
  return d;
}
const Dimension& flop_rate_dimension() {
  static const Dimension d{"a rate of operations", "operations per second", "1979TF, 2.25PF, 989TFLOPS",
                           prefixed({"F", "f", "FLOPS", "flops", "FLOP/s", "flop/s"}, 0, true, false)};
  return d;
}
const Dimension& watts_dimension() {
  static const Dimension d{"a power", "power", "700W, 10.2kW",
                           joined(prefixed({"W"}, 0, true, false), {{"mW", -3, 0, 1, false}})};
  return d;
}

const Unit* find_unit(const Dimension& dimension, std::string_view suffix) {
  for (const auto& unit : dimension.units) {
    if (unit.suffix == suffix) return &unit;
  }
  return nullptr;
}

const Dimension* dimension_of(std::string_view suffix) {
  for (const auto* d : {&seconds_dimension(), &bytes_dimension(), &bandwidth_dimension(), &flops_dimension(),
                        &flop_rate_dimension(), &watts_dimension()}) {
    if (find_unit(*d, suffix) != nullptr) return d;
  }
  return nullptr;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

[[noreturn]] void fail_unit(const Dimension& dimension, std::string_view text, std::string_view number,
                            std::string_view suffix) {
  const std::string examples = fmt::format("for example {}", dimension.examples);
  const std::string shown = reader::in_quotes(text);
  if (const auto* other = dimension_of(suffix)) {
    throw UnitError(fmt::format("{} is {}, {} is expected", shown, other->a_name, dimension.a_name), examples);
  }
  for (const auto& unit : dimension.units) {
    if (lower(unit.suffix) != lower(suffix)) continue;
    throw UnitError(fmt::format("{}: there is no unit {}", shown, reader::in_quotes(suffix)),
                    fmt::format("did you mean '{}{}'?", number, unit.suffix));
  }
  throw UnitError(fmt::format("{}: {} is not a unit of {}", shown, reader::in_quotes(suffix), dimension.noun),
                  examples);
}

std::optional<double> in_base_unit(const Decimal& number, const Unit& unit) {
  const auto value = reader::to_double(number, unit.decimal);
  if (!value) return std::nullopt;
  const double result = std::ldexp(*value, unit.binary) * unit.factor;
  return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

double parse(const Dimension& dimension, std::string_view text) {
  std::size_t used = 0;
  const auto number = reader::parse_decimal_prefix(text, used);
  if (!number) {
    throw UnitError(fmt::format("{} is not {}", reader::in_quotes(text), dimension.a_name),
                    fmt::format("for example {}", dimension.examples));
  }
  const std::string_view written = text.substr(0, used);
  std::string_view suffix = text.substr(used);
  while (!suffix.empty() && suffix.front() == ' ') suffix.remove_prefix(1);
  if (suffix.empty()) {
    if (number->digits == "0") return number->negative ? -0.0 : 0.0;
    throw UnitError(fmt::format("{} has no unit", reader::in_quotes(text)),
                    fmt::format("{} needs a unit: {}", dimension.a_name, dimension.examples));
  }
  const auto* unit = find_unit(dimension, suffix);
  if (unit == nullptr) fail_unit(dimension, text, written, suffix);
  const auto value = in_base_unit(*number, *unit);
  if (!value) throw UnitError(fmt::format("{} is beyond what a number can hold", reader::in_quotes(text)), "");
  return *value;
}

/// The text of `value` in `unit`, if it reads back to the same bits.
std::optional<std::string> text_in_unit(double value, const Unit& unit) {
  const double scaled = std::ldexp(value, -unit.binary) / unit.factor;
  if (!std::isfinite(scaled)) return std::nullopt;
  Decimal number = reader::shortest_decimal(scaled);
  number.exponent -= unit.decimal;
  const auto back = in_base_unit(number, unit);
  if (!back || std::bit_cast<std::uint64_t>(*back) != std::bit_cast<std::uint64_t>(value)) return std::nullopt;
  return reader::to_text(number) + unit.suffix;
}

/// The shortest text; of two as long, the one whose number has one to three digits before the point.
std::string write(const Dimension& dimension, double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  std::string best = reader::to_text(reader::shortest_decimal(value)) + dimension.units.front().suffix;
  if (value == 0) return best;
  bool best_is_handy = true;
  for (const auto& unit : dimension.units) {
    if (!unit.written) continue;
    const auto text = text_in_unit(value, unit);
    const double number = std::abs(std::ldexp(value, -unit.binary) / (unit.factor * std::pow(10.0, unit.decimal)));
    const bool handy = number >= 1 && number < 1000;
    if (!text || text->size() > best.size() || (text->size() == best.size() && (best_is_handy || !handy))) continue;
    best = *text;
    best_is_handy = handy;
  }
  return best;
}

std::string pattern(const Dimension& dimension) {
  std::string suffixes;
  for (const auto& unit : dimension.units) suffixes += fmt::format("{}{}", suffixes.empty() ? "" : "|", unit.suffix);
  return fmt::format("^[-+]?([0-9][0-9_]*\\.?[0-9_]*|\\.[0-9][0-9_]*)([eE][-+]?[0-9]+)? *({})$", suffixes);
}

}  // namespace

UnitError::UnitError(std::string message, std::string hint)
    : std::invalid_argument(hint.empty() ? message : message + "; " + hint),
      message_(std::move(message)),
      hint_(std::move(hint)) {}

Seconds parse_seconds(std::string_view text) { return Seconds(parse(seconds_dimension(), text)); }
Bytes parse_bytes(std::string_view text) { return Bytes(parse(bytes_dimension(), text)); }
BytesPerSecond parse_bytes_per_second(std::string_view text) {
  return BytesPerSecond(parse(bandwidth_dimension(), text));
}
Flops parse_flops(std::string_view text) { return Flops(parse(flops_dimension(), text)); }
FlopsPerSecond parse_flops_per_second(std::string_view text) {
  return FlopsPerSecond(parse(flop_rate_dimension(), text));
}
Watts parse_watts(std::string_view text) { return Watts(parse(watts_dimension(), text)); }

std::string to_text(Seconds value) { return write(seconds_dimension(), value.value()); }
std::string to_text(Bytes value) { return write(bytes_dimension(), value.value()); }
std::string to_text(BytesPerSecond value) { return write(bandwidth_dimension(), value.value()); }
std::string to_text(Flops value) { return write(flops_dimension(), value.value()); }
std::string to_text(FlopsPerSecond value) { return write(flop_rate_dimension(), value.value()); }
std::string to_text(Watts value) { return write(watts_dimension(), value.value()); }

std::string unit_pattern(Seconds) { return pattern(seconds_dimension()); }
std::string unit_pattern(Bytes) { return pattern(bytes_dimension()); }
std::string unit_pattern(BytesPerSecond) { return pattern(bandwidth_dimension()); }
std::string unit_pattern(Flops) { return pattern(flops_dimension()); }
std::string unit_pattern(FlopsPerSecond) { return pattern(flop_rate_dimension()); }
std::string unit_pattern(Watts) { return pattern(watts_dimension()); }

}  // namespace flotilla
