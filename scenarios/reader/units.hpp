// Strong types for the dimensions that cross module boundaries, and the one grammar in which users write them.
//
// The grammar is SimGrid's (https://simgrid.org/doc/3.32/XML_reference.html): "450GBps", "400Gbps", "2us", "80GiB".
// GB = 1e9 bytes, GiB = 2^30 bytes, Gb = 1e9 bits; times are ns us ms s min h d.
#pragma once

#include <compare>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flotilla {

/// A double with a dimension. Construction is explicit; arithmetic stays inside the dimension; a ratio is a bare
/// number.
template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  [[nodiscard]] constexpr double value() const { return value_; }

  constexpr auto operator<=>(const Quantity&) const = default;
  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, double f) { return Quantity(a.value_ * f); }
  friend constexpr Quantity operator*(double f, Quantity a) { return Quantity(a.value_ * f); }
  friend constexpr Quantity operator/(Quantity a, double f) { return Quantity(a.value_ / f); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }

 private:
  double value_ = 0;
};

using Seconds = Quantity<struct SecondsTag>;
using Bytes = Quantity<struct BytesTag>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag>;
using Flops = Quantity<struct FlopsTag>;  ///< an amount of floating-point operations
using FlopsPerSecond = Quantity<struct FlopsPerSecondTag>;
using Watts = Quantity<struct WattsTag>;
using UsdPerHour = Quantity<struct UsdPerHourTag>;

constexpr Seconds operator/(Bytes b, BytesPerSecond r) { return Seconds(b.value() / r.value()); }
constexpr Seconds operator/(Flops f, FlopsPerSecond r) { return Seconds(f.value() / r.value()); }

/// What is wrong with the text of a quantity, and what would be right. what() holds both.
class UnitError : public std::invalid_argument {
 public:
  UnitError(std::string message, std::string hint);
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  std::string message_, hint_;
};

/// Parses "20ms", "80GiB", "400Gbps", "1979TF", "700W"; a blank may stand before the unit, and 0 needs none. The result
/// is the double nearest to what is written. Throws UnitError (the reader adds file, line and column).
Seconds parse_seconds(std::string_view text);
Bytes parse_bytes(std::string_view text);
BytesPerSecond parse_bytes_per_second(std::string_view text);
Flops parse_flops(std::string_view text);
FlopsPerSecond parse_flops_per_second(std::string_view text);
Watts parse_watts(std::string_view text);

/// Writes a quantity so that parsing it gives the same bits back, in the unit that reads best ("20ms", "80GiB").
std::string to_text(Seconds);
std::string to_text(Bytes);
std::string to_text(BytesPerSecond);
std::string to_text(Flops);
std::string to_text(FlopsPerSecond);
std::string to_text(Watts);

/// A regular expression for the texts that parse (JSON Schema's dialect), for editors.
std::string unit_pattern(Seconds);
std::string unit_pattern(Bytes);
std::string unit_pattern(BytesPerSecond);
std::string unit_pattern(Flops);
std::string unit_pattern(FlopsPerSecond);
std::string unit_pattern(Watts);

}  // namespace flotilla
