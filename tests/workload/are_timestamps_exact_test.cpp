#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "sim/workload/trace/timestamp.hpp"

using namespace flotilla::sim;

namespace {

std::optional<std::int64_t> read(const std::string& text, TimeUnit unit = TimeUnit::kSeconds) {
  std::int64_t time = 0;
  if (parse_timestamp(text, unit, time) != nullptr) return std::nullopt;
  return time;
}

constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

TEST_CASE("dates are read to the nanosecond, in any zone") {
  CHECK(read("1970-01-01 00:00:00") == 0);
  CHECK(read("2023-11-16 18:17:03.9799600") == 1'700'158'623'979'960'000);
  CHECK(read("2024-05-10 00:00:00.009930+00:00") == 1'715'299'200'009'930'000);
  CHECK(read("2024-05-10T02:00:00.009930+02:00") == 1'715'299'200'009'930'000);
  CHECK(read("2024-05-09T18:30:00.00993-0530") == 1'715'299'200'009'930'000);
  CHECK(read("2024-05-10 00:00:00Z") == 1'715'299'200'000'000'000);
  CHECK(read("2024-05-10 00:00:00 UTC") == 1'715'299'200'000'000'000);
  CHECK(read("2024-02-29 00:00:00.123456789") == 1'709'164'800'123'456'789);
  CHECK(read("2024-02-29 00:00:00.1234567894999") == 1'709'164'800'123'456'789);
  CHECK(read("1970-01-01 00:59:59+01:00") == -kSecond);
}

TEST_CASE("dates that are none are refused") {
  for (const char* const bad :
       {"2023-02-29 00:00:00", "2023-13-01 00:00:00", "2023-00-10 00:00:00", "2023-11-16 24:00:00",
        "2023-11-16 18:60:00", "2023-11-16", "2023-11-16 18:17", "2023-11-16 18:17:03.", "2023-11-16 18:17:03.9x",
        "2023-11-16 18:17:03 CET", "2023-11-16 18:17:03+2", "2300-01-01 00:00:00", "1969-12-31 23:59:59",
        "2023-11-16x18:17:03"}) {
    CAPTURE(bad);
    CHECK_FALSE(read(bad));
  }
}

TEST_CASE("numbers are read exactly in each unit") {
  CHECK(read("17") == 17 * kSecond);
  CHECK(read("17.000000001") == 17 * kSecond + 1);
  CHECK(read("0.1") == 100'000'000);
  CHECK(read("0.30000000000000004") == 300'000'000);
  CHECK(read("0.99999999999") == kSecond);
  CHECK(read(".5") == kSecond / 2);
  CHECK(read("1e-05") == 10'000);
  CHECK(read("1.5E2") == 150 * kSecond);
  CHECK(read("1700158623979", TimeUnit::kMilliseconds) == 1'700'158'623'979'000'000);
  CHECK(read("1700158623979.25", TimeUnit::kMilliseconds) == 1'700'158'623'979'250'000);
  CHECK(read("1700158623979960", TimeUnit::kMicroseconds) == 1'700'158'623'979'960'000);
  CHECK(read("1700158623979960123", TimeUnit::kNanoseconds) == 1'700'158'623'979'960'123);
  CHECK(read("3.5", TimeUnit::kNanoseconds) == 4);
}

TEST_CASE("numbers that are no times are refused") {
  for (const char* const bad : {"", "-1", "-0.5", "nan", "inf", "null", "1,5", "12s", "1e400", "1e30",
                                "99999999999999999999", "9300000000", "0x10"}) {
    CAPTURE(bad);
    CHECK_FALSE(read(bad));
  }
}

TEST_CASE("an epoch shows its unit by its size") {
  CHECK(unit_by_size("0") == TimeUnit::kSeconds);
  CHECK(unit_by_size("1700158623.97") == TimeUnit::kSeconds);
  CHECK(unit_by_size("1700158623979") == TimeUnit::kMilliseconds);
  CHECK(unit_by_size("1700158623979960") == TimeUnit::kMicroseconds);
  CHECK(unit_by_size("1700158623979960123") == TimeUnit::kNanoseconds);
}
