// Is a quantity read to the nearest double, and written so that the same bits come back?
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "scenarios/reader/units.hpp"

using namespace flotilla;

namespace {

/// Bits of the value after writing and reading.
template <class Q>
bool survives(Q (*parse)(std::string_view), double value) {
  const Q back = parse(to_text(Q(value)));
  return std::bit_cast<std::uint64_t>(back.value()) == std::bit_cast<std::uint64_t>(value);
}

bool survives_in_every_unit(double value) {
  return survives(parse_seconds, value) && survives(parse_bytes, value) && survives(parse_bytes_per_second, value) &&
         survives(parse_flops, value) && survives(parse_flops_per_second, value) && survives(parse_watts, value);
}

template <class Action>
std::string problem(Action action) {
  try {
    action();
  } catch (const UnitError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("times") {
  CHECK(parse_seconds("20ms") == Seconds(0.02));
  CHECK(parse_seconds("2us") == Seconds(2e-6));
  CHECK(parse_seconds("2\xC2\xB5s") == Seconds(2e-6));
  CHECK(parse_seconds("7ns") == Seconds(7e-9));
  CHECK(parse_seconds("1.5h") == Seconds(5400));
  CHECK(parse_seconds("10min") == Seconds(600));
  CHECK(parse_seconds("1d") == Seconds(86400));
  CHECK(parse_seconds("30 s") == Seconds(30));
}

TEST_CASE("bytes and bits") {
  CHECK(parse_bytes("80GB") == Bytes(80e9));
  CHECK(parse_bytes("80GiB") == Bytes(85899345920.0));
  CHECK(parse_bytes("8Gb") == Bytes(1e9));
  CHECK(parse_bytes("16KiB") == Bytes(16384));
  CHECK(parse_bytes("1kB") == parse_bytes("1KB"));
  CHECK(parse_bytes("5EB") == Bytes(5e18));
  CHECK(parse_bytes("5e3EB") == Bytes(5e21));
}

TEST_CASE("bandwidths in bytes and bits") {
  CHECK(parse_bytes_per_second("450GBps") == BytesPerSecond(450e9));
  CHECK(parse_bytes_per_second("400Gbps") == BytesPerSecond(50e9));
  CHECK(parse_bytes_per_second("400Gbit/s") == BytesPerSecond(50e9));
  CHECK(parse_bytes_per_second("3.35TB/s") == BytesPerSecond(3.35e12));
}

TEST_CASE("operations and power") {
  CHECK(parse_flops_per_second("1979TF") == FlopsPerSecond(1979e12));
  CHECK(parse_flops_per_second("1.979PFLOPS") == FlopsPerSecond(1979e12));
  CHECK(parse_flops_per_second("989Tf") == FlopsPerSecond(989e12));
  CHECK(parse_flops("140GFLOP") == Flops(140e9));
  CHECK(parse_watts("700W") == Watts(700));
  CHECK(parse_watts("10.2kW") == Watts(10200));
}

TEST_CASE("zero needs no unit") {
  CHECK(parse_seconds("0") == Seconds(0));
  CHECK(parse_bytes("0.0") == Bytes(0));
}

TEST_CASE("a decimal is rounded once, not once per factor") {
  CHECK(parse_seconds("0.1ms").value() == 1e-4);  // 0.1 * 1e-3 is another double
  CHECK(parse_seconds("1.1us").value() == 1.1e-6);
  CHECK(parse_seconds("0.3ns").value() == 0.3e-9);
  CHECK(parse_bytes_per_second("3.3Gbps").value() == 3.3e9 / 8);
}

TEST_CASE("the unit that reads best is chosen") {
  CHECK(to_text(Seconds(0.02)) == "20ms");
  CHECK(to_text(Seconds(1)) == "1s");
  CHECK(to_text(Seconds(60)) == "60s");
  CHECK(to_text(Seconds(600)) == "600s");
  CHECK(to_text(Seconds(3600)) == "1h");
  CHECK(to_text(Seconds(86400)) == "1d");
  CHECK(to_text(Seconds(2e-6)) == "2us");
  CHECK(to_text(Seconds(0)) == "0s");
  CHECK(to_text(Bytes(80e9)) == "80GB");
  CHECK(to_text(Bytes(85899345920.0)) == "80GiB");
  CHECK(to_text(Bytes(16384)) == "16KiB");
  CHECK(to_text(Bytes(1)) == "1B");
  CHECK(to_text(BytesPerSecond(450e9)) == "450GBps");
  CHECK(to_text(BytesPerSecond(3.35e12)) == "3.35TBps");
  CHECK(to_text(FlopsPerSecond(1979e12)) == "1979TF");
  CHECK(to_text(Watts(700)) == "700W");
}

TEST_CASE("every double survives, whatever its unit") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(-300, 290);
  for (int i = 0; i < 3000; ++i) {
    const double any = std::bit_cast<double>(random());
    const double scaled = std::pow(10.0, exponent(random)) * static_cast<double>(random() % 1000);
    const double round = static_cast<double>(random() % 100000) * (i % 2 == 0 ? 1e-6 : 1e9);
    for (const double value : {any, scaled, -scaled, round}) {
      CAPTURE(value);
      if (std::isfinite(value)) REQUIRE(survives_in_every_unit(value));
    }
  }
}

TEST_CASE("the edges of a double survive") {
  for (const double value :
       {0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, 1.0 / 3, 0.1}) {
    CAPTURE(value);
    CHECK(survives_in_every_unit(value));
  }
}

TEST_CASE("mistakes say what is wrong and what would be right") {
  CHECK(problem([] { parse_seconds("30"); }) == "'30' has no unit; a time needs a unit: 30s, 20ms, 10min");
  CHECK(problem([] { parse_seconds(""); }) == "'' is not a time; for example 30s, 20ms, 10min");
  CHECK(problem([] { parse_seconds("soon"); }) == "'soon' is not a time; for example 30s, 20ms, 10min");
  CHECK(problem([] { parse_seconds("20MS"); }) == "'20MS': there is no unit 'MS'; did you mean '20ms'?");
  CHECK(problem([] { parse_bytes("1s"); }) ==
        "'1s' is a time, an amount of bytes is expected; for example 80GiB, 180GB, 512MiB");
  CHECK(problem([] { parse_watts("7x"); }) == "'7x': 'x' is not a unit of power; for example 700W, 10.2kW");
  CHECK(problem([] { parse_flops_per_second("1.2.3TF"); }).find("is not a unit of operations per second") !=
        std::string::npos);
  CHECK(problem([] { parse_bytes("1e400GB"); }) == "'1e400GB' is beyond what a number can hold");
  CHECK(problem([] { parse_bytes("1e308EB"); }) == "'1e308EB' is beyond what a number can hold");
  CHECK(problem([] { parse_seconds("nan s"); }).find("is not a time") != std::string::npos);
  CHECK(problem([] { parse_seconds("inf"); }).find("is not a time") != std::string::npos);
}

TEST_CASE("arithmetic stays inside the dimension") {
  CHECK(Seconds(1) + Seconds(2) == Seconds(3));
  CHECK(2.0 * Bytes(3) - Bytes(1) == Bytes(5));
  CHECK(Bytes(6) / Bytes(3) == 2.0);
  CHECK(Bytes(100e9) / BytesPerSecond(50e9) == Seconds(2));
  CHECK(Flops(10) / FlopsPerSecond(5) == Seconds(2));
  CHECK(Seconds(1) < Seconds(2));
}
