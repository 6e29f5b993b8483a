// Points in time as traces write them, to the nanosecond: an epoch in a double would lose its microseconds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace flotilla::sim {

enum class TimeUnit { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };
std::span<const std::pair<TimeUnit, std::string_view>> enum_names(TimeUnit);
std::string_view to_text(TimeUnit unit);

/// Reads "2023-11-16 18:17:03.9799600", "2024-05-10T00:00:00.009930+00:00" (no zone = UTC), or a number of `unit`s such
/// as "17.25", "1700158623979" or "1.5e-3". The result is in nanoseconds since the epoch, or since the trace's own
/// zero. Digits beyond the ninth after the point are rounded. Returns nullptr on success, else what is wrong.
const char* parse_timestamp(std::string_view text, TimeUnit unit, std::int64_t& nanoseconds);

/// The unit in which this number is a date between 1973 and 5138, for numbers too large to be seconds; else seconds.
TimeUnit unit_by_size(std::string_view number);

}  // namespace flotilla::sim
