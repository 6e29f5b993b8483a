#include "sim/workload/trace/timestamp.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace flotilla::sim {
namespace {

constexpr std::array<std::pair<TimeUnit, std::string_view>, 4> kUnits{{{TimeUnit::kSeconds, "s"},
                                                                       {TimeUnit::kMilliseconds, "ms"},
                                                                       {TimeUnit::kMicroseconds, "us"},
                                                                       {TimeUnit::kNanoseconds, "ns"}}};
constexpr std::int64_t kPerSecond = 1'000'000'000;
constexpr std::int64_t kLatest = 9'100'000'000 * kPerSecond;  // so that differences of times fit into 64 bits
constexpr const char* kNotATime = "is neither a number nor a date and time";

constexpr int decimals_of(TimeUnit unit) { return 9 - 3 * static_cast<int>(unit); }

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes exactly `count` digits at `p`.
bool take_number(const char*& p, const char* end, int count, int& value) {
  if (end - p < count) return false;
  value = 0;
  for (int i = 0; i < count; ++i, ++p) {
    if (!is_digit(*p)) return false;
    value = value * 10 + (*p - '0');
  }
  return true;
}

bool take(const char*& p, const char* end, char c) {
  if (p == end || *p != c) return false;
  ++p;
  return true;
}

/// The digits after a point, as so many of 10^-decimals; further digits are rounded.
std::int64_t take_fraction(const char*& p, const char* end, int decimals) {
  std::int64_t value = 0;
  int taken = 0;
  for (; p != end && is_digit(*p) && taken < decimals; ++p, ++taken) value = value * 10 + (*p - '0');
  value *= power_of_ten(decimals - taken);
  if (p != end && is_digit(*p) && *p >= '5') ++value;
  while (p != end && is_digit(*p)) ++p;
  return value;
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}
static_assert(days_from_civil(1970, 1, 1) == 0 && days_from_civil(2000, 3, 1) == 11017);

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month) - 1];
}

/// "", "Z", " UTC", "+01:00", "-0530", "+02": seconds east of Greenwich.
bool take_zone(const char*& p, const char* end, int& offset) {
  offset = 0;
  if (p == end || take(p, end, 'Z')) return true;
  if (std::string_view(p, static_cast<std::size_t>(end - p)) == " UTC") {
    p = end;
    return true;
  }
  const bool west = *p == '-';
  if (!west && *p != '+') return false;
  ++p;
  int hours = 0;
  int minutes = 0;
  if (!take_number(p, end, 2, hours)) return false;
  take(p, end, ':');
  if (p != end && !take_number(p, end, 2, minutes)) return false;
  offset = (west ? -60 : 60) * (hours * 60 + minutes);
  return hours < 24 && minutes < 60;
}

const char* parse_date_and_time(std::string_view text, std::int64_t& nanoseconds) {
  const char* p = text.data();
  const char* const end = p + text.size();
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool date = take_number(p, end, 4, year) && take(p, end, '-') && take_number(p, end, 2, month) &&
                    take(p, end, '-') && take_number(p, end, 2, day) && (take(p, end, ' ') || take(p, end, 'T'));
  const bool time = date && take_number(p, end, 2, hour) && take(p, end, ':') && take_number(p, end, 2, minute) &&
                    take(p, end, ':') && take_number(p, end, 2, second);
  if (!time) return kNotATime;
  std::int64_t fraction = 0;
  if (take(p, end, '.')) {
    if (p == end || !is_digit(*p)) return "has no digits after the point";
    fraction = take_fraction(p, end, 9);
  }
  int offset = 0;
  if (!take_zone(p, end, offset) || p != end) return "has a time zone that is not Z or +hh:mm";
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return "is no date of the calendar";
  if (hour > 23 || minute > 59 || second > 60) return "is no time of day";
  if (year < 1970 || year > 2250) return "lies outside the years 1970 to 2250";
  const std::int64_t days = days_from_civil(year, month, day);
  nanoseconds = ((days * 24 + hour) * 3600 + minute * 60 + second - offset) * kPerSecond + fraction;
  return nullptr;
}

const char* parse_by_double(std::string_view text, TimeUnit unit, std::int64_t& nanoseconds) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return kNotATime;
  value *= static_cast<double>(power_of_ten(decimals_of(unit)));
  if (std::abs(value) > static_cast<double>(kLatest)) return "is too large for a time";
  nanoseconds = std::llround(value);
  return nullptr;
}

const char* parse_number(std::string_view text, TimeUnit unit, std::int64_t& nanoseconds) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const int decimals = decimals_of(unit);
  const std::int64_t scale = power_of_ten(decimals);
  std::int64_t whole = 0;
  const auto [after, error] = std::from_chars(p, end, whole);
  if (error == std::errc::result_out_of_range) return "is too large for a time";
  if (error != std::errc{}) return text.front() == '.' ? parse_by_double(text, unit, nanoseconds) : kNotATime;
  p = after;
  if (whole > kLatest / scale) return "is too large for a time";
  if (whole < 0 || *text.data() == '-') return "is negative";
  nanoseconds = whole * scale;
  if (take(p, end, '.')) nanoseconds += take_fraction(p, end, decimals);
  return p == end ? nullptr : parse_by_double(text, unit, nanoseconds);
}

}  // namespace

std::span<const std::pair<TimeUnit, std::string_view>> enum_names(TimeUnit) { return kUnits; }

std::string_view to_text(TimeUnit unit) { return kUnits[static_cast<std::size_t>(unit)].second; }

const char* parse_timestamp(std::string_view text, TimeUnit unit, std::int64_t& nanoseconds) {
  if (text.size() > 10 && text[4] == '-' && text[7] == '-') return parse_date_and_time(text, nanoseconds);
  return text.empty() ? "is missing" : parse_number(text, unit, nanoseconds);
}

TimeUnit unit_by_size(std::string_view number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  if (value >= 1e17) return TimeUnit::kNanoseconds;
  if (value >= 1e14) return TimeUnit::kMicroseconds;
  if (value >= 1e11) return TimeUnit::kMilliseconds;
  return TimeUnit::kSeconds;
}

}  // namespace flotilla::sim
