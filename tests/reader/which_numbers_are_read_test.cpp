// Which ways of writing a number are read, and is the value exact?
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "scenarios/reader/decimal.hpp"
#include "tests/reader/fleet_fixture.hpp"

using namespace fixture;
using flotilla::reader::read;
using flotilla::reader::write_flow;

namespace {

std::int64_t integer(const std::string& text) { return read<std::int64_t>(yaml(text).root()); }
double number(const std::string& text) { return read<double>(yaml(text).root()); }
bool is_refused(const std::string& text) {
  return error_from([&] { integer(text); }) != "no error";
}

}  // namespace

TEST_CASE("an integer may be written with underscores, an exponent or a zero fraction") {
  CHECK(integer("20000") == 20000);
  CHECK(integer("20_000") == 20000);
  CHECK(integer("2e4") == 20000);
  CHECK(integer("2E+4") == 20000);
  CHECK(integer("2.5e3") == 2500);
  CHECK(integer("20000.0") == 20000);
  CHECK(integer("200e-1") == 20);
  CHECK(integer("-5") == -5);
  CHECK(integer("+5") == 5);
  CHECK(integer("0") == 0);
  CHECK(integer("-0") == 0);
  CHECK(integer("007") == 7);
}

TEST_CASE("integers are exact up to the last of 64 bits") {
  CHECK(integer("9223372036854775807") == INT64_MAX);
  CHECK(integer("-9223372036854775808") == INT64_MIN);
  CHECK(integer("9007199254740993") == 9007199254740993);  // 2^53 + 1: no double holds it
  CHECK(integer("9.223372036854775807e18") == INT64_MAX);
  CHECK(is_refused("9223372036854775808"));
  CHECK(is_refused("1e19"));
  CHECK(is_refused("1e999999999999"));
  CHECK(is_refused("1" + std::string(100'000, '0')));
}

TEST_CASE("what is no integer") {
  for (const std::string text : {"1.5", "1e-1", "0.1", "1__0", "_1", "1_", "1e", "0x10", "0o7", "1:30", "1 2", "--1",
                                 "+-1", "one", "true", "''", "1,0", "inf", "1e-999999999999"}) {
    CAPTURE(text);
    CHECK(is_refused(text));
  }
}

TEST_CASE("a number has a decimal point, an exponent, underscores") {
  CHECK(number("0.1") == 0.1);
  CHECK(number(".5") == 0.5);
  CHECK(number("5.") == 5);
  CHECK(number("1_000.5") == 1000.5);
  CHECK(number("1e-5") == 1e-5);
  CHECK(number("-2.5E3") == -2500);
  CHECK(number("1.7976931348623157e308") == 1.7976931348623157e308);
  CHECK(number("5e-324") == 5e-324);
  CHECK(std::signbit(number("-0.0")));
}

TEST_CASE("a number with thousands of digits is read to the nearest double") {
  CHECK(number("0." + std::string(5000, '3')) == 1.0 / 3);
  CHECK(number("1" + std::string(300, '0') + "e-300") == 1);
}

TEST_CASE("every finite double reads back to the same bits") {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    CAPTURE(value);
    REQUIRE(std::bit_cast<std::uint64_t>(number(write_flow(value))) == std::bit_cast<std::uint64_t>(value));
  }
}

TEST_CASE("doubles are written short") {
  CHECK(write_flow(0.1) == "0.1");
  CHECK(write_flow(1e6) == "1000000");
  CHECK(write_flow(-2.5) == "-2.5");
  CHECK(write_flow(1e30) == "1e30");
  CHECK(write_flow(1.25e-30) == "1.25e-30");
  CHECK(write_flow(0.0001) == "0.0001");
}

TEST_CASE("every integer reads back") {
  std::mt19937_64 random(13);
  for (int i = 0; i < 5000; ++i) {
    const auto value = static_cast<std::int64_t>(random() >> (random() % 64));
    REQUIRE(integer(write_flow(value)) == value);
  }
}

TEST_CASE("a decimal keeps its digits") {
  const auto decimal = flotilla::reader::parse_decimal("-0012.50e-3");
  REQUIRE(decimal.has_value());
  CHECK(decimal->negative);
  CHECK(decimal->digits == "1250");
  CHECK(decimal->exponent == -5);
  CHECK(flotilla::reader::to_text(*decimal) == "-0.01250");
  std::size_t used = 0;
  CHECK(flotilla::reader::parse_decimal_prefix("5EiB", used).has_value());
  CHECK(used == 1);
}
